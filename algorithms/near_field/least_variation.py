"""The phase of least total variation that explains the intensity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.physics.free_pixels import free_pixel_islands
from prbench.tasks.near_field import NearField

from ._amplitudes import AmplitudeMisfit
from ._descent import PhaseDescent, advance, begin
from ._maps import first_maps, preconditioner, within_ranges
from .ctf import ContrastTransferFunction

_FIRST_WEIGHT, _LAST_WEIGHT, _RATIO = 0.3, 1e-4, 1 / 3
"""Weights tried where none is given: from the first, each a third of the one before, down to the last."""

_STEPS = 20
"""Steps at each weight that is tried."""

_TOLERANCE, _HOPELESS = 1.25, 1.4
"""The largest weight is taken that explains what was held out to within the first factor of the best, for errors of the model,
unlike noise, are shared by neighbours and tell too late; none is tried after one that is worse than the best by the second."""

_ROUNDING = 0.01
"""Radians under which a difference of neighbours counts by its square."""

_FLOOR = 1e-2
"""Of the preconditioner, whose largest value is 4: waves of the phase too slow to be seen at all are not sought."""


@dataclass
class VariationState:
    """Where the search stands.

    Attributes:
        descent: at the present weight.
        weight: of the variation.
        fitted: bool (H, W), the pixels in the misfit; None for all that were measured.
        held: bool (H, W), the pixels held out; None where the weight is settled.
        tried: weight, score on what was held out, and maps.
        steps: taken at the present weight.
    """

    descent: PhaseDescent
    weight: float
    fitted: Array | None
    held: Array | None
    tried: list[tuple[float, float, Array]] = field(default_factory=list)
    steps: int = 0


@register(
    "least-variation",
    task="near-field",
    cite=(
        "Rudin, Osher, Fatemi, Physica D 60 (1992) 259, doi:10.1016/0167-2789(92)90242-F; "
        "Liu, Nocedal, Math. Program. 45 (1989) 503, doi:10.1007/BF01589116"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class LeastVariation(IterativeSolver[NearField, VariationState]):
    """Minimises ``sum (|u| - sqrt(I))^2 + w (TV(phi) + TV(ln t))``, with a penalty beyond the known ranges, by a limited-memory
    quasi-Newton method from the linear model's answer.

    u is the wave at the detector without any linearisation, TV the total variation. What makes it quick is the first guess of
    the inverse Hessian, ``1 / (4 sin(chi)^2 + 0.01)`` up to the first maximum of the sine and constant beyond: slow waves of the
    phase hardly touch the intensity, and plain gradients find them last. Where the dose is known w follows from the noise; else
    one pixel in twenty is held out, w falls until these are explained worse, and all are fitted with the w that explained them.
    An object of one material has the ``ln t`` that its phase asks for. Of published parts, and not published as a whole. A
    Fourier-Born measurement is propagated by Fresnel's transfer function.
    """

    iterations: int = setting(240, valid="[1, inf)", range=(100, 1000), log=True, doc="steps, of four FFTs")
    weight: float | None = setting(
        None, valid="[0, inf)", range=(1e-5, 0.3), log=True, doc="w; none: by the noise, or by pixels held out"
    )
    noise_weight: float = setting(
        0.5, valid="[0, inf)", range=(0.1, 3), log=True, doc="w over the noise of an amplitude, where the dose is known"
    )
    penalty: float = setting(1.0, valid="[0, inf)", range=(0.1, 10), log=True, doc="of the square of what exceeds known ranges")

    example: ClassVar[dict[str, object]] = {"iterations": 60}
    parts: ClassVar[tuple[type[Any], ...]] = (ContrastTransferFunction,)

    def total_iterations(self, y: NearField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def init(self, y: NearField, rng: Rng) -> VariationState:
        """The linear model's answer: the phase and, where it is fitted too, ``ln t`` = 0."""
        x = first_maps(y, rng)
        weight, fitted, held = self.weight, None, None
        if weight is None and y.gain is not None:
            weight = self.noise_weight * 0.5 * math.sqrt(y.gain)
        if weight is None:
            weight = _FIRST_WEIGHT
            measured = np.ones(y.shape, bool) if y.mask is None else y.backend.to_numpy(y.mask)
            free = free_pixel_islands(measured, 0.05, rng, radius=0, exclude_centre=0.0)
            fitted, held = y.backend.asarray(measured & ~free), y.backend.asarray(free)
        return self._restarted(y, VariationState(None, weight, fitted, held), x)  # type: ignore[arg-type]

    def _restarted(self, y: NearField, state: VariationState, x: Array) -> VariationState:
        state.descent, state.steps = begin(x, *self._functions(y, state)), 0
        return state

    def step(self, y: NearField, state: VariationState) -> VariationState:
        """One point tried; now and then another weight."""
        if state.held is not None and (state.steps >= _STEPS or state.descent.stuck):
            self._next_weight(y, state)
        advance(state.descent, *self._functions(y, state))
        state.steps += 1
        return state

    def _next_weight(self, y: NearField, state: VariationState) -> None:
        """Score the present weight; go on to a smaller one, or settle for the best."""
        x = state.descent.x
        misfit = AmplitudeMisfit(y, None)
        gap = misfit.gap(misfit.wave_at_detector(x)[1])
        held = y.backend.xp.where(state.held, gap * gap, y.backend.xp.zeros_like(gap))
        state.tried.append((state.weight, math.sqrt(float(y.backend.xp.sum(held))), x))
        best = min(score for _, score, _ in state.tried)
        if state.tried[-1][1] <= _HOPELESS * best and state.weight * _RATIO >= _LAST_WEIGHT:
            state.weight *= _RATIO
        else:
            state.weight, _, x = next(entry for entry in state.tried if entry[1] <= _TOLERANCE * best)
            state.fitted = state.held = None
            state.tried.clear()
        self._restarted(y, state, x)

    def finished(self, y: NearField, state: VariationState) -> bool:  # noqa: ARG002 - the state alone tells
        """Whether nothing lowers the objective at the final weight."""
        return state.held is None and state.descent.stuck

    def _functions(self, y: NearField, state: VariationState) -> tuple[Any, Any]:
        misfit = AmplitudeMisfit(y, state.fitted)

        def objective(x: Array) -> tuple[float, Array]:
            value, gradient = misfit(x)
            rough, by_rough = _variation(x, y.backend.xp)
            beyond = x - within_ranges(y, x)
            value += state.weight * rough + self.penalty * float(y.backend.xp.sum(beyond * beyond))
            return value, gradient + state.weight * by_rough + 2 * self.penalty * beyond

        return objective, preconditioner(y, _FLOOR)

    def estimate(self, y: NearField, state: VariationState) -> Reconstruction:
        """The best point at the present weight."""
        xp = y.backend.xp
        x = state.descent.x
        logarithm = AmplitudeMisfit(y, None).logarithm(x)
        transmission = None if logarithm is None else xp.exp(logarithm)
        return Reconstruction(phase=xp.asarray(x[0], copy=True), transmission=transmission, aux={"variation": state.weight})

    def residual(self, y: NearField, state: VariationState) -> float:
        """Relative misfit of the intensity that the estimate explains."""
        return y.misfit(self.estimate(y, state))


def _variation(x: Array, xp: Any) -> tuple[float, Array]:
    """``sum sqrt(|grad|^2 + rounding^2)`` of maps (n, H, W), forward differences, and its derivative."""
    down, right = x[:, 1:, :-1] - x[:, :-1, :-1], x[:, :-1, 1:] - x[:, :-1, :-1]
    length = xp.sqrt(down * down + right * right + _ROUNDING**2)
    down, right = down / length, right / length
    gradient = xp.zeros_like(x)
    gradient[:, 1:, :-1] += down
    gradient[:, :-1, 1:] += right
    gradient[:, :-1, :-1] -= down + right
    return float(xp.sum(length)), gradient
