"""Measured off-axis holograms of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.tasks.off_axis import Hologram

from ..originals.table import original
from ..readers.arrays import npz_array
from ..readers.locate import locate
from ..readers.pictures import read_picture

_LICENCE = "MIT"

_CELL = DataFile(
    name="off_axis/hologram_cell.npz",
    licence=_LICENCE,
    urls=(original("offaxis-real", "hologram_cell.npz").url,),
    sha256="3cc5a7926b40940072eeebac2f29f655b83c85757d5cbb0ec5602dd221a900a9",
    note=(
        "the example hologram_cell.npz of qpretrieve (https://github.com/RI-imaging/qpretrieve): arrays data and bg_data, "
        "uint8, 200x210"
    ),
)
_GLIOBLASTOMA = DataFile(
    name="off_axis/glioblastoma.jpg",
    licence=_LICENCE,
    urls=(original("offaxis-real", "Glioblastoma.jpg").url,),
    sha256="dc681392038b6eda785cc545a429b1abbac21eb68ed28bc81e2c28d92c773066",
    note="a sample hologram of pyDHM (https://github.com/catrujilla/pyDHM), 2049x2049 pixels",
)


@register(
    "offaxis-real",
    task="off-axis",
    cite=(
        "qpretrieve, https://github.com/RI-imaging/qpretrieve; "
        "Castañeda, Trujillo, Doblas, PLoS ONE 17 (2022) e0275818, doi:10.1371/journal.pone.0275818"
    ),
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class OffAxisReal(Dataset):
    """Two holograms: ``cell``, an HL60 cell in suspension, 200x210 pixels, with its background; ``glioblastoma``, adherent cells,
    2049x2049 pixels, without. There is no truth. Cells delay light, which decides the sign of their phase.
    """

    hologram: Literal["cell", "glioblastoma"] = setting("cell", doc="which one")
    background: bool = setting(True, doc="whether the background is given with the cell's hologram")

    files: ClassVar[tuple[DataFile, ...]] = (_CELL, _GLIOBLASTOMA)

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    def make(self, index: int, seed: int, split: Split) -> Problem:  # noqa: ARG002 - there is one
        """Read the hologram.

        Raises:
            DataNotFound: where it is not on this machine.
        """
        cell = self.hologram == "cell"
        path, sha256 = locate(_CELL if cell else _GLIOBLASTOMA, self.plugin_name)
        seen: np.ndarray = npz_array(path, "data") if cell else read_picture(path)
        empty = npz_array(path, "bg_data") if cell and self.background else None
        return Problem(
            measurement=Hologram(seen, empty, denser=True),
            truth=None,
            id=f"{self.plugin_name}-{self.hologram}{'' if empty is None else '-background'}-{split}",
            split=split,
            provenance=Provenance(source="qpretrieve's examples" if cell else "pyDHM's samples", licence=_LICENCE, sha256=sha256),
        )
