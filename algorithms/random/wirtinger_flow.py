"""Wirtinger flow: gradient descent on the misfit of intensities."""

from __future__ import annotations

import math
from dataclasses import dataclass

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, where
from prbench.core import register, setting
from prbench.tasks.random import RandomLinear

from ._flow import Flow, GradientFlow


@pointwise
def intensity_misfit(z: Array, amplitude: Array, scale: float, zero: float) -> Array:
    """``scale (|z|^2 - amplitude^2) z``, and 0 where the amplitude is negative."""
    return z * where(amplitude < 0, zero, scale * (abs2(z) - amplitude * amplitude))


@register(
    "wirtinger-flow",
    task="random",
    cite="Candès, Li, Soltanolkotabi, IEEE Trans. Inf. Theory 61 (2015) 1985, doi:10.1109/TIT.2015.2399924",
    tags=("classical",),
)
@dataclass(frozen=True)
class WirtingerFlow(GradientFlow):
    """``r(z) = (|z|^2 - Y) z`` over the object's squared norm; the step grows as ``min(1 - exp(-k/330), longest)``."""

    iterations: int = setting(2500, valid="[1, inf)", range=(500, 5000), log=True, doc="steps at most; ends when x has settled")
    longest: float = setting(0.2, valid="(0, 10]", range=(0.1, 0.5), doc="longest step")
    rise: float = setting(330.0, valid="(0, inf)", range=(50, 1000), log=True, doc="steps in which the step's length grows")

    def weigh(self, y: RandomLinear, z: Array, state: Flow) -> Array:  # noqa: ARG002 - the contract
        """See the class."""
        # Rows of unit variance times the object's squared norm: the mean intensity.
        mean = y.amplitude_norm**2 / y.values
        return intensity_misfit(z, y.amplitude, 1.0 / mean, 0.0, out=z)

    def length(self, y: RandomLinear, state: Flow) -> float:  # noqa: ARG002 - the contract
        """Grows from 0 to the longest."""
        return min(1 - math.exp(-(state.steps + 1) / self.rise), self.longest)
