"""How a pattern is read: the settings of :func:`~prbench.datasets.readers.pattern.read_pattern`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .corrections import NO_CORRECTIONS, Corrections
from .hdf5 import Links
from .raw import DataType

MaskMeans = Literal["unusable", "measured"]
Invalid = Literal["error", "mask", "zero"]


@dataclass(frozen=True)
class Reading:
    """How a pattern is read; every default is the file's own word, or nothing done.

    Attributes:
        dataset: path of the intensity inside an HDF5 file, or its name in an NPZ or MAT; by convention where None.
        links: whether an HDF5 file may lead to others of its folder.
        mask: another file, a path inside one (``file::path``), or inside the same one; the mask beside the intensity where None.
        mask_means: what a nonzero pixel of the mask says. CXI, PyNX and most detectors' software mean ``unusable``.
        invalid: whether measured pixels that are negative, not finite, or at the largest number of their type are an ``error``,
            unmeasured (``mask``), or zero (``zero``).
        frames: ``all`` of a stack, its ``sum`` or ``mean``, the number of one, or ``A:B``.
        data_type: whether the values are intensities or amplitudes; as the file says where None, else intensities.
        is_fft_shifted: whether zero frequency is at index 0; as the file says where None, else at ``n // 2``.
        center: what becomes index ``n // 2``: ``peak``, ``com`` (centre of mass), or indices; as the file says where None.
        crop: a shape about zero frequency, or a region such as ``100:400x0:512``.
        bin: pixels along every axis that are added up to one.
        threshold: counts, after binning, up to this are set to zero.
        corrections: dark, flat, background, saturation, hot pixels.
    """

    dataset: str | None = None
    links: Links = "no"
    mask: str | None = None
    mask_means: MaskMeans = "unusable"
    invalid: Invalid = "error"
    frames: str = "all"
    data_type: DataType | None = None
    is_fft_shifted: bool | None = None
    center: str | None = None
    crop: str | None = None
    bin: int = 1
    threshold: float = 0
    corrections: Corrections = NO_CORRECTIONS
