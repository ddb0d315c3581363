"""A user's own off-axis hologram."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, format_name, register, setting
from prbench.core.data_files import DataFile, sha256_of
from prbench.core.inspection import Inspection
from prbench.core.measurement import filled_from_nearest
from prbench.errors import BadInput, UsageError
from prbench.physics.fringe_quality import fringes_stand_out
from prbench.physics.fringes import find_carrier
from prbench.physics.materials import wavelength_of_energy
from prbench.tasks.off_axis import Hologram
from prbench.tasks.off_axis.measurement import LEAST_SIDE_PX

from ..readers.images_of_objects import look_at
from ..readers.one_image import MASK_DOC, MEANS_DOC, OneImage, files_of, named_array, overexposed, read_image

NO_FRINGES = (
    "no fringes stand out of the noise: a phase made of it would mean nothing; check that it is the raw interferogram "
    "and that its fringes are sampled by more than two pixels"
)


@register("offaxis-file", task="off-axis", cite="the file's own", licence="the file's own", tags=("measured",))
@dataclass(frozen=True)
class OffAxisFile(Dataset):
    """A measured interferogram (rows, columns) in CXI/HDF5, NPZ, NPY, TIFF, EDF, PNG or JPEG. There is no truth.

    One interferogram does not tell the sign of its phase: it is the one in which the object delays light, unless ``denser`` is
    false; then that of fringes with a positive column frequency, or of the order nearer to a carrier that is given.
    """

    path: str = setting("", doc="of the file, or file.h5::/array")
    dataset: str | None = setting(None, doc="array inside an HDF5, NPZ or MAT file; none: by convention")
    background: str | None = setting(None, doc="another file, or another array of the same: the hologram without the object")
    mask: str | None = setting(None, doc=MASK_DOC)
    mask_means: Literal["unusable", "measured"] = setting("unusable", doc=MEANS_DOC)
    invalid: Literal["error", "mask"] = setting("error", doc="pixels that are not finite: refuse the file, or leave them out")
    wavelength_m: float | None = setting(
        None,
        valid="(0, 1)",
        doc="of the light in vacuum; none: the file's",
        unit="m",
        also={"energy_ev": wavelength_of_energy},
    )
    pixel_m: float | None = setting(None, valid="(0, 1)", doc="of the camera, seen at the object; none: the file's", unit="m")
    refractive_contrast: float | None = setting(
        None, valid="[-2, 2]", doc="index of the object minus the medium's, by which a phase is a thickness"
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
        image, fit, geometry, notes = seen
        settings: dict[str, object] = {"path": path}
        inside = [note.path.rpartition("::")[2] for note in notes if "::" in note.path and note.shape == image.shape]
        empty = next((name for name in inside if name in ("bg_data", "background", "reference", "empty")), None)
        if empty is not None:
            settings |= {"dataset": next(name for name in inside if name != empty), "background": empty}
        wrong = ~np.isfinite(image)
        warnings = overexposed(image, None)
        if wrong.any():
            settings["invalid"] = "mask"
            warnings.append(f"{int(wrong.sum())} pixels are not finite; invalid=mask leaves them out")
        plain = filled_from_nearest(image, ~wrong).astype(np.float64)
        row, column = find_carrier(plain)
        if min(plain.shape) >= LEAST_SIDE_PX and not fringes_stand_out(plain, (row, column)):
            warnings.append(NO_FRINGES)
        fringes = f"{row:.4f}, {column:.4f} cycles per pixel along rows and columns"
        facts = {"geometry": ", ".join(f"{name} {value:.6g}" for name, value in geometry.items() if value) or "not in the file"}
        facts = {"carrier": fringes, **facts} if fit > 0.5 else facts
        return Inspection(format_name(cls.plugin_name, settings), "off-axis", fit, notes, facts, tuple(warnings), picture=image)

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """The hologram's file, and the background's where that is another."""
        if not self.path:
            raise UsageError(self._example)
        return files_of(self.path, self.background, self.mask)

    def make(self, index: int, seed: int, split: Split) -> Problem:  # noqa: ARG002 - there is one
        """Read the files.

        Raises:
            UsageError: where no file is named, or only half of a carrier.
            BadInput: naming the file, where it is not what it must be.
        """
        if (self.carrier_row is None) != (self.carrier_column is None):
            raise UsageError(f"{self.plugin_name}: give both carrier_row and carrier_column, or neither")
        carrier = None if self.carrier_row is None or self.carrier_column is None else (self.carrier_row, self.carrier_column)
        if not self.path:
            raise UsageError(self._example)
        seen = read_image(self.path, self.dataset, mask=self.mask, mask_means=self.mask_means, invalid=self.invalid)
        empty = None if self.background is None else self._background(seen)
        _refuse_without_fringes(seen, carrier)
        path = Path(self.inputs[0])
        sha256 = sha256_of(path)
        return Problem(
            measurement=Hologram(
                seen.image,
                empty,
                seen.mask,
                wavelength_m=self.wavelength_m or seen.geometry["wavelength_m"],
                pixel_m=self.pixel_m or seen.geometry["pixel_m"],
                carrier=carrier,
                denser=self.denser,
                refractive_contrast=self.refractive_contrast,
            ),
            truth=None,
            id=f"{self.plugin_name}-{path.stem}-{sha256[:8]}",
            split=split,
            provenance=Provenance(source=path.name, licence="the file's own", sha256=sha256),
            warnings=seen.warnings,
        )

    def _background(self, seen: OneImage) -> np.ndarray:
        """The hologram without the object, of the hologram's shape."""
        assert self.background is not None
        result = named_array(self.path, self.background)
        result = result.reshape([n for n in result.shape if n != 1])
        if result.shape != seen.image.shape:
            raise BadInput(f"{self.background}: background has shape {result.shape}, the interferogram {seen.image.shape}")
        return result

    @property
    def _example(self) -> str:
        return f"{self.plugin_name}: give the file, as in {self.plugin_name}[path=hologram.tif,background=empty.tif]"


def _refuse_without_fringes(seen: OneImage, carrier: tuple[float, float] | None) -> None:
    """Refuse an image whose spectrum shows no carrier: of noise any phase can be made."""
    if min(seen.image.shape) < LEAST_SIDE_PX or not np.ptp(seen.image[... if seen.mask is None else seen.mask]):
        return  # refused by the measurement itself, which says so
    plain = seen.image if seen.mask is None else filled_from_nearest(seen.image, seen.mask)
    if not fringes_stand_out(plain.astype(np.float64), carrier and find_carrier(plain.astype(np.float64), carrier)):
        raise BadInput(f"{seen.where}: {NO_FRINGES}")
