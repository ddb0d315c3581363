"""Plug-and-play: a denoiser in the place of a projection."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

from prbench.backend import Array, Backend
from prbench.core import Rng, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.far_field import FarField

from ..denoising import DENOISERS, Fields, denoiser_size, located_weights
from ..networks.dncnn_weights import FILE
from ._pipeline import ProjectionSolver
from ._policies import BestAlone, Independent, RestartPolicy
from ._state import ProjectionState
from ._updates import Update, hio


@register(
    "pnp",
    task="far-field",
    cite="Venkatakrishnan, Bouman, Wohlberg, GlobalSIP 2013, doi:10.1109/GlobalSIP.2013.6737048; "
    "Romano, Elad, Milanfar, SIAM J. Imaging Sci. 10 (2017) 1804, doi:10.1137/16M1102884; "
    "Wang, Sun, Fleischer, ICML 2020; "
    "Metzler, Schniter, Veeraraghavan, Baraniuk, ICML 2018, arXiv:1803.00212; "
    "Beck, Teboulle, IEEE Trans. Image Process. 18 (2009) 2419, doi:10.1109/TIP.2009.2028250; "
    "Zhang, Zuo, Chen, Meng, Zhang, IEEE Trans. Image Process. 26 (2017) 3142, doi:10.1109/TIP.2017.2662206",
    tags=("classical", "files"),
)
@dataclass(frozen=True)
class PlugAndPlay(ProjectionSolver):
    """Many short runs of HIO, the best of them continued, then averaged reflections with a denoiser as the object's prior.

    The denoiser follows the projection on the support; the noise that it is told falls geometrically. With ``trust`` below 1 a
    part of what it is given is kept, which is the step of regularisation by denoising, lambda = trust/(1 - trust). ``tv`` is
    total variation, ``dncnn`` prDeep's published networks (``prbench data get pnp``). The answer is the denoised object.
    """

    denoiser: Literal["tv", "dncnn"] = setting("tv", doc="total variation, or the published network for photographs")
    iterations: int = setting(400, valid="[1, inf)", range=(100, 2000), log=True, doc="steps with the denoiser")
    first_steps: int = setting(1000, valid="[0, inf)", range=(200, 2000), doc="steps of HIO of the best start")
    starts: int = setting(50, valid="[1, 4096]", range=(1, 100), log=True, doc="random starts, advanced as one batch")
    choose_after: int = setting(50, valid="[1, inf)", range=(20, 200), log=True, doc="steps of HIO of all starts")
    beta: float = setting(0.9, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback in HIO")
    relaxation: float = setting(0.7, valid="(0, 1]", range=(0.5, 0.9), doc="of the reflections with the denoiser")
    noise_start: float = setting(0.15, valid="(0, 10]", range=(0.05, 0.5), log=True, doc="noise told at first, over the rms")
    noise_end: float = setting(0.035, valid="(0, 10]", range=(0.01, 0.1), log=True, doc="noise told in the end")
    trust: float = setting(1.0, valid="(0, 1]", range=(0.5, 1.0), doc="share of the denoised object; 1: plug-and-play, less: RED")

    example: ClassVar[dict[str, object]] = {"iterations": 40, "first_steps": 40, "starts": 2, "choose_after": 20}

    files: ClassVar[tuple[DataFile, ...]] = (FILE,)
    """The weights of the network, which ``prbench data get`` makes."""

    @property
    def steps_before(self) -> int:
        """Steps of HIO."""
        return self.choose_after + self.first_steps

    def network_size(self, y: FarField) -> tuple[int, int] | None:
        """Of the denoiser's network, over the frame of the object."""
        return denoiser_size(self.denoiser, y.object_shape or y.shape)

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Steps of HIO and those with the denoiser."""
        return self.steps_before + self.iterations

    def prepare(self, backend: Backend, rng: Rng) -> None:  # noqa: ARG002 - the contract
        """Read the weights."""
        if self.denoiser == "dncnn":
            located_weights(self.plugin_name)

    def restart_policy(self) -> RestartPolicy:
        """The best start goes on alone."""
        return BestAlone(self.choose_after) if self.starts > 1 else Independent()

    @property
    def final_starts(self) -> int:
        """One: the best goes on alone."""
        return 1

    def update(self, k: int) -> Update:
        """HIO at first, then reflections with the denoiser."""
        progress = (k - self.steps_before) / max(1, self.iterations - 1)
        if progress < 0:
            return hio
        return partial(self._reflect, noise=self.noise_start * (self.noise_end / self.noise_start) ** progress)

    def _reflect(self, s: ProjectionState, noise: float) -> None:
        """``g <- r (D(2 P_F g - g) - P_F g + g) + (1 - r) P_F g``, D the constraints and the denoiser."""
        r = self.relaxation
        p = s.y.project_modulus(s.g, spectrum=s.p, out=s.p, coherence=s.coherence)
        if s.constraints.real:
            p = p.real + 0j
        u = 2 * p - s.g
        u = u * s.constraints.mask(u, s.support)
        fields = Fields(s.y.backend, s.y.counters, _typical_size(s.y, s.support), s.y.real, s.y.nonnegative)
        clean = DENOISERS[self.denoiser](fields, u, s.support, noise * fields.size)
        s.p = self.trust * clean + (1.0 - self.trust) * u
        s.p = s.p * s.constraints.mask(s.p, s.support)
        s.g = r * (s.p - p + s.g) + (1.0 - r) * p


def _typical_size(y: FarField, support: Array) -> float:
    """Root mean square of the object on its support, as the measured intensities tell it."""
    pixels = float(y.backend.xp.sum(support)) / support.shape[0]
    return y.amplitude_norm / math.sqrt(math.prod(y.shape) * max(pixels, 1.0))
