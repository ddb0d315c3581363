"""Truncated amplitude flow: only rows whose sign is likely right take part."""

from __future__ import annotations

from dataclasses import dataclass

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, sqrt, where
from prbench.core import register, setting
from prbench.tasks.random import RandomLinear

from ._flow import TINY, Flow, GradientFlow


@pointwise
def truncated_misfit(z: Array, amplitude: Array, least_sq: float, one: float, tiny: float) -> Array:
    """``z - amplitude z/|z|`` where ``|z|^2 >= least_sq amplitude^2``, else 0; 0 where the amplitude is negative."""
    out = (amplitude < 0) | (abs2(z) < least_sq * amplitude * amplitude)
    return z * where(out, one - one, one - amplitude / sqrt(abs2(z) + tiny))


@register(
    "truncated-af",
    task="random",
    cite="Wang, Giannakis, Eldar, IEEE Trans. Inf. Theory 64 (2018) 773, doi:10.1109/TIT.2017.2756858",
    tags=("classical",),
)
@dataclass(frozen=True)
class TruncatedAmplitudeFlow(GradientFlow):
    """Amplitude flow without the rows for which ``|a x|`` is below ``sqrt(Y) / (1 + gamma)``, whose phases mislead."""

    gamma: float = setting(0.7, valid="(0, 100]", range=(0.3, 2.0), doc="truncation; larger keeps more rows")
    step_length: float = setting(1.0, valid="(0, 10]", range=(0.3, 1.5), doc="in units of the inverse mean eigenvalue of A* A")

    def weigh(self, y: RandomLinear, z: Array, state: Flow) -> Array:  # noqa: ARG002 - the contract
        """See the class."""
        return truncated_misfit(z, y.amplitude, (1 + self.gamma) ** -2, 1.0, TINY[y.backend.precision], out=z)

    def length(self, y: RandomLinear, state: Flow) -> float:  # noqa: ARG002 - the contract
        """Constant: the setting, or what is stable whatever the phases."""
        return min(self.step_length, 1.9 * y.power / y.largest_eigenvalue)
