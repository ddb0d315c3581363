"""What every reader of a format starts from: the array as stored, and the limits that a file's declarations must keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np

from prbench.errors import BadInput

DataType = Literal["intensity", "amplitude"]

MAX_PIXELS = 2**29
"""Largest array that is read: 2 GiB of float32, 800 pixels per side in 3D. A header that declares more is refused unread."""

MAX_RATIO = 2000
"""Largest ratio of declared to stored bytes; deflate reaches 1032 on nothing but zeros."""
_SMALL = 2**24


class Refused(BadInput):
    """A file that other settings may read.

    Attributes:
        settings: these, by name.
    """

    def __init__(self, message: str, **settings: str) -> None:
        super().__init__(message)
        self.settings = settings


class Geometry(TypedDict):
    """Lengths in metres that a file states; None where it does not."""

    wavelength_m: float | None
    distance_m: float | None
    pixel_m: float | None


@dataclass(frozen=True, eq=False)
class Raw:
    """What a format's reader found.

    Attributes:
        data: the array, as stored.
        where: the file and the path inside it, for messages.
        flags: the mask stored beside the data, nonzero where unusable, or None.
        wavelength_m, distance_m, pixel_m: geometry, where the file has it.
        data_type: what the file says its values are; None where it says nothing.
        is_fft_shifted: whether the file says that zero frequency stands at index 0 of every axis; None where it says nothing.
        center: index of zero frequency along the last axes, as the file says; None where it says nothing.
        is_real_space: whether the file says that the array is an object rather than its diffraction; None where it says nothing.
        links: files that the data were read from besides the one named.
    """

    data: np.ndarray
    where: str
    flags: np.ndarray | None = None
    wavelength_m: float | None = None
    distance_m: float | None = None
    pixel_m: float | None = None
    data_type: DataType | None = None
    is_fft_shifted: bool | None = None
    center: tuple[float, ...] | None = None
    is_real_space: bool | None = None
    links: tuple[Path, ...] = field(default=())

    @property
    def geometry(self) -> Geometry:
        """The lengths that the file states."""
        return {"wavelength_m": self.wavelength_m, "distance_m": self.distance_m, "pixel_m": self.pixel_m}


def check_declared(where: str, shape: tuple[int, ...], dtype: np.dtype, stored: int | None = None) -> None:
    """Refuse, before reading, what a header declares to be too large, not numbers, or not one to four axes.

    Args:
        where: the file and the path inside it, for messages.
        shape: as declared.
        dtype: as declared.
        stored: bytes that hold the array, compressed or not, where that is known. No detector's image shrinks a
            :data:`MAX_RATIO`-fold.

    Raises:
        BadInput: in one line.
    """
    if dtype.kind not in "biufc":
        raise BadInput(f"{where}: holds {dtype}, expected numbers")
    if not 1 <= len(shape) <= 4 or 0 in shape:
        raise BadInput(f"{where}: shape is {shape}, expected two or three axes, none of them empty")
    pixels = 1
    for n in shape:
        pixels *= int(n)
    if pixels > MAX_PIXELS:
        raise BadInput(f"{where}: declares {pixels} pixels of shape {shape}, at most {MAX_PIXELS} are read; crop it first")
    size = pixels * dtype.itemsize
    if stored is not None and size > _SMALL and size > MAX_RATIO * stored:
        raise BadInput(f"{where}: declares {size} bytes and stores {stored}; most of it is missing, or it is a compression bomb")
    if size > _SMALL and 2 * size > (free := _free_memory()):
        raise BadInput(
            f"{where}: takes {2 * size / 2**30:.1f} GiB to read, {free / 2**30:.1f} GiB of memory are free; crop it first"
        )


def _free_memory() -> int:
    import psutil

    return int(psutil.virtual_memory().available)
