"""Plug-and-play for random maps: a denoiser after each gradient step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from prbench.backend import Array, Backend
from prbench.core import Rng, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.random import RandomLinear

from ..denoising import DENOISERS, Fields, denoiser_size, located_weights
from ..networks.dncnn_weights import FILE
from ._flow import Flow
from .amplitude_flow import AmplitudeFlow

_LEFT = 0.6
"""Noise told in the end where there is shot noise, over that which it leaves in the object; chosen on the split ``tune``."""

_CLEAN_END = 0.002
"""The same where there is none, over the root mean square of the object."""

_EXPLAINED = 0.01
"""Relative misfit of moduli below which there is hardly any noise."""


@dataclass(eq=False)
class DenoisedFlow(Flow):
    """Objects between denoised steps, and whether steps without the denoiser may follow.

    Attributes:
        explains: whether the object denoised last explains the moduli.
    """

    explains: bool = False


@register(
    "pnp-random",
    task="random",
    cite="Venkatakrishnan, Bouman, Wohlberg, GlobalSIP 2013, doi:10.1109/GlobalSIP.2013.6737048; "
    "Romano, Elad, Milanfar, SIAM J. Imaging Sci. 10 (2017) 1804, doi:10.1137/16M1102884; "
    "Metzler, Schniter, Veeraraghavan, Baraniuk, ICML 2018, arXiv:1803.00212; "
    "Zhang, Zhou, Liang, Chi, J. Mach. Learn. Res. 18 (2017) 5164, arXiv:1605.07719; "
    "Beck, Teboulle, IEEE Trans. Image Process. 18 (2009) 2419, doi:10.1109/TIP.2009.2028250; "
    "Zhang, Zuo, Chen, Meng, Zhang, IEEE Trans. Image Process. 26 (2017) 3142, doi:10.1109/TIP.2017.2662206",
    tags=("classical", "files"),
)
@dataclass(frozen=True)
class PlugAndPlayRandom(AmplitudeFlow):
    """``x <- D(x - A* (A x - sqrt(Y) A x/|A x|) / power)``: amplitude flow, each step of which ends with a denoiser D.

    The noise that the denoiser is told falls geometrically, to a part of what shot noise leaves in the object. With ``trust``
    below 1 a part of what it is given is kept, which is the step of regularisation by denoising, lambda = trust/(1 - trust).
    ``tv`` is total variation, ``dncnn`` prDeep's published networks (``prbench data get pnp``). Where the denoised object
    explains the moduli but for a hundredth, steps of amplitude flow alone follow: there is hardly any noise. Images only.
    """

    denoiser: Literal["tv", "dncnn"] = setting("tv", doc="total variation, or the published network for photographs")
    iterations: int = setting(800, valid="[1, inf)", range=(100, 2000), log=True, doc="steps")
    plain_steps: int = setting(
        1200, valid="[0, inf)", range=(100, 2000), log=True, doc="steps without the denoiser that follow where there is no noise"
    )
    step_length: float = setting(1.0, valid="(0, 10]", range=(0.3, 1.5), doc="in units of the inverse mean eigenvalue of A* A")
    noise_start: float = setting(0.5, valid="(0, 10]", range=(0.1, 1.0), log=True, doc="noise told at first, over the rms")
    noise_end: float | None = setting(
        None,
        valid="(0, 10]",
        range=(0.001, 0.1),
        log=True,
        doc="noise told in the end, over the rms; none: 0.6 of what shot noise leaves, 0.002 without",
    )
    trust: float = setting(1.0, valid="(0, 1]", range=(0.5, 1.0), doc="share of the denoised object; 1: plug-and-play, less: RED")

    dimensions: ClassVar[tuple[int, ...]] = (2,)

    files: ClassVar[tuple[DataFile, ...]] = (FILE,)
    """The weights of the network, which ``prbench data get`` makes."""

    def prepare(self, backend: Backend, rng: Rng) -> None:  # noqa: ARG002 - the contract
        """Read the weights."""
        if self.denoiser == "dncnn":
            located_weights(self.plugin_name)

    def network_size(self, y: RandomLinear) -> tuple[int, int] | None:
        """Of the denoiser's network, over the frame of the object."""
        return denoiser_size(self.denoiser, y.object_shape)

    def total_iterations(self, y: RandomLinear) -> int:
        """Steps with the denoiser, and those without where there may be no noise."""
        return self.iterations + (self.plain_steps if y.gain is None else 0)

    def init(self, y: RandomLinear, rng: Rng) -> DenoisedFlow:
        """The start."""
        return DenoisedFlow(super().init(y, rng).x)

    def move(self, y: RandomLinear, state: Flow) -> Array:
        """A gradient step, denoised at first."""
        assert isinstance(state, DenoisedFlow)
        if state.steps == self.iterations:
            state.explains = self.residual(y, state) < _EXPLAINED
        if state.steps >= self.iterations:
            return super().move(y, state) if state.explains else state.x
        x = y.constrain(super().move(y, state))
        fields = Fields(y.backend, y.counters, y.amplitude_norm / math.sqrt(y.power * y.map.unknowns), y.real)
        everywhere = y.backend.xp.ones_like(x.real, dtype=y.backend.xp.bool)
        clean = DENOISERS[self.denoiser](fields, x, everywhere, self._noise(y, state.steps, fields.size) * fields.size)
        return self.trust * clean + (1.0 - self.trust) * x

    def _noise(self, y: RandomLinear, step: int, size: float) -> float:
        """What the denoiser is told, over the root mean square of the object.

        A count has a standard deviation of its root, so an amplitude one of ``sqrt(gain) / 2``; it is one of two components of a
        value, and least squares over m/n values per unknown divides by the root of the power.
        """
        end = self.noise_end
        if end is None:
            end = _CLEAN_END if y.gain is None else _LEFT * math.sqrt(y.gain / (2 * y.power)) / size
        fall: float = (end / self.noise_start) ** (step / max(1, self.iterations - 1))
        return self.noise_start * fall

    def finished(self, y: RandomLinear, state: Flow) -> bool:
        """When the steps with the denoiser are done, and those without have settled or do not follow."""
        assert isinstance(state, DenoisedFlow)
        return state.steps > self.iterations and (not state.explains or super().finished(y, state))
