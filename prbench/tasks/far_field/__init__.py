"""The task far-field."""

from .measurement import UNIFORM_MAGNITUDE, FarField

__all__ = ["UNIFORM_MAGNITUDE", "FarField"]
