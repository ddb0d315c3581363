"""Amplitude flow: gradient descent on the misfit of moduli."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, sqrt, where
from prbench.core import register, setting
from prbench.tasks.random import RandomLinear

from ._flow import TINY, Flow, GradientFlow


@pointwise
def modulus_misfit(z: Array, amplitude: Array, one: float, tiny: float) -> Array:
    """``z - amplitude z/|z|``, and 0 where the amplitude is negative, which stands for unmeasured."""
    return z * where(amplitude < 0, one - one, one - amplitude / sqrt(abs2(z) + tiny))


@register(
    "amplitude-flow",
    task="random",
    cite="Zhang, Zhou, Liang, Chi, J. Mach. Learn. Res. 18 (2017) 5164, arXiv:1605.07719",
    tags=("classical",),
)
@dataclass(frozen=True)
class AmplitudeFlow(GradientFlow):
    """``r(z) = z - sqrt(Y) z/|z|``: the gradient of half the squared misfit of moduli (reshaped Wirtinger flow)."""

    step_length: float = setting(0.8, valid="(0, 10]", range=(0.3, 1.5), doc="in units of the inverse mean eigenvalue of A* A")

    def weigh(self, y: RandomLinear, z: Array, state: Flow) -> Array:  # noqa: ARG002 - the contract
        """See the class."""
        return modulus_misfit(z, y.amplitude, 1.0, TINY[y.backend.precision], out=z)

    def length(self, y: RandomLinear, state: Flow) -> float:  # noqa: ARG002 - the contract
        """Constant: the setting, or what is stable whatever the phases."""
        return min(self.step_length, 1.9 * y.power / y.largest_eigenvalue)
