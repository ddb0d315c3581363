"""Plug-and-play in the near field: steps of a descent on the misfit and a denoiser in turn."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from prbench.backend import Array, Backend
from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.near_field import NearField

from ..denoising import DENOISERS, Fields, denoiser_size, located_weights
from ..networks.dncnn_weights import FILE
from ._amplitudes import AmplitudeMisfit
from ._descent import PhaseDescent, advance, begin
from ._maps import first_maps, preconditioner, within_ranges
from .ctf import ContrastTransferFunction

_CLEAN = 5e-3
"""Error of an amplitude where the dose is not known; with less the slow waves of a phase are not found in time."""

_LEFT = 3.0
"""Sigma in the end over the noise of an amplitude, by which total variation weighs as much as in ``least-variation``."""

_RARE = 0.01
"""Part of the values at either end that tell nothing of a map's range."""


@dataclass
class DenoisedDescent:
    """Where the search stands.

    Attributes:
        descent: on the misfit and the distance from ``clean``.
        clean: the maps denoised last, (1 or 2, H, W).
        lag: by how much the descent has exceeded them so far, of their shape.
        span: range of the phase, radians.
        steps: taken.
    """

    descent: PhaseDescent
    clean: Array
    lag: Array
    span: float
    steps: int = 0


@register(
    "pnp-near-field",
    task="near-field",
    cite="Venkatakrishnan, Bouman, Wohlberg, GlobalSIP 2013, doi:10.1109/GlobalSIP.2013.6737048; "
    "Zhang, Zuo, Gu, Zhang, CVPR 2017, arXiv:1704.03264; "
    "Metzler, Schniter, Veeraraghavan, Baraniuk, ICML 2018, arXiv:1803.00212; "
    "Beck, Teboulle, IEEE Trans. Image Process. 18 (2009) 2419, doi:10.1109/TIP.2009.2028250; "
    "Zhang, Zuo, Chen, Meng, Zhang, IEEE Trans. Image Process. 26 (2017) 3142, doi:10.1109/TIP.2017.2662206; "
    "Liu, Nocedal, Math. Program. 45 (1989) 503, doi:10.1007/BF01589116",
    tags=("classical", "files"),
)
@dataclass(frozen=True)
class PlugAndPlayNearField(IterativeSolver[NearField, DenoisedDescent]):
    """``x <- argmin sum (|u| - sqrt(I))^2 + (s/sigma)^2 |x - z + v|^2``, ``z <- D(x + v, sigma)``, ``v <- v + x - z`` in turn.

    The alternating direction method of multipliers with a denoiser D in the place of a proximal map: u is the wave at the
    detector, s the noise of an amplitude, sigma the noise that D is told, which falls geometrically. x is approached by a few
    steps of the descent of ``least-variation``, preconditioned alike, from the linear model's answer; z is held to the known
    ranges and is the answer. ``tv`` is total variation, ``dncnn`` prDeep's published networks (``prbench data get pnp``), which
    see each map between its ends as a picture. A Fourier-Born measurement is propagated by Fresnel's transfer function.
    """

    denoiser: Literal["tv", "dncnn"] = setting("tv", doc="total variation, or the published network for photographs")
    iterations: int = setting(240, valid="[1, inf)", range=(100, 1000), log=True, doc="steps of the descent, of four FFTs")
    inner_steps: int = setting(3, valid="[1, inf)", range=(2, 20), doc="steps between two denoisings")
    noise_start: float = setting(0.5, valid="(0, 10]", range=(0.1, 1), log=True, doc="sigma at first, over the phase's range")
    noise_end: float | None = setting(
        None, valid="(0, 10]", range=(0.001, 0.1), log=True, doc="sigma in the end, over the phase's range; none: by the noise"
    )

    example: ClassVar[dict[str, object]] = {"iterations": 60}
    parts: ClassVar[tuple[type[Any], ...]] = (ContrastTransferFunction,)
    files: ClassVar[tuple[DataFile, ...]] = (FILE,)
    """The weights of the network, which ``prbench data get`` makes."""

    def prepare(self, backend: Backend, rng: Rng) -> None:  # noqa: ARG002 - the contract
        """Read the weights."""
        if self.denoiser == "dncnn":
            located_weights(self.plugin_name)

    def network_size(self, y: NearField) -> tuple[int, int] | None:
        """Of the denoiser's network, over the frame."""
        return denoiser_size(self.denoiser, y.shape)

    def total_iterations(self, y: NearField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def init(self, y: NearField, rng: Rng) -> DenoisedDescent:
        """The linear model's answer."""
        x = first_maps(y, rng)
        low, high = _ends(y, x[0], y.phase_range)
        state = DenoisedDescent(None, x, y.backend.xp.zeros_like(x), high - low)  # type: ignore[arg-type]
        state.descent = begin(x, *self._functions(y, state))
        return state

    def step(self, y: NearField, state: DenoisedDescent) -> DenoisedDescent:
        """One point tried; after some of them, the denoiser."""
        advance(state.descent, *self._functions(y, state))
        state.steps += 1
        if state.steps % self.inner_steps == 0 or state.steps == self.iterations:
            sigma = self._sigma(y, state, state.steps - 1)
            x = state.descent.x
            state.clean = within_ranges(y, self._denoised(y, x + state.lag, sigma))
            state.lag = (state.lag + x - state.clean) * (self._sigma(y, state, state.steps) / sigma) ** 2
            state.descent = begin(x, *self._functions(y, state))
        return state

    def _sigma(self, y: NearField, state: DenoisedDescent, steps: int) -> float:
        """What the denoiser is told after some steps, radians."""
        end = _LEFT * _noise(y) / state.span if self.noise_end is None else self.noise_end
        progress = min(1.0, steps // self.inner_steps / max(1, self.iterations // self.inner_steps - 1))
        fall: float = (min(end, self.noise_start) / self.noise_start) ** progress
        return state.span * self.noise_start * fall

    def _functions(self, y: NearField, state: DenoisedDescent) -> tuple[Any, Any]:
        misfit, weight = AmplitudeMisfit(y, None), (_noise(y) / self._sigma(y, state, state.steps)) ** 2

        def objective(x: Array) -> tuple[float, Array]:
            value, gradient = misfit(x)
            gap = x - state.clean + state.lag
            return value + weight * float(y.backend.xp.sum(gap * gap)), gradient + 2 * weight * gap

        return objective, preconditioner(y, 2 * weight)

    def _denoised(self, y: NearField, x: Array, sigma: float) -> Array:
        """Each map between its ends as a picture, denoised."""
        xp = y.backend.xp
        fields = Fields(y.backend, y.counters, 0.5, real=True, nonnegative=True)
        everywhere = xp.ones_like(x[:1], dtype=xp.bool)
        maps = []
        for number, one in enumerate(x):
            low, high = _ends(y, one, y.phase_range if number == 0 else None)
            clean = DENOISERS[self.denoiser](fields, ((one - low) / (high - low))[None], everywhere, sigma / (high - low))
            maps.append(low + (high - low) * clean[0])
        return xp.stack(maps)

    def estimate(self, y: NearField, state: DenoisedDescent) -> Reconstruction:
        """The maps denoised last."""
        xp = y.backend.xp
        logarithm = AmplitudeMisfit(y, None).logarithm(state.clean)
        transmission = None if logarithm is None else xp.exp(logarithm)
        return Reconstruction(phase=xp.asarray(state.clean[0], copy=True), transmission=transmission)

    def residual(self, y: NearField, state: DenoisedDescent) -> float:
        """Relative misfit of the intensity that the estimate explains."""
        return y.misfit(self.estimate(y, state))


def _noise(y: NearField) -> float:
    """Standard deviation of an amplitude: a count's is its root, so that of its root a half."""
    return _CLEAN if y.gain is None else 0.5 * math.sqrt(y.gain)


def _ends(y: NearField, one: Array, known: tuple[float, float] | None) -> tuple[float, float]:
    """Black and white of a map as a picture: its known range, or nearly all of its values."""
    if known is not None and all(math.isfinite(end) for end in known):
        return known
    low, high = (float(end) for end in np.quantile(y.backend.to_numpy(one), (_RARE, 1 - _RARE)))
    return low, max(high, low + 1e-3)
