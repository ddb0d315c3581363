"""The benchmark problems of Elser, Lan and Bendory: atoms in a periodic cell, from easy to hard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.errors import BadInput, one_line
from prbench.tasks.far_field import FarField

from ..originals.table import original
from ..readers.locate import locate
from .atoms2d import PIXELS_PER_ATOM

_SIDE = 128
_HALF = _SIDE // 2
_MAX_BYTES = 2**20
_ATOMS = (100, 140, 175, 200, 225, 245, 265, 285, 300, 315, 330, 345, 360, 375, 385, 400)
NAMES = tuple(f"{atoms}{grade}" for atoms in _ATOMS for grade in "EMH")
_LICENCE = "none stated; published as a benchmark"
_REPOSITORY = "veitelser/phase-retrieval-benchmarks"


def _file(name: str) -> DataFile:
    public = original("elser", f"data{name}")
    return DataFile(
        name=f"far_field/elser/data{name}",
        licence=_LICENCE,
        urls=(public.url,),
        sha256=public.sha256,
        note=f"https://github.com/{_REPOSITORY}, file data/data{name}",
    )


@register(
    "elser",
    task="far-field",
    cite="Elser, Lan, Bendory, SIAM J. Imaging Sci. 11 (2018) 2429, doi:10.1137/18M1170364, arXiv:1706.00399",
    licence=_LICENCE,
    tags=("simulated", "published"),
)
@dataclass(frozen=True)
class Elser(Dataset):
    """One of 48 published problems, ``{atoms}{E|M|H}``: easy, medium, hard for 100 to 400 atoms.

    A periodic, real, nonnegative cell of 128x128 pixels. The solver knows that eight pixels an atom differ from zero, not where.
    Frequency zero is unmeasured, the Nyquist column is zero. No truth is published: solved when those pixels hold more than
    95 % of the power.
    """

    name: str = setting("100E", choices=NAMES, doc="number of atoms and grade")

    files: ClassVar[tuple[DataFile, ...]] = tuple(_file(name) for name in NAMES)

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the problem."""
        path, sha256 = locate(_file(self.name), self.plugin_name)
        intensity, mask = read_half_plane(path)
        return Problem(
            measurement=FarField(
                intensity,
                mask,
                (_SIDE, _SIDE),
                support_size=PIXELS_PER_ATOM * int(self.name[:-1]),
                real=True,
                nonnegative=True,
            ),
            truth=None,
            id=f"{self.plugin_name}-{self.name}-{split}-{seed}-{index}",
            split=split,
            provenance=Provenance(source=f"https://github.com/{_REPOSITORY}", licence=_LICENCE, sha256=sha256),
        )


def read_half_plane(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a file of 128 rows of 64 integers and complete it to the detector's layout.

    Rows are ky in FFT order, columns kx from 0 to 63. The other half follows by Friedel's law; the Nyquist column kx = 64 is 0.

    Returns:
        intensity, float32 (128, 128), zero frequency at (64, 64); and the mask, False at zero frequency only.

    Raises:
        BadInput: unless the file has this layout.
    """
    expected = f"expected {_SIDE} rows of {_HALF} integers"
    if path.stat().st_size > _MAX_BYTES:
        raise BadInput(f"{path}: has {path.stat().st_size} bytes, {expected}")
    try:
        rows = [[int(word) for word in line.split()] for line in path.read_text("ascii").splitlines() if line.strip()]
    except ValueError as error:
        raise BadInput(f"{path}: holds something else than integers ({one_line(error, 80)}), {expected}") from error
    widths = {len(row) for row in rows}
    if len(rows) != _SIDE or widths != {_HALF}:
        raise BadInput(f"{path}: has {len(rows)} rows of {sorted(widths)[:4]} numbers, {expected}")
    half = np.array(rows, dtype=np.float64)
    if (half < 0).any():
        raise BadInput(f"{path}: holds negative intensities")
    if half[0, 0] != 0:
        raise BadInput(f"{path}: I[0,0] is {half[0, 0]:g}, expected 0, which stands for unmeasured")
    full = np.zeros((_SIDE, _SIDE), dtype=np.float32)
    full[:, :_HALF] = half
    opposite = -np.arange(_SIDE) % _SIDE
    full[:, _HALF + 1 :] = half[opposite][:, :0:-1]
    mask = np.ones((_SIDE, _SIDE), dtype=bool)
    mask[0, 0] = False
    return np.fft.fftshift(full), np.fft.fftshift(mask)
