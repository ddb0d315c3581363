"""The same object under a random, a Fresnel and a Fraunhofer measurement: what makes the far field hard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Split, register, setting
from prbench.errors import UsageError
from prbench.tasks.random import RandomLinear

from ._objects import OBJECTS, draw_object, make_problem, unit_phases


@register(
    "three-regimes",
    task="random",
    cite="Hu, Tachella, Unser, Dong (2025), arXiv:2409.05734; Goodman, Introduction to Fourier Optics (2005), ch. 4",
    tags=("simulated",),
)
@dataclass(frozen=True)
class ThreeRegimes(Dataset):
    """A real, nonnegative object in a known frame, four measured values an unknown; the regimes differ in their map alone.

    ``random`` is ``F D_2 F D_1 X`` with random phases D, ``fresnel`` ``F D X`` with the parabolic phase ``exp(i pi N r^2 / a^2)``
    of the Fresnel number N of the frame's half side a, ``fraunhofer`` ``F X``. The sign of X is left open by all three;
    the last does not see translations and flips either. For complex X the Fresnel pattern would have a twin of its own.
    X is complex64 (2 size, 2 size), zero outside its frame. The same problem number has the same object in every regime.
    """

    regime: Literal["random", "fresnel", "fraunhofer"] = setting("fraunhofer", doc="how the object is measured")
    size: int = setting(32, valid="[8, 1024]", range=(16, 128), doc="side of the object's frame", unit="px")
    fresnel_number: float = setting(1.0, valid="(0, 1000]", range=(1, 16), log=True, doc="of the frame, for the Fresnel pattern")
    image: str = setting("camera", choices=OBJECTS, doc="the picture, or the modulus of complex normal noise")
    photons: float | None = setting(
        None, valid="(0, 1e15]", range=(1, 1e6), log=True, doc="mean photons per value; none: no noise"
    )
    snr_db: float | None = setting(None, valid="[-20, 200]", range=(10, 60), doc="signal to normal noise; none: none", unit="dB")

    example: ClassVar[dict[str, object]] = {"size": 8, "regime": "random"}

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Draw object ``index``."""
        if self.regime == "fresnel" and self.fresnel_number > self.size / 4:
            raise UsageError(
                f"{self.plugin_name}: at a Fresnel number of {self.fresnel_number} the phase turns by more than pi a pixel "
                f"at the frame's edge; it must be at most size/4 = {self.size / 4}"
            )
        of_object, of_map, of_noise = self.streams(3, index, seed, split)
        full, low = (2 * self.size, 2 * self.size), self.size // 2
        inside = np.zeros(full)
        inside[low : low + self.size, low : low + self.size] = 1
        stages = [inside + 0j]
        if self.regime == "random":
            stages = [inside * unit_phases(of_map, full), unit_phases(of_map, full)]
        elif self.regime == "fresnel":
            stages = [inside * _parabola(full, self.size / 2, self.fresnel_number)]
        x = np.zeros(full, complex)
        x[inside > 0] = np.abs(draw_object(self.image, self.size, index, of_object)).ravel()
        symmetries = ("phase", "shift", "flip") if self.regime == "fraunhofer" else ("phase",)
        modulations = np.stack(stages)[None].astype(np.complex64)
        y = RandomLinear(np.ones((1, *full)), modulations=modulations, real=True, symmetries=symmetries)
        return make_problem(self, (index, seed, split), x, y, of_noise)


def _parabola(shape: tuple[int, int], half: float, fresnel_number: float) -> np.ndarray:
    axes = [(np.arange(n) - (n - 1) / 2) / half for n in shape]
    return np.asarray(np.exp(1j * np.pi * fresnel_number * (axes[0][:, None] ** 2 + axes[1][None] ** 2)))
