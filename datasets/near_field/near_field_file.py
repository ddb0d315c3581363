"""A user's own near-field image."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, Problem, Provenance, Split, format_name, register, setting
from prbench.core.data_files import DataFile, sha256_of
from prbench.core.inspection import Inspection
from prbench.errors import BadInput, UsageError
from prbench.physics.materials import wavelength_of_energy
from prbench.tasks.near_field import NearField

from ..readers.formats import read_array
from ..readers.images_of_objects import look_at
from ..readers.pictures import SUFFIXES, read_picture
from ._simulated import MODEL_DOC, PADDING_DOC, Model


@register("near-field-file", task="near-field", cite="the file's own", licence="the file's own", tags=("measured",))
@dataclass(frozen=True)
class NearFieldFile(Dataset):
    """A measured in-line image (rows, columns) in CXI/HDF5, NPZ, NPY, TIFF, EDF, PNG or JPEG. There is no truth.

    It is divided by a flat field, or else by its median, which is the empty beam's where most of the frame is empty.
    """

    path: str = setting("", doc="of the file")
    dataset: str | None = setting(None, doc="path of the image inside an HDF5 or NPZ file; none: by convention")
    flat: str | None = setting(None, doc="another file, the image without the object")
    background: Literal["median", "one"] = setting(
        "median", doc="what the empty beam is without a flat: the image's median, or 1"
    )
    invalid: Literal["error", "mask"] = setting("error", doc="negative and non-finite pixels: refuse the file, or leave them out")
    wavelength_m: float | None = setting(
        None, valid="(0, 1)", doc="of the light; none: the file's", unit="m", also={"energy_ev": wavelength_of_energy}
    )
    pixel_m: float | None = setting(
        None, valid="(0, 1)", doc="of the detector, at the object where the beam magnifies; none: the file's", unit="m"
    )
    distance_m: float | None = setting(None, valid="[0, inf)", doc="from object to detector; none: the file's", unit="m")
    padding: int = setting(64, valid="[0, 4096]", doc=PADDING_DOC, unit="px")
    model: Model = setting("angular-spectrum", doc=MODEL_DOC)
    pure_phase: bool = setting(False, doc="whether the object is known to absorb nothing")
    delta_beta: float | None = setting(None, valid="(0, inf)", doc="delta / beta of an object of one material; none: not known")

    files: ClassVar[tuple[DataFile, ...]] = ()

    @classmethod
    def inspect(cls, path: str) -> Inspection | None:
        """See :meth:`~prbench.core.Dataset.inspect`."""
        seen = look_at(path, "near-field")
        if seen is None:
            return None
        image, fit, known, notes = seen
        missing = tuple(name for name, value in known.items() if value is None)
        wrong = int((~np.isfinite(image) | (image < 0)).sum())
        settings = {"path": path, **({"invalid": "mask"} if wrong else {}), **{name: name.upper() for name in missing}}
        level = float(np.nanmedian(image))
        warnings = [f"{wrong} pixels are negative or not finite; invalid=mask leaves them out"] if wrong else []
        if not 0.8 < level < 1.25:
            warnings.append(f"the median is {level:.3g}, an empty beam's is 1: give flat=, or the image is divided by its median")
        facts = {"geometry": ", ".join(f"{name} {value:.6g}" for name, value in known.items() if value) or "not in the file"}
        return Inspection(
            format_name(cls.plugin_name, settings), "near-field", fit, notes, facts, tuple(warnings), missing, image
        )

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """The image's file, and the flat field's."""
        if not self.path:
            raise UsageError(
                f"{self.plugin_name}: give the file, as in "
                f"{self.plugin_name}[path=image.tif,wavelength_m=532e-9,pixel_m=6.5e-6,distance_m=7e-3]"
            )
        return tuple(str(Path(path).expanduser()) for path in (self.path, self.flat) if path)

    def make(self, index: int, seed: int, split: Split) -> Problem:  # noqa: ARG002 - there is one
        """Read the file.

        Raises:
            UsageError: where geometry is neither given nor in the file.
            BadInput: naming the file, where it is not what it must be.
        """
        paths = [Path(path) for path in self.inputs]
        image, mask, known = _read(paths[0], self.dataset)
        geometry = self._geometry(known)
        empty = self._empty_beam(image, paths)
        image = image / np.where(empty > 0, empty, np.nan)
        if self.invalid == "mask":
            usable = np.isfinite(image) & (image >= 0)
            mask = usable if mask is None else mask & usable
        return Problem(
            measurement=NearField(
                image,
                mask,
                padding=self.padding,
                model=self.model,
                pure_phase=self.pure_phase,
                delta_beta=self.delta_beta,
                wavelength_m=geometry["wavelength_m"],
                pixel_m=geometry["pixel_m"],
                distance_m=geometry["distance_m"],
            ),
            truth=None,
            id=f"{self.plugin_name}-{paths[0].stem}-{sha256_of(paths[0])[:8]}",
            split=split,
            provenance=Provenance(source=paths[0].name, licence="the file's own", sha256=sha256_of(paths[0])),
        )

    def _geometry(self, known: dict[str, float | None]) -> dict[str, float]:
        """What the settings say, or else the file."""
        result: dict[str, float] = {}
        for name in ("wavelength_m", "pixel_m", "distance_m"):
            said = getattr(self, name)
            value = known.get(name) if said is None else said
            if value is not None:
                result[name] = value
        missing = [name for name in ("wavelength_m", "pixel_m", "distance_m") if name not in result]
        if missing:
            raise UsageError(f"{self.plugin_name}: give {', '.join(missing)}; what a fringe means depends on it")
        return result

    def _empty_beam(self, image: np.ndarray, paths: list[Path]) -> np.ndarray:
        if self.flat is None:
            return np.asarray(np.nanmedian(image) if self.background == "median" else 1.0)
        flat, _, _ = _read(paths[1], None)
        if flat.shape != image.shape:
            raise BadInput(f"{paths[1]}: the flat field has shape {flat.shape}, the image {image.shape}; they must be equal")
        return flat


def _read(path: Path, dataset: str | None) -> tuple[np.ndarray, np.ndarray | None, dict[str, float | None]]:
    """Image (float32), mask and geometry of a file."""
    if path.suffix.lower() in SUFFIXES:
        return read_picture(path), None, {}
    raw = read_array(path, dataset)
    if raw.data.ndim != 2 or raw.data.dtype.kind not in "iufb":
        raise BadInput(f"{raw.where}: holds {raw.data.dtype} of shape {raw.data.shape}, expected one real image")
    mask = None
    if raw.flags is not None:
        if raw.flags.shape != raw.data.shape:
            raise BadInput(f"{raw.where}: its mask has shape {raw.flags.shape}, the image {raw.data.shape}")
        mask = raw.flags == 0
    known = {"wavelength_m": raw.wavelength_m, "pixel_m": raw.pixel_m, "distance_m": raw.distance_m}
    return raw.data.astype(np.float32), mask, known
