"""A user's own near-field image."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from prbench.core import Dataset, HeldOut, Problem, Provenance, Rng, Split, format_name, register, setting
from prbench.core.data_files import DataFile, sha256_of
from prbench.core.inspection import Inspection
from prbench.errors import BadInput, UsageError, one_line
from prbench.physics.free_pixels import free_pixel_islands
from prbench.physics.materials import wavelength_of_energy
from prbench.tasks.near_field import NearField

from ..readers.images_of_objects import look_at
from ..readers.one_image import MASK_DOC, MEANS_DOC, OneImage, files_of, named_array, overexposed, read_image
from ..readers.raw import Geometry
from ._simulated import MODEL_DOC, PADDING_DOC, Model

_EMPTY = (0.8, 1.25)
"""Between these an image's median passes for an empty beam's intensity of 1."""


@register("near-field-file", task="near-field", cite="the file's own", licence="the file's own", tags=("measured",))
@dataclass(frozen=True)
class NearFieldFile(Dataset):
    """A measured in-line image (rows, columns) in CXI/HDF5, NPZ, NPY, MAT, TIFF, EDF, CBF, PNG or JPEG. There is no truth.

    It is divided by a flat field, or else by its median, which is the empty beam's where most of the frame is empty. In a cone
    beam that magnifies M times, ``distance_m`` is the effective distance, that from object to detector over M, and ``pixel_m``
    the detector's over M. What is known of the object makes the answer: a phase in ``phase_range``, a transmission in
    ``amplitude_range``, no absorption (``pure_phase``), or absorption in proportion to the phase (``delta_beta``).
    """

    path: str = setting("", doc="of the file, or file.h5::/array")
    dataset: str | None = setting(None, doc="path of the image inside an HDF5, NPZ or MAT file; none: by convention")
    flat: str | None = setting(None, doc="another file, or another array of the same: the image without the object")
    normalise: Literal["median", "one"] = setting(
        "median", was="background", doc="what the empty beam is without a flat: the image's median, or 1"
    )
    mask: str | None = setting(None, doc=MASK_DOC)
    mask_means: Literal["unusable", "measured"] = setting("unusable", doc=MEANS_DOC)
    invalid: Literal["error", "mask"] = setting("error", doc="negative and non-finite pixels: refuse the file, or leave them out")
    wavelength_m: float | None = setting(
        None, valid="(0, 1)", doc="of the light; none: the file's", unit="m", also={"energy_ev": wavelength_of_energy}
    )
    pixel_m: float | None = setting(
        None, valid="(0, 1)", doc="of the detector, over the magnification of a cone beam; none: the file's", unit="m"
    )
    distance_m: float | None = setting(
        None,
        valid="[0, inf)",
        doc="from object to detector, over the magnification of a cone beam; none: the file's",
        unit="m",
    )
    padding: int = setting(64, valid="[0, 4096]", doc=PADDING_DOC, unit="px")
    model: Model = setting("angular-spectrum", doc=MODEL_DOC)
    phase_range: str | None = setting(None, doc="least and largest phase in radians, such as 0:inf or -3:0; none: not known")
    amplitude_range: str | None = setting(
        None, doc="least and largest transmission of the amplitude, such as 0.6:1; none: not known"
    )
    pure_phase: bool = setting(False, doc="whether the object is known to absorb nothing")
    delta_beta: float | None = setting(None, valid="(0, inf)", doc="delta / beta of an object of one material; none: not known")
    gain: float | None = setting(None, valid="(0, inf)", doc="units of the image per photon; none: not known")
    refractive_contrast: float | None = setting(
        None, valid="[-2, 2]", doc="index of the object minus the surroundings', by which a phase is a height; none: not known"
    )
    holdout: float = setting(0.02, valid="[0, 0.5]", doc="fraction of pixels kept from the solver, for free_residual")

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
        warnings = [f"{wrong} pixels are negative or not finite; invalid=mask leaves them out"] if wrong else []
        warnings += overexposed(image, None)
        warnings += _unlike_an_empty_beam(float(np.nanmedian(image)), "median")
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
        """The image's file, the flat field's and the mask's."""
        if not self.path:
            raise UsageError(
                f"{self.plugin_name}: give the file, as in "
                f"{self.plugin_name}[path=image.tif,wavelength_m=532e-9,pixel_m=6.5e-6,distance_m=7e-3]"
            )
        return files_of(self.path, self.flat, self.mask)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the file.

        Raises:
            UsageError: where geometry is neither given nor in the file.
            BadInput: naming the file, where it is not what it must be.
        """
        path = Path(self.inputs[0])
        seen = read_image(
            self.path, self.dataset, mask=self.mask, mask_means=self.mask_means, invalid=self.invalid, negative=False
        )
        geometry = self._geometry(seen.geometry)
        image, mask, empty, said = self._divided(seen)
        sha256 = sha256_of(path)
        y = NearField(
            image,
            mask,
            padding=self.padding,
            model=self.model,
            pure_phase=self.pure_phase,
            phase_range=None if self.phase_range is None else parse_range("phase_range", self.phase_range),
            amplitude_range=None if self.amplitude_range is None else parse_range("amplitude_range", self.amplitude_range),
            delta_beta=self.delta_beta,
            gain=None if self.gain is None else self.gain / empty,
            refractive_contrast=self.refractive_contrast,
            wavelength_m=geometry["wavelength_m"],
            pixel_m=geometry["pixel_m"],
            distance_m=geometry["distance_m"],
        )
        measurement, held_out = _held_out(y, self.holdout, self.streams(1, index, seed, split)[0])
        return Problem(
            measurement=measurement,
            truth=None,
            id=f"{self.plugin_name}-{path.stem}-{sha256[:8]}",
            split=split,
            provenance=Provenance(source=path.name, licence="the file's own", sha256=sha256),
            held_out=held_out,
            warnings=(*seen.warnings, *said),
        )

    def _geometry(self, known: Geometry) -> dict[str, float]:
        """What the settings say, or else the file."""
        said = {
            "wavelength_m": known["wavelength_m"] if self.wavelength_m is None else self.wavelength_m,
            "pixel_m": known["pixel_m"] if self.pixel_m is None else self.pixel_m,
            "distance_m": known["distance_m"] if self.distance_m is None else self.distance_m,
        }
        missing = [name for name, value in said.items() if value is None]
        if missing:
            raise UsageError(f"{self.plugin_name}: give {', '.join(missing)}; what a fringe means depends on it")
        return {name: value for name, value in said.items() if value is not None}

    def _divided(self, seen: OneImage) -> tuple[np.ndarray, np.ndarray | None, float, list[str]]:
        """The image over the empty beam's, its mask, the empty beam's level, and what is said of it."""
        image, mask = seen.image.astype(np.float32), seen.mask
        measured = image if mask is None else image[mask]
        if self.flat is None:
            level = float(np.median(measured))
            if self.normalise == "one":
                return image, mask, 1.0, _unlike_an_empty_beam(level, "one")
            if level <= 0:
                raise BadInput(f"{seen.where}: the median is {level:g}, which no empty beam has; give flat=, or normalise=one")
            return image / np.float32(level), mask, level, _unlike_an_empty_beam(level, "median")
        flat = named_array(self.path, self.flat)
        flat = flat.reshape([n for n in flat.shape if n != 1]).astype(np.float32)
        if flat.shape != image.shape:
            raise BadInput(f"{self.flat}: the flat field has shape {flat.shape}, the image {image.shape}; they must be equal")
        lit = np.isfinite(flat) & (flat > 0)
        if not lit.any():
            raise BadInput(f"{self.flat}: no pixel of the flat field is above zero")
        said = [] if lit.all() else [f"{int((~lit).sum())} pixels of the flat field are not above zero: left out"]
        mask = (lit if mask is None else mask & lit) if not lit.all() or mask is not None else None
        return image / np.where(lit, flat, np.float32(1)), mask, float(np.median(flat[lit])), said


def _unlike_an_empty_beam(level: float, normalise: str) -> list[str]:
    """What is said of an image without a flat field whose median is not that of an empty beam."""
    if _EMPTY[0] < level < _EMPTY[1]:
        return []
    what = f"the median of the image is {level:.3g}, an empty beam's is 1"
    if normalise == "one":
        return [f"{what}: give flat=, or normalise=median divides by it; an untrained network finds nothing in such an image"]
    return [f"{what}: it was divided by its median; flat= is better, where most of the frame is not empty"]


def parse_range(name: str, text: str) -> tuple[float, float]:
    """A range written as ``0:3``, ``0:inf`` or ``-inf:0``, of the setting ``name``.

    Raises:
        UsageError: where the text does not have this form, or the first end is not the smaller one.
    """
    low, colon, high = text.partition(":")
    try:
        ends = (float(low), float(high)) if colon else (math.nan, math.nan)
    except ValueError:
        ends = (math.nan, math.nan)
    if not ends[0] < ends[1]:
        raise UsageError(f"{name} must be two numbers, the smaller first, such as 0:inf or 0.6:1, got {one_line(text, 40)!r}")
    return ends


def _held_out(y: NearField, fraction: float, rng: Rng) -> tuple[NearField, HeldOut | None]:
    """The measurement without a fraction of its measured pixels, in small islands, and these kept aside."""
    measured = np.ones(y.shape, dtype=bool) if y.mask is None else np.asarray(y.mask)
    free = free_pixel_islands(measured, fraction, rng, radius=1, exclude_centre=0.0)
    if not free.any():
        return y, None
    return dataclasses.replace(y, mask=measured & ~free), HeldOut(mask=free, intensity=y.intensity)
