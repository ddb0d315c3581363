"""The task near-field."""

from .measurement import NearField

__all__ = ["NearField"]
