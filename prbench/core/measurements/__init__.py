"""One measurement class a task."""

from .blurred_image import BlurredImage
from .far_field import FarField
from .hologram import Hologram
from .measurement import Measurement
from .near_field import NearField
from .random_linear import RandomLinear
from .speckle_stack import SpeckleStack

__all__ = ["BlurredImage", "FarField", "Hologram", "Measurement", "NearField", "RandomLinear", "SpeckleStack"]
