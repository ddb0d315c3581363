"""A user's own diffraction pattern."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from prbench.core import Dataset, Problem, Provenance, Split, register, setting
from prbench.core.data_files import DataFile
from prbench.core.inspection import Inspection
from prbench.errors import UsageError
from prbench.tasks.far_field import FarField

from ..readers.corrections import Corrections
from ..readers.pattern import read_pattern
from ..readers.reading import Reading
from ..readers.scans import linked_files, pattern_address
from ..readers.series import parse_address
from ._inspection import inspect_pattern
from ._measured import BIN_DOC, HOLDOUT_DOC, hold_out, parse_shape, read_initial, read_support


@register("file", task="far-field", cite="the file's own", licence="the file's own", tags=("measured",))
@dataclass(frozen=True)
class File(Dataset):
    """A measured pattern, 2D or 3D, in CXI/HDF5, NPZ, NPY, MAT, TIFF, EDF or CBF, or a series of images. There is no truth.

    Zero frequency is at index n // 2 of every axis unless the file or a setting says otherwise. In HDF5 the pattern is found by
    the conventions of CXI, NeXus and Dectris; in NPZ and MAT as ``intensity`` or ``data``, with ``bad`` or ``mask``. A folder or
    a pattern such as ``scan/*.tif`` is a rocking series, sorted by number. A setting that names data takes a path, also with
    ``~`` and with the array inside, as in ``scan.h5::/entry/data/data``; one with a comma stands in quotes.
    """

    path: str = setting("", doc="a file, file.h5::/array, a folder of images, or a pattern such as scan/*.tif")
    dataset: str | None = setting(None, doc="array inside an HDF5, NPZ or MAT file; none: by convention")
    links: Literal["no", "folder"] = setting("no", doc="whether an HDF5 file may lead to others of its folder")
    spec: str | None = setting(None, doc="SPEC file and scan of a series, such as sample.spec::54: its images, its energy")
    mask: str | None = setting(None, doc="another file, or an array inside the same one; none: the one beside the pattern")
    mask_means: Literal["unusable", "measured"] = setting("unusable", doc="what a nonzero mask pixel says; CXI means unusable")
    invalid: Literal["error", "mask", "zero"] = setting(
        "error",
        doc="pixels below zero, not finite, at a counter's end: refuse, leave out, set to 0",
    )
    frames: str = setting("all", doc="of a stack: all, sum, mean, the number of one, or a range such as 0:10")
    data_type: Literal["intensity", "amplitude"] | None = setting(
        None, doc="what the values are; none: what the file says, or intensities"
    )
    is_fft_shifted: bool | None = setting(None, doc="whether zero frequency is at index 0; none: what the file says, or n // 2")
    center: str | None = setting(None, doc="zero frequency: peak, com, or indices such as '255,260'; none: the file's, or n // 2")
    crop: str | None = setting(None, doc="shape about zero frequency, such as 160x160, or a region, such as 100:400x0:512")
    dark: str | None = setting(None, doc="file or series to subtract, averaged")
    flat: str | None = setting(None, doc="file or series to divide by, averaged; zero means unmeasured")
    background: str | None = setting(None, doc="counts per pixel, or a file, to subtract")
    threshold: float = setting(0, valid="[0, inf)", doc="counts, after binning, up to this are set to zero")
    saturated: str | None = setting(
        None, doc="counts from which on a pixel is unmeasured, or max; inf: none; none: refuse the type's end"
    )
    hot: float | None = setting(None, valid="(1, inf)", doc="leave out pixels above this many times all but one neighbour")
    bin: int = setting(1, valid="[1, 64]", doc=BIN_DOC)
    object_shape: str | None = setting(None, doc="shape of the object, such as 64x64; none: half the detector's, binned")
    support: str | None = setting(None, doc="file of the support, or of a result that has one")
    initial: str | None = setting(None, doc="file of an object to begin from, such as a result's CXI")
    gain: float | None = setting(None, valid="(0, inf)", doc="units of intensity per photon, for likelihoods; none: unknown")
    holdout: float = setting(0.02, valid="[0, 0.5]", doc=HOLDOUT_DOC)

    files: ClassVar[tuple[DataFile, ...]] = ()

    @classmethod
    def inspect(cls, path: str) -> Inspection | None:
        """See :meth:`~prbench.core.Dataset.inspect`."""
        return inspect_pattern(path)

    @property
    def samples(self) -> int:
        """Number of problems: 1."""
        return 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """Every file that the settings lead to."""
        if not self.path:
            raise UsageError("file: give the path of the pattern, as in file[path=measured.cxi]")
        address = pattern_address(self.path, self.spec)
        result = [*address.paths]
        if self.links == "folder":
            result += linked_files(address.paths)
        for name in ("spec", "mask", "dark", "flat", "background", "support", "initial"):
            text = getattr(self, name)
            if text is not None:
                named = parse_address(text, name)
                inside = name in ("mask", "background") and not named.is_series and not named.paths[0].is_file()
                result += () if inside else named.paths
        return tuple(str(path) for path in dict.fromkeys(result))

    def make(self, index: int, seed: int, split: Split) -> Problem:
        """Read the files.

        Raises:
            UsageError: for settings that cannot be understood.
            BadInput: naming the file, where it is not what it must be.
        """
        if not self.path:
            raise UsageError("file: give the path of the pattern, as in file[path=measured.cxi]")
        shape = None if self.object_shape is None else parse_shape(self.object_shape, "file: object_shape")
        address = pattern_address(self.path, self.spec)
        pattern = read_pattern(address, self._reading())
        support = None if self.support is None else read_support(self.support, pattern.intensity.shape)
        initial = None if self.initial is None else read_initial(self.initial, pattern.intensity.shape)
        name = Path(self.path).name
        problem = Problem(
            measurement=FarField(
                pattern.intensity,
                pattern.mask,
                shape,
                support=support,
                initial=initial,
                gain=self.gain,
                wavelength_m=address.wavelength_m or pattern.wavelength_m,
                distance_m=pattern.distance_m,
                pixel_m=pattern.pixel_m,
            ),
            truth=None,
            id=f"file-{address.paths[0].stem}-{pattern.sha256[:8]}",
            split=split,
            provenance=Provenance(source=name, licence="the file's own", sha256=pattern.sha256),
            warnings=pattern.warnings,
        )
        return hold_out(problem, self.holdout, self.streams(1, index, seed, split)[0])

    def _reading(self) -> Reading:
        return Reading(
            dataset=self.dataset,
            links=self.links,
            mask=self.mask,
            mask_means=self.mask_means,
            invalid=self.invalid,
            frames=self.frames,
            data_type=self.data_type,
            is_fft_shifted=self.is_fft_shifted,
            center=self.center,
            crop=self.crop,
            bin=self.bin,
            threshold=self.threshold,
            corrections=Corrections(self.dark, self.flat, self.background, self.saturated, self.hot),
        )
