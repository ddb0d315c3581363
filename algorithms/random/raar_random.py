"""Relaxed averaged alternating reflections for random maps."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import register, setting

from ._projections import RangeProjections


@register(
    "raar-random",
    task="random",
    cite="Luke, Inverse Problems 21 (2005) 37, doi:10.1088/0266-5611/21/1/004",
    tags=("classical",),
)
@dataclass(frozen=True)
class RelaxedReflectionsRandom(RangeProjections):
    """A relaxation of Douglas-Rachford that stays near a least-squares solution when no object explains all moduli."""

    beta: float = setting(0.87, valid="(0, 1]", range=(0.5, 1.0), doc="relaxation; 1 is Douglas-Rachford")

    @property
    def coefficients(self) -> tuple[float, float, float, float]:
        """See :class:`RangeProjections`."""
        return self.beta, 1.0 - 2.0 * self.beta, self.beta, 2.0
