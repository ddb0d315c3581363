"""One measurement class a task."""

from .far_field import FarField
from .measurement import Measurement
from .random_linear import RandomLinear
from .speckle_stack import SpeckleStack

__all__ = ["FarField", "Measurement", "RandomLinear", "SpeckleStack"]
