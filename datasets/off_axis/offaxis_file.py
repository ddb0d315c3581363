"""A user's own off-axis hologram."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, format_name, register, setting
from prbench.core.data_files import DataFile, sha256_of
from prbench.core.inspection import Inspection
from prbench.errors import BadInput, UsageError
from prbench.physics.fringes import find_carrier
from prbench.physics.materials import wavelength_of_energy
from prbench.tasks.off_axis import Hologram

from ..readers.formats import read_array
from ..readers.images_of_objects import look_at
from ..readers.pictures import SUFFIXES, read_picture


@register("offaxis-file", task="off-axis", cite="the file's own", licence="the file's own", tags=("measured",))
@dataclass(frozen=True)
class OffAxisFile(Dataset):
    """A measured interferogram (rows, columns) in CXI/HDF5, NPZ, NPY, TIFF, EDF, PNG or JPEG. There is no truth.

    One interferogram does not tell the sign of its phase: it is the one in which the object delays light, unless ``denser`` is
    false; then that of fringes with a positive column frequency, or of the order nearer to a carrier that is given.
    """

    path: str = setting("", doc="of the file")
    dataset: str | None = setting(None, doc="path of the image inside an HDF5 or NPZ file; none: by convention")
    background: str | None = setting(None, doc="another file, or another path in the same: the hologram without the object")
    wavelength_m: float | None = setting(
        None, valid="(0, 1)", doc="of the light in vacuum", unit="m", also={"energy_ev": wavelength_of_energy}
    )
    pixel_m: float | None = setting(None, valid="(0, 1)", doc="of the camera, seen at the object", unit="m")
    refractive_contrast: float | None = setting(
        None, valid="[-2, 2]", doc="index of the object less the medium's, by which a phase is a thickness"
    )
    denser: bool = setting(True, doc="whether the object delays light")
    carrier_row: float | None = setting(None, valid="[-0.5, 0.5]", doc="row frequency of the order to take, roughly", unit="1/px")
    carrier_column: float | None = setting(None, valid="[-0.5, 0.5]", doc="column frequency of that order", unit="1/px")

    files: ClassVar[tuple[DataFile, ...]] = ()

    @classmethod
    def inspect(cls, path: str) -> Inspection | None:
        """See :meth:`~prbench.core.Dataset.inspect`."""
        seen = look_at(path, "off-axis")
        if seen is None:
            return None
        image, fit, known, notes = seen
        settings: dict[str, object] = {"path": path}
        inside = [note.path.rpartition("::")[2] for note in notes if "::" in note.path and note.shape == image.shape]
        empty = next((name for name in inside if name in ("bg_data", "background", "reference", "empty")), None)
        if empty is not None:
            settings |= {"dataset": next(name for name in inside if name != empty), "background": empty}
        row, column = find_carrier(np.where(np.isfinite(image), image, 0).astype(np.float64))
        fringes = f"{row:.4f}, {column:.4f} cycles per pixel along rows and columns"
        facts = {"geometry": ", ".join(f"{name} {value:.6g}" for name, value in known.items() if value) or "not in the file"}
        facts = {"carrier": fringes, **facts} if fit > 0.5 else facts
        return Inspection(format_name(cls.plugin_name, settings), "off-axis", fit, notes, facts, picture=image)

    @property
    def samples(self) -> int:
        """One."""
        return 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """The hologram's file, and the background's where that is another."""
        if not self.path:
            raise UsageError(
                f"{self.plugin_name}: give the file, as in {self.plugin_name}[path=hologram.tif,background=empty.tif]"
            )
        result = [str(Path(self.path).expanduser())]
        if self.background is not None and not self._is_inside:
            result.append(str(Path(self.background).expanduser()))
        return tuple(result)

    @property
    def _is_inside(self) -> bool:
        """Whether the background is a path in the hologram's file."""
        return self.background is not None and self.dataset is not None and not Path(self.background).expanduser().is_file()

    def make(self, index: int, seed: int, split: Split) -> Problem:  # noqa: ARG002 - there is one
        """Read the files.

        Raises:
            UsageError: where no file is named, or only half of a carrier.
            BadInput: naming the file, where it is not what it must be.
        """
        if (self.carrier_row is None) != (self.carrier_column is None):
            raise UsageError(f"{self.plugin_name}: give both carrier_row and carrier_column, or neither")
        carrier = None if self.carrier_row is None or self.carrier_column is None else (self.carrier_row, self.carrier_column)
        paths = [Path(path) for path in self.inputs]
        seen, mask = _read(paths[0], self.dataset)
        empty = None
        if self.background is not None:
            empty, _ = _read(paths[0], self.background) if self._is_inside else _read(paths[1], None)
        sha256 = sha256_of(paths[0])
        return Problem(
            measurement=Hologram(
                seen,
                empty,
                mask,
                wavelength_m=self.wavelength_m,
                pixel_m=self.pixel_m,
                carrier=carrier,
                denser=self.denser,
                refractive_contrast=self.refractive_contrast,
            ),
            truth=None,
            id=f"{self.plugin_name}-{paths[0].stem}-{sha256[:8]}",
            split=split,
            provenance=Provenance(source=paths[0].name, licence="the file's own", sha256=sha256),
        )


def _read(path: Path, inside: str | None) -> tuple[np.ndarray, np.ndarray | None]:
    """An image (rows, columns) as the file has it, and its mask, True where measured, where it has one."""
    if path.suffix.lower() in SUFFIXES:
        return read_picture(path), None
    raw = read_array(path, inside)
    if raw.data.ndim != 2:
        raise BadInput(f"{raw.where}: shape is {raw.data.shape}, expected one image (rows, columns)")
    if raw.flags is not None and raw.flags.shape != raw.data.shape:
        raise BadInput(f"{raw.where}: its mask has shape {raw.flags.shape}, the image {raw.data.shape}; they must be equal")
    return raw.data, None if raw.flags is None else raw.flags == 0
