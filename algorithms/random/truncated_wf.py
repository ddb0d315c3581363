"""Truncated Wirtinger flow: Poisson likelihood without the rows that pull too hard."""

from __future__ import annotations

import math
from dataclasses import dataclass

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, where
from prbench.core import register, setting
from prbench.tasks.random import RandomLinear

from ._flow import TINY, Flow, GradientFlow


@pointwise
def truncated_likelihood(
    z: Array, amplitude: Array, low_sq: float, high_sq: float, most: float, two: float, tiny: float
) -> Array:
    """``2 (|z|^2 - amplitude^2) / conj(z)`` for rows with ``|z|^2`` between the bounds and a misfit of at most ``most |z|``."""
    power = abs2(z) + tiny
    gap = power - amplitude * amplitude
    out = (amplitude < 0) | (power < low_sq) | (power > high_sq) | (gap * gap > most * most * power)
    return z * where(out, two - two, two * gap / power)


@pointwise
def misfit_size(z: Array, amplitude: Array, zero: float) -> Array:
    """``| |z|^2 - amplitude^2 |``, and 0 where the amplitude is negative; real."""
    gap = abs2(z) - amplitude * amplitude
    return where(amplitude < 0, zero, where(gap < 0, -gap, gap))


@register(
    "truncated-wf",
    task="random",
    cite="Chen, Candès, Commun. Pure Appl. Math. 70 (2017) 822, doi:10.1002/cpa.21638",
    tags=("classical",),
)
@dataclass(frozen=True)
class TruncatedWirtingerFlow(GradientFlow):
    """``r(z) = 2 (|z|^2 - Y) / conj(z)`` for rows with ``0.3 <= |a x| / |x| <= 5`` and a misfit that is not an outlier."""

    alpha_low: float = setting(0.3, valid="[0, inf)", range=(0.1, 0.5), doc="least modulus of a row that counts, in means")
    alpha_high: float = setting(5.0, valid="(0, inf)", range=(3, 8), doc="largest modulus of a row that counts, in means")
    alpha_misfit: float = setting(5.0, valid="(0, inf)", range=(3, 8), doc="largest misfit of a row that counts, in means")
    step_length: float = setting(0.2, valid="(0, 10]", range=(0.1, 0.6), doc="in units of the inverse mean eigenvalue of A* A")

    def weigh(self, y: RandomLinear, z: Array, state: Flow) -> Array:  # noqa: ARG002 - the contract
        """See the class; the object's norm is taken from the intensities, which tell it better than an early iterate."""
        unit_sq = y.amplitude_norm**2 / y.values
        most = self.alpha_misfit * misfit_size.total(z, y.amplitude, 0.0, over=z) / y.values / math.sqrt(unit_sq)
        low_sq, high_sq = self.alpha_low**2 * unit_sq, self.alpha_high**2 * unit_sq
        return truncated_likelihood(z, y.amplitude, low_sq, high_sq, most, 2.0, TINY[y.backend.precision], out=z)

    def length(self, y: RandomLinear, state: Flow) -> float:  # noqa: ARG002 - the contract
        """The same step length in every step."""
        return self.step_length
