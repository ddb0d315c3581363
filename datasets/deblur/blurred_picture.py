"""Pictures of scikit-image, blurred by camera shake or defocus."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Split, register, setting
from prbench.errors import UsageError

from ._kernels import draw_kernel
from ._pictures import PICTURES, blurred_problem

KERNELS = ("line", "curve", "shake", "gaussian")


@register(
    "blurred-picture",
    task="deblur",
    cite=(
        "Ren, Zhang, Wang, Hu, Zuo, CVPR 2020, arXiv:1908.02197; "
        "pictures: van der Walt et al., PeerJ 2 (2014) e453, doi:10.7717/peerj.453"
    ),
    tags=("simulated",),
)
@dataclass(frozen=True)
class BlurredPicture(Dataset):
    """A picture in [0, 1] of (size + kernel - 1) pixels per side, blurred to (size, size); normal noise is added.

    Samples run through the pictures and, for each, through the kernels: line, curve and shake of a camera, and a Gaussian. The
    solver is told a kernel size ``oversize`` times the true one. Pictures and kernels are the same at every noise.
    """

    size: int = setting(128, valid="[16, 2048]", range=(64, 256), doc="side of the blurred image", unit="px")
    kernel: int = setting(15, valid="[5, 101]", range=(9, 31), doc="odd side of the true kernel", unit="px")
    oversize: float = setting(1.5, valid="[1, 10]", range=(1, 3), doc="kernel size told, over the true one")
    noise: float = setting(0.01, valid="[0, 1]", range=(0.001, 0.1), log=True, doc="standard deviation of the noise")

    known_kernel: bool = setting(False, doc="whether the solver is told the kernel: not blind, for comparison")

    example: ClassVar[dict[str, object]] = {"size": 32, "kernel": 5}

    def __post_init__(self) -> None:
        """Refuse a kernel without a middle."""
        super().__post_init__()
        if self.kernel % 2 == 0:
            raise UsageError(
                f"{self.plugin_name}: kernel must be odd, got {self.kernel}; take {self.kernel - 1} or {self.kernel + 1}"
            )

    @property
    def samples(self) -> int | None:
        """Eight pictures, four kernels; the tune split runs through its four pictures twice."""
        return len(PICTURES["test"]) * len(KERNELS)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Blur picture ``index // 4`` by kernel ``index % 4``."""
        of_kernel, of_noise = self.streams(2, index, seed, split)
        told = _odd(self.oversize * self.kernel)
        names = PICTURES["test" if split == "test" else "tune"]
        name, kind = names[index // len(KERNELS) % len(names)], KERNELS[index % len(KERNELS)]
        true = draw_kernel(kind, self.kernel, of_kernel)
        return blurred_problem(self, (index, seed, split), (name, kind), np.pad(true, (told - len(true)) // 2), of_noise)


def _odd(size: float) -> int:
    """The nearest odd number; of two the larger."""
    return 2 * math.floor(size / 2) + 1
