"""Alternating projections between the measured moduli and the range of the map."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, sqrt, where
from prbench.core import register
from prbench.tasks.random import RandomLinear

from ._flow import TINY, Flow, FromSpectralStart


@pointwise
def measured_modulus(z: Array, amplitude: Array, one: float, tiny: float) -> Array:
    """``amplitude z/|z|``, and z itself where the amplitude is negative, which stands for unmeasured."""
    return z * where(amplitude < 0, one, amplitude / sqrt(abs2(z) + tiny))


@register(
    "gs-random",
    task="random",
    cite="Gerchberg, Saxton, Optik 35 (1972) 237; Waldspurger, IEEE Trans. Inf. Theory 64 (2018) 3301, "
    "doi:10.1109/TIT.2018.2800663",
    tags=("classical",),
)
@dataclass(frozen=True)
class GerchbergSaxtonRandom(FromSpectralStart):
    """``x <- A^+ (sqrt(Y) A x/|A x|)``: the moduli replaced, then the least-squares object of what results."""

    def move(self, y: RandomLinear, state: Flow) -> Array:
        """One round of both projections."""
        z = y.apply(state.x)
        return y.least_squares(measured_modulus(z, y.amplitude, 1.0, TINY[y.backend.precision], out=z))
