"""Three rods of wood and one of PMMA, imaged with speckles at the Australian Synchrotron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.speckle import SpeckleStack

from ..originals import conversions
from ..originals.table import original, originals_of
from ..readers.arrays import npz_array
from ..readers.locate import locate
from ..readers.tiff_folders import read_images, sha256_of_all
from ._measured import IMAGES_DOC, first_pairs

_CITE = "Alloo, Paganin, Croughan, Ahlers, Pavlov, Morgan (2024), arXiv:2410.18317"
_LICENCE = "MIT"
_REPOSITORY = "samanthaalloo/EvVSDev_SBXIFokkerPlanck"
_SOURCE = f"https://github.com/{_REPOSITORY}"
_DISTANCE_M = 0.7
_PIXEL_M = 6.5e-6
_PAIRS = 13
_PUBLISHED = "Reconstructions for Evolving--Devolving Speckle-Based Fokker--Planck Comparison/FourWood_MultipleExposure"


def dark_field_px2(published: np.ndarray) -> np.ndarray:
    """The authors' dimensionless ``D = D' / z`` as the variance of the blur in px^2."""
    return np.asarray(2 * (_DISTANCE_M / _PIXEL_M) ** 2 * published, np.float32)


def _measurement(reference: np.ndarray, sample: np.ndarray, flat: np.ndarray) -> SpeckleStack:
    return SpeckleStack(reference, sample, flat=flat, energy_ev=25e3, distance_m=_DISTANCE_M, pixel_m=_PIXEL_M, delta_beta=2335.0)


def _file(path: str) -> DataFile:
    public = original("fourrod-full", path.rpartition("/")[2])
    return DataFile(
        name=f"speckle/fourrod/{path}",
        licence=_LICENCE,
        urls=(public.url,),
        sha256=public.sha256,
        note=f"{_SOURCE}, file {path}",
    )


@register("fourrod", task="speckle", cite=_CITE, licence=_LICENCE, tags=("measured",))
@dataclass(frozen=True)
class FourRod(Dataset):
    """A part of 256x1024 pixels: 13 pairs, 25 keV, 0.7 m, 6.5 micrometres, speckles of 6 % visibility.

    There is no truth. ``Problem.reference`` holds what the authors published of the full frame, cropped: ``dark_field`` (px^2)
    and ``transmission``, both by MIST 2023 with ``e_per_m2=1e8``, ``r_m2=1e-11``.
    """

    images: int | None = setting(None, valid="[1, 13]", doc=IMAGES_DOC)

    files: ClassVar[tuple[DataFile, ...]] = (
        DataFile(
            name="speckle/fourrod_crop256x1024.npz",
            licence=_LICENCE,
            sha256="72f343fa300ec3854a0a404106290ce435c4e74fb3a09510b7a3c62fbbbb03c9",
            note=(
                f"cut from {_SOURCE}, which `prbench data get fourrod-full` downloads: arrays reference and sample "
                "(13x256x1024), flat, published_dark_field and published_transmission (256x1024), float32"
            ),
            originals=originals_of("fourrod-full"),
            convert=conversions.four_rod_crop,
            content="a2b4495c997ec902cd08a26cefd7bdd1cb993ae7530fd365e1ba802ce7c427c0",
        ),
    )

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the stacks and divide them by the flat field."""
        path, sha256 = locate(self.files[0], self.plugin_name)
        reference, sample = (
            first_pairs(npz_array(path, name), self.images, self.plugin_name) for name in ("reference", "sample")
        )
        return Problem(
            measurement=_measurement(reference, sample, npz_array(path, "flat")),
            truth=None,
            id=f"{self.plugin_name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=_SOURCE, licence=_LICENCE, sha256=sha256),
            reference={
                "dark_field": dark_field_px2(npz_array(path, "published_dark_field")),
                "transmission": npz_array(path, "published_transmission"),
            },
        )


@register("fourrod-full", task="speckle", cite=_CITE, licence=_LICENCE, tags=("measured",))
@dataclass(frozen=True)
class FourRodFull(Dataset):
    """All that was illuminated, 430x2220 pixels, from the authors' folders: 13 pairs and a flat field as TIFF.

    ``Problem.reference`` as in ``fourrod``, where the published images are beside the raw ones.
    """

    images: int | None = setting(None, valid="[1, 13]", doc=IMAGES_DOC)

    references: ClassVar[tuple[DataFile, ...]] = tuple(
        _file(f"FourRod_SBXIData/ReferenceSpeckle_{n}.tif") for n in range(1, _PAIRS + 1)
    )
    behind_sample: ClassVar[tuple[DataFile, ...]] = tuple(
        _file(f"FourRod_SBXIData/SamplePlusSpeckle_{n}.tif") for n in range(1, _PAIRS + 1)
    )
    flat: ClassVar[DataFile] = _file("FourRod_SBXIData/Flatfield.tif")
    published: ClassVar[dict[str, DataFile]] = {
        "dark_field": _file(f"{_PUBLISHED}/FW_Evolving_Multiple_XDF.tif"),
        "transmission": _file(f"{_PUBLISHED}/FW_Evolving_Multiple_Transmission.tif"),
    }
    files: ClassVar[tuple[DataFile, ...]] = (*references, *behind_sample, flat, *published.values())

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the stacks and divide them by the flat field."""
        plugin = self.plugin_name
        series = [[locate(f, plugin)[0] for f in part[: self.images]] for part in (self.references, self.behind_sample)]
        flat = locate(self.flat, plugin)[0]
        images = (read_images(paths) for paths in (*series, [flat]))
        published = {name: read_images([f.path])[0] for name, f in self.published.items() if f.path.is_file()}
        if "dark_field" in published:
            published["dark_field"] = dark_field_px2(published["dark_field"])
        reference, sample, beam = images
        return Problem(
            measurement=_measurement(reference, sample, beam[0]),
            truth=None,
            id=f"{plugin}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=_SOURCE, licence=_LICENCE, sha256=sha256_of_all([*series[0], *series[1], flat])),
            reference=published,
        )
