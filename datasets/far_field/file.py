"""A user's own diffraction pattern."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.errors import UsageError
from prbench.tasks.far_field import FarField

from ..readers.pattern import binned, read_pattern
from ._measured import BIN_DOC, HOLDOUT_DOC, hold_out, parse_shape


@register("file", task="far-field", cite="the file's own", licence="the file's own", tags=("measured",))
@dataclass(frozen=True)
class File(Dataset):
    """A measured pattern in CXI/HDF5, NPZ, NPY, TIFF or EDF, 2D or 3D, zero frequency at index n // 2 of every axis.

    In CXI and HDF5 the pattern is looked for at ``/entry_1/data_1/data`` and ``/entry_1/instrument_1/detector_1/data``, with
    the mask beside it; in NPZ as ``intensity`` or ``data``, with ``bad`` or ``mask``. There is no truth.
    """

    path: str = setting("", doc="of the file")
    dataset: str | None = setting(None, doc="place of the pattern inside an HDF5 or NPZ file; none: by convention")
    mask: str | None = setting(None, doc="another file, or a place inside the same one; none: the one beside the pattern")
    mask_means: Literal["unusable", "measured"] = setting("unusable", doc="what a nonzero mask pixel says; CXI means unusable")
    invalid: Literal["error", "mask"] = setting("error", doc="negative and non-finite pixels: refuse the file, or leave them out")
    frame: int | None = setting(None, valid="[0, inf)", doc="one frame of a stack along the first axis; none: all of the array")
    bin: int = setting(1, valid="[1, 64]", doc=BIN_DOC)
    object_shape: str | None = setting(None, doc="shape of the object, such as 64x64; none: half the detector's, binned")
    gain: float | None = setting(None, valid="(0, inf)", doc="units of intensity a photon, for likelihoods; none: unknown")
    holdout: float = setting(0, valid="[0, 0.5]", doc=HOLDOUT_DOC)

    files: ClassVar[tuple[DataFile, ...]] = ()

    @property
    def samples(self) -> int:
        """One."""
        return 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """The pattern's file, and the mask's where that is another one."""
        if not self.path:
            raise UsageError("file: give the path of the pattern, as in file[path=measured.cxi]")
        mask = Path(self.mask).expanduser() if self.mask else None
        return (str(Path(self.path).expanduser()), *((str(mask),) if mask is not None and mask.is_file() else ()))

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the file."""
        shape = None if self.object_shape is None else parse_shape(self.object_shape, "file: object_shape")
        path = Path(self.inputs[0])
        pattern = read_pattern(
            path,
            dataset=self.dataset,
            mask=self.mask,
            mask_means=self.mask_means,
            invalid=self.invalid,
            frame=self.frame,
        )
        pattern = binned(pattern, self.bin)
        problem = Problem(
            measurement=FarField(
                pattern.intensity,
                pattern.mask,
                shape,
                gain=self.gain,
                wavelength_m=pattern.wavelength_m,
                distance_m=pattern.distance_m,
                pixel_m=pattern.pixel_m,
            ),
            truth=None,
            id=f"file-{path.stem}-{pattern.sha256[:8]}",
            split=split,
            provenance=Provenance(source=path.name, licence="the file's own", sha256=pattern.sha256),
        )
        return hold_out(problem, self.holdout, self.streams(1, index, seed, split)[0])
