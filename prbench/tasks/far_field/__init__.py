"""The task far-field."""

from .measurement import FarField

__all__ = ["FarField"]
