"""Living cyanobacteria in the beam of an X-ray laser, CXIDB entry 26."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.far_field import FarField

from ..readers.locate import locate
from ..readers.pattern import read_pattern
from ..readers.reading import Reading
from ._measured import HOLDOUT_DOC, hold_out

_LICENCE = "CC0-1.0"


@register(
    "cxidb-26",
    task="far-field",
    cite="van der Schot et al., Nat. Commun. 6 (2015) 5704, doi:10.1038/ncomms6704; data doi:10.11577/1169686",
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class CXIDB26(Dataset):
    """Single shots of living cells (Cyanobium gracile), LCLS. Sample k is entry k+1 of the CXI file.

    Read from ``/entry_k/instrument_1/detector_1/{data,mask}``; pixels that are negative after the background was subtracted
    become unmeasured. There is no truth.
    """

    holdout: float = setting(0, valid="[0, 0.5]", doc=HOLDOUT_DOC)

    files: ClassVar[tuple[DataFile, ...]] = (
        DataFile(
            name="far_field/cxidb-26.cxi",
            licence=_LICENCE,
            urls=("https://www.cxidb.org/data/26/cxidb-26.cxi",),
            note="Coherent X-ray Imaging Data Bank, entry 26, https://www.cxidb.org/id-26.html",
        ),
    )

    @property
    def samples(self) -> int:
        """Number of problems: 10, one per shot."""
        return 10

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read shot ``index``."""
        path, sha256 = locate(self.files[0], self.plugin_name)
        location = f"/entry_{index + 1}/instrument_1/detector_1/data"
        pattern = read_pattern(path, Reading(dataset=location, invalid="mask"))
        problem = Problem(
            measurement=FarField(
                pattern.intensity,
                pattern.mask,
                wavelength_m=pattern.wavelength_m,
                distance_m=pattern.distance_m,
                pixel_m=pattern.pixel_m,
            ),
            truth=None,
            id=f"{self.plugin_name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source="CXIDB entry 26, LCLS", licence=_LICENCE, sha256=sha256),
        )
        return hold_out(problem, self.holdout, self.streams(1, index, seed, split)[0])
