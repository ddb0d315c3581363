"""Alternating projections between the measured modulus and what is known of the object."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.backend import Array
from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.tasks.near_field import NearField

from ._waves import phase_centre, within_range
from .ctf import ContrastTransferFunction


@dataclass
class WaveState:
    """Phase and modulus of the object on the grid that waves are propagated on."""

    phase: Array
    modulus: Array


@register(
    "gs",
    task="near-field",
    cite=(
        "Gerchberg, Saxton, Optik 35 (1972) 237; Latychevskaia, Fink, Phys. Rev. Lett. 98 (2007) 233901, "
        "doi:10.1103/PhysRevLett.98.233901"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class GerchbergSaxton(IterativeSolver[NearField, WaveState]):
    """At the detector the modulus becomes the measured one, within the frame and where it was measured; at the object, phase and
    modulus become what is known of them: a modulus of 1, within its range or at most 1, a phase within its range.

    A Fourier-Born measurement is propagated by Fresnel's transfer function. No phase beyond pi from the middle of the known range
    is found: the phase is that of a wave. Measured frames are fitted ever closer by what no model explains: few steps are best
    there.
    """

    iterations: int = setting(50, valid="[1, inf)", range=(10, 1000), log=True, doc="steps, of four FFTs")
    start: Literal["ctf", "empty"] = setting("empty", doc="from the linear model's answer, or from no object")
    absorption: bool = setting(True, doc="whether an object that may absorb is held to transmit no more than it is lit by")
    bounded: bool = setting(True, doc="whether phase and modulus are held within the ranges that are known")

    example: ClassVar[dict[str, object]] = {"iterations": 30}

    def total_iterations(self, y: NearField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def init(self, y: NearField, rng: Rng) -> WaveState:
        """The linear model's answer, or an empty beam."""
        xp = y.backend.xp
        phase = y.space.continued(xp.zeros_like(y.intensity))
        modulus = xp.ones_like(phase)
        if self.start == "ctf":
            result = ContrastTransferFunction(corrections=0).solve(y, rng)
            phase = y.space.continued(self._held(y, result.phase))
            if result.transmission is not None:
                modulus = y.space.continued(self._dimmed(y, result.transmission))
        return WaveState(phase, modulus)

    def step(self, y: NearField, state: WaveState) -> WaveState:
        """One projection on either side."""
        xp, near = y.backend.xp, y.padding
        there = y.to_detector(y.space.wave(state.phase, state.modulus))
        rows, columns = slice(near, near + y.shape[0]), slice(near, near + y.shape[1])
        seen = there[rows, columns]
        tiny = 1e-30
        updated = seen * (xp.sqrt(y.intensity) / (xp.abs(seen) + tiny))
        there[rows, columns] = updated if y.mask is None else xp.where(y.mask, updated, seen)
        back = y.to_object(there)
        centre = phase_centre(y)
        centred = back * complex(math.cos(centre), -math.sin(centre)) if centre else back
        state.phase = self._held(y, centre + xp.atan2(xp.imag(centred), xp.real(centred)))
        state.modulus = self._dimmed(y, xp.abs(back))
        return state

    def _held(self, y: NearField, phase: Array) -> Array:
        return within_range(y, phase) if self.bounded else phase

    def _dimmed(self, y: NearField, modulus: Array) -> Array:
        xp = y.backend.xp
        if y.pure_phase:
            return xp.ones_like(modulus)
        if y.amplitude_range is not None and self.bounded:
            low, high = y.amplitude_range
            return xp.clip(modulus, low, None if math.isinf(high) else high)
        return xp.clip(modulus, None, 1.0) if self.absorption else modulus

    def estimate(self, y: NearField, state: WaveState) -> Reconstruction:
        """Phase and modulus within the frame."""
        xp = y.backend.xp
        phase, modulus = (xp.asarray(y.space.cropped(array), copy=True) for array in (state.phase, state.modulus))
        return Reconstruction(phase=phase, transmission=None if y.pure_phase else modulus)

    def residual(self, y: NearField, state: WaveState) -> float:
        """Relative misfit of the intensity that the estimate explains."""
        return y.misfit(self.estimate(y, state))
