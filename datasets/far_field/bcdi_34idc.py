"""Bragg coherent diffraction of a faceted crystal, measured at APS 34-ID-C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.far_field import FarField

from ..originals import conversions
from ..originals.table import originals_of
from ..readers.locate import locate
from ..readers.pattern import binned, cropped, read_pattern
from ..readers.reading import Reading
from ._measured import BIN_DOC, HOLDOUT_DOC, about_peak, hold_out, parse_shape

_LICENCE = "BSD-2-Clause"


@register(
    "bcdi-34idc",
    task="far-field",
    cite="cohere_examples, scan 54, https://github.com/AdvancedPhotonSource/cohere_examples",
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class BCDI34IDC(Dataset):
    """Counts around a Bragg peak of a crystal of a few hundred nanometres, scan 54 of the examples of cohere.

    The file holds 201x256x256 counts: the rocking curve along the first axis, detector rows and columns along the others. The
    default crop keeps 160 steps of the rocking curve, 160 rows and 128 columns about the brightest pixel, which becomes zero
    frequency. Phase retrieval is done on the detector's skewed grid. There is no truth.
    """

    crop: str = setting("160x160x128", doc="shape kept about the peak: rocking steps x rows x columns", unit="px")
    threshold: float = setting(
        0, valid="[0, inf)", range=(0, 20), doc="counts, after binning, up to this are set to zero", unit="counts"
    )
    bin: int = setting(1, valid="[1, 64]", doc=BIN_DOC)
    holdout: float = setting(0, valid="[0, 0.5]", doc=HOLDOUT_DOC)

    example: ClassVar[dict[str, object]] = {"crop": "32x32x32"}
    files: ClassVar[tuple[DataFile, ...]] = (
        DataFile(
            name="far_field/aps34idc_scan54.npz",
            licence=_LICENCE,
            sha256="2425b37c75bc605ffcbe00b1faf20f21e9ba0380d3042f7fe0a8fc9abb281c98",
            note=(
                "made from the frames of scan 54 in example_data of https://github.com/AdvancedPhotonSource/cohere_examples, "
                "stacked along the first axis: array intensity, int32, 201x256x256"
            ),
            originals=originals_of("bcdi-34idc"),
            convert=conversions.rocking_series,
            content="00c287ba257d322d4b2ddf329507223f973889f139ef89be33f727c3ef563cd6",
        ),
    )

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read, crop and bin the counts."""
        shape = parse_shape(self.crop, f"{self.plugin_name}: crop")
        path, sha256 = locate(self.files[0], self.plugin_name)
        full_pattern = read_pattern(path, Reading(dataset="intensity"))
        pattern = binned(cropped(full_pattern, about_peak(full_pattern.intensity, shape, self.plugin_name)), self.bin)
        intensity = np.where(pattern.intensity > self.threshold, pattern.intensity, np.float32(0))
        problem = Problem(
            measurement=FarField(intensity, gain=1.0),
            truth=None,
            id=f"{self.plugin_name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source="APS 34-ID-C, scan 54 of cohere_examples", licence=_LICENCE, sha256=sha256),
        )
        return hold_out(problem, self.holdout, self.streams(1, index, seed, split)[0])
