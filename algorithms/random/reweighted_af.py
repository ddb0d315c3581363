"""Reweighted amplitude flow: rows count by how likely their sign is right."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, sqrt, where
from prbench.core import register, setting
from prbench.tasks.random import RandomLinear

from ._flow import TINY, Flow, GradientFlow


@pointwise
def reweighted_misfit(z: Array, amplitude: Array, beta: float, one: float, tiny: float) -> Array:
    """``w (z - amplitude z/|z|)`` with ``w = 1 / (1 + beta amplitude/|z|)``; 0 where the amplitude is negative."""
    modulus = sqrt(abs2(z) + tiny)
    return z * where(amplitude < 0, one - one, (modulus - amplitude) / (modulus + beta * amplitude))


@register(
    "reweighted-af",
    task="random",
    cite="Wang, Giannakis, Saad, Chen, IEEE Trans. Signal Process. 66 (2018) 2818, doi:10.1109/TSP.2018.2818077",
    tags=("classical",),
)
@dataclass(frozen=True)
class ReweightedAmplitudeFlow(GradientFlow):
    """Amplitude flow with weights ``1 / (1 + beta sqrt(Y)/|a x|)``, small where ``|a x|`` is far below what was measured."""

    beta: float = setting(1.0, valid="[0, 1000]", range=(0.5, 10), log=True, doc="strength of the weights; 0 is amplitude flow")
    step_length: float = setting(1.5, valid="(0, 100]", range=(0.5, 4), doc="in units of the inverse mean eigenvalue of A* A")

    def weigh(self, y: RandomLinear, z: Array, state: Flow) -> Array:  # noqa: ARG002 - the contract
        """See the class."""
        return reweighted_misfit(z, y.amplitude, self.beta, 1.0, TINY[y.backend.precision], out=z)

    def length(self, y: RandomLinear, state: Flow) -> float:  # noqa: ARG002 - the contract
        """Constant: the setting, or what is stable where the mean weight is that of rows off by half."""
        return min(self.step_length, 1.9 * (1 + self.beta / 2) * y.power / y.largest_eigenvalue)
