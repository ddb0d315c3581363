"""GDXray, the public database of X-ray images, as phase objects."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from prbench.core import Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile, data_folder, sha256_of
from prbench.errors import BadInput, DataNotFound, UsageError, one_line

from ..readers.pictures import centre_square, read_picture, resized, stretched
from ._simulated import PictureOfPhase

_LICENCE = "research and education, no redistribution (see the database)"
_ADDRESS = "https://domingomery.ing.puc.cl/material/gdxray/"
_SERIES = re.compile(r"[A-Za-z]+/[A-Z]\d{4}")
_TRUTH = "ground_truth.txt"


@register(
    "gdxray",
    task="near-field",
    cite="Mery et al., J. Nondestruct. Eval. 34 (2015) 42, doi:10.1007/s10921-015-0315-7",
    licence=_LICENCE,
    tags=("measured",),
)
@dataclass(frozen=True)
class GDXray(PictureOfPhase):
    """A phase object (size, size) whose phase is the brightness of a radiograph of GDXray; the propagation is simulated.

    Reads the database's own layout, such as ``Castings/C0001/C0001_0001.png``: sample n is the n-th image of the series, its
    largest centred square. Where the series has a ``ground_truth.txt`` with rows ``image x1 x2 y1 y2``, ``Problem.reference``
    holds ``defects``, True inside the boxes. The database is downloaded from https://domingomery.ing.puc.cl/material/gdxray/ by
    hand, into the folder ``gdxray`` of the data folder or any other.
    """

    path: str | None = setting(
        None, doc="the folder that holds Castings, Welds, Baggages, Nature or Settings; none: gdxray in the data folder"
    )
    series: str = setting("Castings/C0001", doc="group and series, such as Welds/W0001")

    files: ClassVar[tuple[DataFile, ...]] = ()

    def __post_init__(self) -> None:
        """Refuse a series that is not of the database's form."""
        super().__post_init__()
        if not _SERIES.fullmatch(self.series):
            raise UsageError(
                f"{self.plugin_name}: series must look like Castings/C0001 or Welds/W0001, got {one_line(self.series, 60)!r}"
            )

    @property
    def samples(self) -> int:
        """As many as the series has images."""
        return len(self._images())

    @property
    def inputs(self) -> tuple[str, ...]:
        """The images and the boxes, where a folder is named."""
        if self.path is None:
            return ()
        boxes = self._folder() / _TRUTH
        return tuple(str(path) for path in (*self._images(), *([boxes] if boxes.is_file() else [])))

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read image ``index``."""
        path = self._images()[index]
        picture = read_picture(path)
        boxes = self._folder() / _TRUTH
        reference = {}
        if boxes.is_file():
            inside = box_mask(boxes, _number(path), picture.shape)
            reference["defects"] = resized(centre_square(inside), self.size) > 0.5
        return self.problem_of(
            stretched(resized(centre_square(picture), self.size)),
            (index, seed, split),
            self.streams(1, index, seed, split)[0],
            name=f"{self.plugin_name}-{path.stem}",
            provenance=Provenance(source=f"GDXray, {path.stem}; propagated by prbench", licence=_LICENCE, sha256=sha256_of(path)),
            reference=reference,
        )

    @classmethod
    def adopt(cls, folder: Path | None) -> tuple[str, ...]:
        """See :meth:`~prbench.core.Dataset.adopt`: every series below ``folder``, its pictures and boxes read once."""
        if folder is None:
            raise DataNotFound(
                f"{cls.plugin_name}: the database's terms forbid a download by prbench; get a group such as Castings.zip from "
                f"{_ADDRESS}, unpack it, and let `prbench data get {cls.plugin_name} --from FOLDER` check and copy it"
            )
        taken = []
        for series in sorted(path for path in folder.rglob("*") if path.is_dir() and _SERIES.fullmatch(_last_two(path))):
            images = sorted(series.glob(f"{series.name}_*.png"), key=_number)
            if not images:
                continue
            shapes = {path: read_picture(path).shape for path in images}
            boxes = series / _TRUTH
            if boxes.is_file():
                box_mask(boxes, _number(images[0]), shapes[images[0]])
            home = data_folder() / "gdxray" / _last_two(series)
            home.mkdir(parents=True, exist_ok=True)
            for path in (*images, *([boxes] if boxes.is_file() else [])):
                if path.resolve() != (home / path.name).resolve():
                    shutil.copyfile(path, home / path.name)
            taken.append(f"{_last_two(series)}: {len(images)} images{', with boxes' if boxes.is_file() else ''} in {home}")
        if not taken:
            raise DataNotFound(f"{folder} holds no series such as Castings/C0001 with C0001_0001.png; unpack one of {_ADDRESS}")
        return tuple(taken)

    def _folder(self) -> Path:
        return (data_folder() / "gdxray" if self.path is None else Path(self.path).expanduser()) / self.series

    def _images(self) -> list[Path]:
        name = self.series.rpartition("/")[2]
        result = sorted(self._folder().glob(f"{name}_*.png"), key=_number)
        if not result:
            raise DataNotFound(
                f"{self.plugin_name} needs images such as {self._folder() / f'{name}_0001.png'}; download the group from "
                "https://domingomery.ing.puc.cl/material/gdxray/ and give the folder that holds it as path="
            )
        return result


def _last_two(path: Path) -> str:
    """Group and series, as in ``Castings/C0001``."""
    return f"{path.parent.name}/{path.name}"


def box_mask(path: Path, image: int, shape: tuple[int, ...]) -> np.ndarray:
    """The defects of one image of a series, float64 (rows, columns): 1 inside its boxes.

    Args:
        path: of ``ground_truth.txt``, rows ``image x1 x2 y1 y2``, x along the columns, counted from 1, ends included.
        image: its number.
        shape: of the image.

    Raises:
        BadInput: for a file whose rows are not five numbers.
    """
    inside = np.zeros(shape)
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if not line.strip():
            continue
        try:
            which, x1, x2, y1, y2 = (float(word) for word in line.split())
        except ValueError as error:
            raise BadInput(f"{path}, line {number}: expected image x1 x2 y1 y2, got {one_line(line, 60)!r}") from error
        if which == image:
            inside[max(round(y1) - 1, 0) : max(round(y2), 0), max(round(x1) - 1, 0) : max(round(x2), 0)] = 1
    return inside


def _number(path: Path) -> int:
    digits = path.stem.rpartition("_")[2]
    if not digits.isdecimal():
        raise BadInput(f"{path}: expected a name such as C0001_0001.png")
    return int(digits)
