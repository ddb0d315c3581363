"""The task deblur."""

from .measurement import BlurredImage

__all__ = ["BlurredImage"]
