"""The pictures of prDeep behind random phase masks, with normal noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.backend import get_backend
from prbench.core import Dataset, Problem, Provenance, Reconstruction, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.random import RandomLinear

from ..originals.pictures import FILES, LICENCE, REPOSITORY, SIDE, WHITE, natural_image
from ._objects import unit_phases


@register(
    "coded-images",
    task="random",
    cite="Metzler, Schniter, Veeraraghavan, Baraniuk, ICML 2018, arXiv:1803.00212",
    licence=LICENCE,
    tags=("measured", "published"),
)
@dataclass(frozen=True)
class CodedImages(Dataset):
    """Twelve photographs and micrographs of 128x128 pixels, values 0 to 255, behind random masks of uniform phase.

    The pictures are those of ``natural-images``. With ``A x = F (D_l x)``, F unitary and unpadded and D_l the masks, the
    intensities are ``|A x|^2 + w``, w normal with standard deviation ``alpha |A x|``, and zero where that is negative. The solver
    is told that the object is real. PSNR is taken against 255. Seeds and splits differ in masks and noise.
    """

    alpha: float = setting(9.0, valid="[0, 1000]", range=(9, 81), doc="standard deviation of the noise over the modulus")
    patterns: int = setting(4, valid="[1, 100]", range=(1, 8), doc="number of masks, m/n")

    files: ClassVar[tuple[DataFile, ...]] = FILES

    @property
    def samples(self) -> int:
        """Number of pictures: 12."""
        return len(self.files)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Measure picture ``index``."""
        truth, name, sha256 = natural_image(index, self.plugin_name)
        of_masks, of_noise = self.streams(2, index, seed, split)
        masks = np.stack([unit_phases(of_masks, (SIDE, SIDE)) for _ in range(self.patterns)])[:, None].astype(np.complex64)
        ideal = RandomLinear(np.ones((self.patterns, SIDE, SIDE)), modulations=masks, real=True)
        modulus = np.sqrt(ideal.to(get_backend("numpy", "double")).forward(truth))
        intensity = np.maximum(modulus**2 + self.alpha * modulus * of_noise.standard_normal(modulus.shape), 0)
        return Problem(
            measurement=RandomLinear(
                intensity.astype(np.float32),
                modulations=masks,
                real=True,
                gain=self.alpha**2 or None,  # the variance over the mean, as of counts
            ),
            truth=Reconstruction(object=truth),
            id=f"{self.plugin_name}-{name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"{REPOSITORY}, {name}; measured by prbench", licence=LICENCE, sha256=sha256),
            data_range=WHITE,
        )
