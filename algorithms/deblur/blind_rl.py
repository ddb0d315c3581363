"""Blind Richardson-Lucy deconvolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.tasks.deblur import BlurredImage

_FLOOR = 1e-6
"""What stands for zero in a divisor, as a part of the largest value."""


@dataclass(eq=False)
class Pair:
    """An image (*object_shape) and a kernel (*kernel_shape), both nonnegative, the kernel summing to one.

    Attributes:
        x: image, at least ``floor``.
        kernel: sums to one.
        floor: what stands for zero where something is divided by it.
    """

    x: Array
    kernel: Array
    floor: float


@register(
    "blind-rl",
    task="deblur",
    cite="Fish, Brinicombe, Pike, Walker, J. Opt. Soc. Am. A 12 (1995) 58, doi:10.1364/JOSAA.12.000058; "
    "Richardson, J. Opt. Soc. Am. 62 (1972) 55, doi:10.1364/JOSA.62.000055; Lucy, Astron. J. 79 (1974) 745, doi:10.1086/111605",
    tags=("classical",),
)
@dataclass(frozen=True)
class BlindRichardsonLucy(IterativeSolver[BlurredImage, Pair]):
    """Multiplicative updates of the kernel and of the image in turn, each as if the other were known.

    No update raises the Kullback-Leibler divergence of the blurred image from what image and kernel make. Begins with the blurred
    image, its edge pixels repeated outwards, and a Gaussian kernel. Values under zero count as zero.
    """

    iterations: int = setting(5, valid="[1, inf)", range=(3, 200), log=True, doc="rounds; more sharpen noise as well")
    kernel_updates: int = setting(2, valid="[1, 1000]", range=(1, 10), doc="updates of the kernel in a round")
    image_updates: int = setting(1, valid="[1, 1000]", range=(1, 10), doc="updates of the image in a round")
    width: float = setting(0.06, valid="(0, 10]", range=(0.03, 0.3), doc="sigma of the first kernel over the size allowed for it")

    example: ClassVar[dict[str, object]] = {"iterations": 10}

    def total_iterations(self, y: BlurredImage) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of rounds."""
        return self.iterations

    def init(self, y: BlurredImage, rng: Rng) -> Pair:  # noqa: ARG002 - nothing is random here
        """The blurred image and a Gaussian."""
        axes = [np.exp(-0.5 * ((np.arange(k) - k // 2) / (self.width * k)) ** 2) for k in y.kernel_shape]
        kernel = np.outer(*axes)
        image = y.backend.to_numpy(y.image)
        floor = _FLOOR * float(np.abs(image).max()) or _FLOOR
        x = np.pad(np.maximum(image, floor), [(k // 2, k - 1 - k // 2) for k in y.kernel_shape], mode="edge")
        return Pair(y.backend.asarray(x), y.backend.asarray(kernel / kernel.sum()), floor)

    def step(self, y: BlurredImage, state: Pair) -> Pair:
        """One round."""
        xp = y.backend.xp
        x, kernel, floor = state.x, state.kernel, state.floor
        everywhere = xp.ones_like(y.image)
        light = y.kernel_adjoint(everywhere, x)
        for _ in range(self.kernel_updates):
            kernel = xp.clip(kernel * y.kernel_adjoint(self._ratio(y, x, kernel, floor), x) / light, 0, None)
        total = xp.sum(kernel)  # which the image takes over, so that what they make stays the same
        x, kernel = x * total, kernel / total
        seen = xp.clip(y.blur_adjoint(everywhere, kernel), _FLOOR, None)
        for _ in range(self.image_updates):
            x = xp.clip(x * y.blur_adjoint(self._ratio(y, x, kernel, floor), kernel) / seen, floor, None)
        return Pair(x, kernel, floor)

    def _ratio(self, y: BlurredImage, x: Array, kernel: Array, floor: float) -> Array:
        """Measured over expected, 1 where unmeasured."""
        xp = y.backend.xp
        ratio = xp.clip(y.image, 0, None) / xp.clip(y.blur(x, kernel), floor, None)
        return ratio if y.mask is None else xp.where(y.mask, ratio, xp.ones_like(ratio))

    def estimate(self, y: BlurredImage, state: Pair) -> Reconstruction:  # noqa: ARG002 - the contract
        """Image and kernel."""
        return Reconstruction(image=state.x, kernel=state.kernel)

    def residual(self, y: BlurredImage, state: Pair) -> float:
        """Relative misfit of the blurred image."""
        return float(y.residual(state.x, state.kernel))
