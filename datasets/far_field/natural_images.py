"""The pictures of prDeep behind a far-field measurement with normal noise: the benchmark of denoising priors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Reconstruction, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.far_field import FarField

from ..originals.pictures import FILES, LICENCE, REPOSITORY, SIDE, WHITE, natural_image
from ._simulated import diffraction

_SCALE = 4.0 * SIDE


@register(
    "natural-images",
    task="far-field",
    cite="Metzler, Schniter, Veeraraghavan, Baraniuk, ICML 2018, arXiv:1803.00212",
    licence=LICENCE,
    tags=("measured", "published"),
)
@dataclass(frozen=True)
class NaturalImages(Dataset):
    """Twelve photographs and micrographs of 128x128 pixels, real and nonnegative, on a detector of 256x256 pixels.

    Eleven of 512x512 and one of 256x256 pixels are reduced by means over squares of 4x4, or 2x2, pixels; values are in [0, 255].
    With ``A = F/512``, which is half of the unitary transform as in prDeep's published demonstration, the intensities are
    ``|A x|^2 + w``, w normal with standard deviation ``alpha |A x|``, and zero where that is negative. The solver is told that
    the object is real and nonnegative, and its frame as the support. PSNR is taken against 255. Seeds and splits differ in their
    noise alone.
    """

    alpha: float = setting(3.0, valid="[0, 1000]", range=(1, 5), doc="standard deviation of the noise over the modulus")

    files: ClassVar[tuple[DataFile, ...]] = FILES

    @property
    def samples(self) -> int:
        """Number of pictures: 12."""
        return len(self.files)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Measure picture ``index``."""
        truth, name, sha256 = natural_image(index, self.plugin_name)
        modulus = np.sqrt(diffraction(truth, (2 * SIDE, 2 * SIDE))) / _SCALE
        noise = self.streams(1, index, seed, split)[0].standard_normal(modulus.shape)
        intensity = np.maximum(modulus**2 + self.alpha * modulus * noise, 0) * _SCALE**2
        support = np.zeros(modulus.shape, bool)
        support[SIDE // 2 : SIDE // 2 + SIDE, SIDE // 2 : SIDE // 2 + SIDE] = True
        return Problem(
            measurement=FarField(
                intensity.astype(np.float32),
                object_shape=(SIDE, SIDE),
                support=support,
                gain=(self.alpha * _SCALE) ** 2 or None,  # the variance over the mean, as of counts
                real=True,
                nonnegative=True,
            ),
            truth=Reconstruction(object=truth),
            id=f"{self.plugin_name}-{name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"{REPOSITORY}, {name}; measured by prbench", licence=LICENCE, sha256=sha256),
            data_range=WHITE,
        )
