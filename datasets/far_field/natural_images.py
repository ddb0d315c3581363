"""The pictures of prDeep behind a far-field measurement with normal noise: the benchmark of denoising priors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Reconstruction, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.errors import BadInput
from prbench.tasks.far_field import FarField

from ..originals.table import originals_of
from ..readers.locate import locate
from ..readers.pictures import read_picture
from ._simulated import diffraction

SIDE = 128
_SCALE = 4.0 * SIDE
_WHITE = 255.0
_LICENCE = "BSD-style, Rice University"
_REPOSITORY = "https://github.com/ricedsp/prDeep"


@register(
    "natural-images",
    task="far-field",
    cite="Metzler, Schniter, Veeraraghavan, Baraniuk, ICML 2018, arXiv:1803.00212",
    licence=_LICENCE,
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

    files: ClassVar[tuple[DataFile, ...]] = tuple(
        DataFile(
            name=f"far_field/natural_images/{picture.name}",
            licence=_LICENCE,
            urls=(picture.url,),
            sha256=picture.sha256,
            note=f"a test picture of prDeep ({_REPOSITORY})",
        )
        for picture in originals_of("natural-images")
    )

    @property
    def samples(self) -> int:
        """Number of pictures: 12."""
        return len(self.files)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Measure picture ``index``."""
        path, sha256 = locate(self.files[index], self.plugin_name)
        truth = reduced(read_picture(path), path).astype(np.complex64)
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
            id=f"{self.plugin_name}-{path.stem}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"{_REPOSITORY}, {path.name}; measured by prbench", licence=_LICENCE, sha256=sha256),
            data_range=_WHITE,
        )


def reduced(picture: np.ndarray, path: Path) -> np.ndarray:
    """A square picture as (128, 128), float32: the mean over squares of as many pixels as that takes.

    Raises:
        BadInput: for a side that is no multiple of 128.
    """
    side = picture.shape[0]
    if picture.shape != (side, side) or side % SIDE:
        raise BadInput(f"{path}: has {picture.shape} pixels, expected a square with sides of a multiple of {SIDE}")
    factor = side // SIDE
    return np.asarray(picture.reshape(SIDE, factor, SIDE, factor).mean(axis=(1, 3)), np.float32)
