"""Relaxed reflect-reflect for random maps."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.core import register, setting

from ._projections import RangeProjections


@register(
    "rrr-random",
    task="random",
    cite="Elser, Lan, Bendory, SIAM J. Imaging Sci. 11 (2018) 2429, doi:10.1137/18M1170364",
    tags=("classical",),
)
@dataclass(frozen=True)
class RelaxedReflectReflectRandom(RangeProjections):
    """``z + beta (P_A(2 P_M z - z) - P_M z)``: a search that comes to rest only where an object explains all moduli."""

    beta: float = setting(0.5, valid="(0, 2)", range=(0.2, 1.0), doc="step length")

    @property
    def coefficients(self) -> tuple[float, float, float, float]:
        """See :class:`RangeProjections`."""
        return 1.0, -self.beta, self.beta, 2.0
