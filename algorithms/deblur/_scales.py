"""What a blurred image tells of its own values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from prbench.tasks.deblur import BlurredImage

from ._noise import noise_level


@dataclass(frozen=True)
class Scales:
    """The sizes that weights are measured by.

    Attributes:
        least, most: of the blurred image.
        noise: its standard deviation, as told or estimated.
        roughness: mean absolute difference of neighbours, both directions added.
    """

    least: float
    most: float
    noise: float
    roughness: float

    @classmethod
    def of(cls, y: BlurredImage) -> Self:
        """Of a measurement on a torch backend."""
        noise = y.noise_sigma if y.noise_sigma is not None else noise_level(y)
        roughness = sum(float(y.image.diff(dim=axis).abs().mean()) for axis in (0, 1))
        return cls(float(y.image.min()), float(y.image.max()), noise, roughness)

    @property
    def span(self) -> float:
        """Range of the values; of an even image, their size."""
        return (self.most - self.least) or abs(self.most)
