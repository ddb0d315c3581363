"""The task random."""

from .measurement import RandomLinear

__all__ = ["RandomLinear"]
