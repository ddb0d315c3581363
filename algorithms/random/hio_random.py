"""Hybrid input-output for random maps."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import register, setting

from ._projections import RangeProjections


@register(
    "hio-random",
    task="random",
    cite="Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758; "
    "Bauschke, Combettes, Luke, J. Opt. Soc. Am. A 19 (2002) 1334, doi:10.1364/JOSAA.19.001334",
    tags=("classical",),
)
@dataclass(frozen=True)
class HybridInputOutputRandom(RangeProjections):
    """The feedback of HIO with the range of the map instead of a support: what is no image of an object is pushed back."""

    beta: float = setting(0.9, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback")

    @property
    def coefficients(self) -> tuple[float, float, float, float]:
        """See :class:`RangeProjections`."""
        return 1.0, -self.beta, 1.0, 1.0 + self.beta
