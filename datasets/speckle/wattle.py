"""A wattle flower, imaged with speckles at the Australian Synchrotron."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.errors import BadInput
from prbench.tasks.speckle import SpeckleStack

from ..readers.formats import read_array
from ..readers.locate import locate
from ..readers.tiff_folders import Region, read_images, sha256_of_all
from ._measured import IMAGES_DOC, corrected, first_pairs, usable

_LICENCE = "MIT"
_SOURCE = "https://github.com/samanthaalloo/MIST_Alloo23"
_FOLDER = "DATA_WattleFlower_25keV_2m_SBPCXI"
_PAIRS = 15
_BEHIND_HEADERS: Region = (slice(29, 2129), slice(29, 2529))


_FRAME = (2157, 2560)


def _check(path: Path) -> None:
    """Refuse what is not a frame of the camera."""
    raw = read_array(path)
    if raw.data.shape != _FRAME or raw.data.dtype.kind not in "iuf":
        raise BadInput(
            f"{raw.where}: holds {raw.data.dtype} of shape {raw.data.shape}, expected a frame of {_FRAME[0]}x{_FRAME[1]}"
        )


def _file(name: str) -> DataFile:
    return DataFile(
        name=f"speckle/{_FOLDER}/{name}",
        licence=_LICENCE,
        check=_check,
        note=(
            f"ask the authors of {_SOURCE}/tree/main/{_FOLDER} (doi:10.1038/s41598-023-31574-z) for {name}, 22 MB, and let "
            "`prbench data get wattle --from FOLDER` check the files and copy them"
        ),
    )


@register(
    "wattle",
    task="speckle",
    cite="Alloo et al., Sci. Rep. 13 (2023) 5424, doi:10.1038/s41598-023-31574-z",
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class Wattle(Dataset):
    """15 pairs, each with its dark current, and a flat field, 2157x2560 pixels as TIFF; 25 keV, 2 m, 9.9 um, delta / beta 1403.

    Cut to the 2100x2500 pixels that the authors use, where no file has its header written into the image, and corrected as they
    do. Pixels without beam are unmeasured. There is no truth.
    """

    images: int | None = setting(None, valid="[1, 15]", doc=IMAGES_DOC)

    flat: ClassVar[DataFile] = _file("FF_2m.tif")
    darks: ClassVar[tuple[DataFile, ...]] = tuple(_file(f"DarkCurrent_Y{n:02}.tif") for n in range(_PAIRS))
    references: ClassVar[tuple[DataFile, ...]] = tuple(_file(f"ReferenceSpeckle_Y{n:02}.tif") for n in range(_PAIRS))
    behind_sample: ClassVar[tuple[DataFile, ...]] = tuple(_file(f"SAMPLE_Y{n:02}_T0.tif") for n in range(_PAIRS))
    files: ClassVar[tuple[DataFile, ...]] = (flat, *darks, *references, *behind_sample)

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the stacks and correct them."""
        plugin = self.plugin_name
        flat = locate(self.flat, plugin)[0]
        series = [
            [locate(f, plugin)[0] for f in part[: self.images]] for part in (self.darks, self.references, self.behind_sample)
        ]
        beam = read_images([flat], _BEHIND_HEADERS)
        dark, *pairs = (first_pairs(read_images(paths, _BEHIND_HEADERS), self.images, plugin) for paths in series)
        reference, sample = (corrected(pair, dark, beam) for pair in pairs)
        mask = usable(reference, sample)
        return Problem(
            measurement=SpeckleStack(
                reference, sample, mask=mask, energy_ev=25e3, distance_m=2.0, pixel_m=9.9e-6, delta_beta=1403.0
            ),
            truth=None,
            id=f"{plugin}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(
                source=_SOURCE, licence=_LICENCE, sha256=sha256_of_all([flat, *(path for paths in series for path in paths)])
            ),
        )
