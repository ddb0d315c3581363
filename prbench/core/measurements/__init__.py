"""One measurement class a task."""

from .far_field import FarField
from .measurement import Measurement

__all__ = ["FarField", "Measurement"]
