"""The task speckle."""

from .measurement import SpeckleStack

__all__ = ["SpeckleStack"]
