"""Measured off-axis holograms from public repositories."""

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
from ..readers.one_image import read_image

_LICENCE = "MIT"


def _file(stored: str, published: str, sha256: str, note: str) -> DataFile:
    """A public file as it is, under a name of its own."""
    urls = (original("offaxis-real", published).url,)
    return DataFile(f"off_axis/{stored}", _LICENCE, urls=urls, sha256=sha256, note=note)


_NOTELE = "noteleDHM-Tool (https://github.com/OIRL/noteleDHM-Tool)"
_PYDHM = "pyDHM (https://github.com/catrujilla/pyDHM)"

HOLOGRAMS: dict[str, DataFile] = {
    "cell": _file(
        "hologram_cell.npz",
        "hologram_cell.npz",
        "3cc5a7926b40940072eeebac2f29f655b83c85757d5cbb0ec5602dd221a900a9",
        "the example hologram_cell.npz of qpretrieve (https://github.com/RI-imaging/qpretrieve): arrays data and bg_data, "
        "uint8, 200x210",
    ),
    "glioblastoma": _file(
        "glioblastoma.jpg",
        "Glioblastoma.jpg",
        "dc681392038b6eda785cc545a429b1abbac21eb68ed28bc81e2c28d92c773066",
        f"a sample hologram of {_PYDHM}, 2049x2049 pixels",
    ),
    "blood": _file(
        "blood.jpg",
        "RBC.jpg",
        "790e46ce606456b5643d643869e6a723d48c7e59b8ae6b2e95fb96f661ee8238",
        f"a sample hologram of {_PYDHM}, 1023x1023 pixels",
    ),
    "fly": _file(
        "fly.png",
        "holonotele_fly-resize.png",
        "1c6f142b5809bacb5ef5750edeff8aee1cfe8a0532f409b57f0aa7c6c93834e8",
        f"a sample hologram of {_PYDHM}, 1024x1024 pixels",
    ),
    "spokes": _file(
        "spokes.png",
        "star-target.png",
        "5101dc717e6f4fe187777ba5169525fe7f46c99ccde5e55c6c90a11d0d59ec20",
        f"a sample hologram of {_PYDHM}, 2048x2048 pixels",
    ),
    "usaf": _file(
        "usaf.tiff",
        "4cm_20x_usaf_small.tiff",
        "3dc0155c6da200f8c9c3bfd94f17774cf7c30317a0dd465cf4167be8a1be86b1",
        f"a sample hologram of {_NOTELE}, 600x960 pixels",
    ),
    "cakes": _file(
        "cakes.tiff",
        "4cm_20x_bigcakes.tiff",
        "63f50b0a7366792e4e9fe440d483465d94a3b25d074424ab5c2974d5bde4600f",
        f"a sample hologram of {_NOTELE}, 1200x1920 pixels",
    ),
    "star": _file(
        "star.tiff",
        "-4cm_20x_star.tiff",
        "cb8e50be6446057f7d5d39f3e199b29dade3c6d1dd11dcd663aab79dac54be28",
        f"a sample hologram of {_NOTELE}, 1200x1920 pixels",
    ),
    "shamu": _file(
        "shamu.tif",
        "USAF_test.tif",
        "442c03dd979b97072f42d21f07279f558726996b356aa2b5b4b7b3c70dad9856",
        "the hologram of a chart of shampoo (https://github.com/bmorris3/shampoo), 1024x1024 pixels",
    ),
    "bead": _file(
        "bead.h5",
        "single_hdf5_raw-oah.h5",
        "d37c9a97a7c68ec21d2823fb238b67a464c445fcebd8b50a17e4420235fef976",
        "a hologram from the tests of qpformat (https://github.com/RI-imaging/qpformat): array 0, 294x280",
    ),
}
"""Files by the names of their holograms."""

JUDGED = ("fly", "spokes", "cakes", "shamu", "bead")
"""The five to judge solvers by; choices are made on the others."""


@register(
    "offaxis-real",
    task="off-axis",
    cite=(
        "qpretrieve, https://github.com/RI-imaging/qpretrieve; qpformat, https://github.com/RI-imaging/qpformat; "
        "Castañeda, Trujillo, Doblas, PLoS ONE 17 (2022) e0275818, doi:10.1371/journal.pone.0275818; "
        "noteleDHM, https://github.com/OIRL/noteleDHM-Tool; shampoo, https://github.com/bmorris3/shampoo"
    ),
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class OffAxisReal(Dataset):
    """Ten holograms, 200x210 to 2049x2049 pixels. There is no truth; objects count as delaying light, which decides the sign.

    ``cell``, an HL60 cell in suspension, with its background; ``glioblastoma``, adherent cells; ``blood``, red blood cells;
    ``fly``, a part of a fly; ``spokes``, ``star``, star targets; ``usaf``, ``shamu``, resolution charts; ``cakes``, round steps;
    ``bead``, a round body. ``usaf``, ``cakes``, ``star``, ``blood`` and ``fly`` come from microscopes that are not telecentric.
    """

    hologram: Literal[
        "cell", "glioblastoma", "blood", "fly", "spokes", "usaf", "cakes", "star", "shamu", "bead"
    ] = setting("cell", doc="which one")  # fmt: skip
    background: bool = setting(True, doc="whether the background is given with the cell's hologram")

    files: ClassVar[tuple[DataFile, ...]] = tuple(HOLOGRAMS.values())

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
        path, sha256 = locate(HOLOGRAMS[self.hologram], self.plugin_name)
        inside = "0" if path.suffix == ".h5" else None
        seen: np.ndarray = npz_array(path, "data") if cell else read_image(str(path), inside).image
        empty = npz_array(path, "bg_data") if cell and self.background else None
        return Problem(
            measurement=Hologram(seen, empty, denser=True),
            truth=None,
            id=f"{self.plugin_name}-{self.hologram}{'' if empty is None else '-background'}-{split}",
            split=split,
            provenance=Provenance(source=HOLOGRAMS[self.hologram].note, licence=_LICENCE, sha256=sha256),
        )
