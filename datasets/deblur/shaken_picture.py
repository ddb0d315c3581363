"""Pictures of scikit-image under eight camera shakes, of the sizes of a published set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Split, register, setting

from ._kernels import motion_kernel
from ._pictures import PICTURES, blurred_problem

SIZES = (19, 17, 15, 27, 13, 21, 23, 23)
"""Odd sides of the kernels, in the order of the published set."""

_BEND = 3.0
"""Between that of a curve and that of a shake."""

_SPLITS = ("test", "tune", "train")


@register(
    "shaken-picture",
    task="deblur",
    cite=(
        "Levin, Weiss, Durand, Freeman, CVPR 2009, doi:10.1109/CVPR.2009.5206815; "
        "pictures: van der Walt et al., PeerJ 2 (2014) e453, doi:10.7717/peerj.453"
    ),
    tags=("simulated",),
)
@dataclass(frozen=True)
class ShakenPicture(Dataset):
    """A picture in [0, 1], blurred to (size, size) pixels by one of eight camera shakes of 13 to 27 pixels; noise is added.

    The kernels are drawn, with the sizes of the set of Levin and others (``levin-2009``), for which they stand in. Samples run
    through eight pictures and, for each, through the kernels, which are the same for all pictures of a split and all seeds. As
    with that set, the solver is told the true size.
    """

    size: int = setting(128, valid="[32, 2048]", range=(64, 256), doc="side of the blurred image", unit="px")
    noise: float = setting(0.01, valid="[0, 1]", range=(0.001, 0.1), log=True, doc="standard deviation of the noise")
    known_kernel: bool = setting(False, doc="whether the solver is told the kernel: not blind, for comparison")

    example: ClassVar[dict[str, object]] = {"size": 40}

    @property
    def samples(self) -> int | None:
        """Eight pictures, eight kernels; other splits run through their four pictures twice."""
        return len(PICTURES["test"]) * len(SIZES)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Blur picture ``index // 8`` by kernel ``index % 8``."""
        picture, number = divmod(index, len(SIZES))
        names = PICTURES["test" if split == "test" else "tune"]
        kernel = motion_kernel(SIZES[number], np.random.default_rng([_SPLITS.index(split), number]), bend=_BEND)
        (of_noise,) = self.streams(1, index, seed, split)
        of_what = names[picture % len(names)], f"kernel{number + 1}"
        return blurred_problem(self, (index, seed, split), of_what, kernel, of_noise)
