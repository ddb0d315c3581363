"""The task off-axis."""

from .measurement import Hologram

__all__ = ["Hologram"]
