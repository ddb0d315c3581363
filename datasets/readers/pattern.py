"""Reading one diffraction pattern from whatever file it is in."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from prbench.core.data_files import sha256_of
from prbench.errors import BadInput, PrbenchError, one_line

MAX_PIXELS = 2**29
"""Largest array that is read: 2 GiB of float32, 800 pixels a side in 3D. A header that declares more is refused unread."""

MAX_RATIO = 2000
"""Largest ratio of declared to stored bytes; deflate reaches 1032 on nothing but zeros."""
_SMALL = 2**24


@dataclass(frozen=True, eq=False)
class Raw:
    """What a format's reader found.

    Attributes:
        data: the array, as stored.
        where: the file and the place inside it, for messages.
        flags: the mask stored beside the data, nonzero where unusable, or None.
        wavelength_m, distance_m, pixel_m: geometry, where the file has it.
    """

    data: np.ndarray
    where: str
    flags: np.ndarray | None = None
    wavelength_m: float | None = None
    distance_m: float | None = None
    pixel_m: float | None = None


@dataclass(frozen=True, eq=False)
class Pattern:
    """One diffraction pattern, checked.

    Attributes:
        intensity: float32, 2D or 3D, zero in unmeasured pixels.
        mask: bool, True where measured, or None where all of it is.
        sha256: of the file.
        wavelength_m, distance_m, pixel_m: geometry, where the file has it.
    """

    intensity: np.ndarray
    mask: np.ndarray | None
    sha256: str
    wavelength_m: float | None = None
    distance_m: float | None = None
    pixel_m: float | None = None


def read_array(path: Path, inside: str | None = None) -> Raw:
    """Read one array from a CXI/HDF5, NPZ, NPY, TIFF or EDF file, by its suffix.

    Args:
        path: of the file.
        inside: path of the data set in an HDF5 file, or name of the array in an NPZ; found by convention where None.

    Raises:
        BadInput: in one line, for anything that is not such a file; the library's own error is its cause.
    """
    from . import arrays, cxi, images

    readers: dict[str, Callable[[Path, str | None], Raw]] = {
        **dict.fromkeys((".cxi", ".h5", ".hdf5", ".hdf", ".nxs"), cxi.read),
        ".npy": arrays.read_npy,
        ".npz": arrays.read_npz,
        **dict.fromkeys((".tif", ".tiff"), images.read_tiff),
        ".edf": images.read_edf,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(f"{path}: suffix {path.suffix!r} is not known; expected one of {', '.join(readers)}")
    if not path.is_file():
        state = "is not a regular file" if path.exists() else "does not exist"
        raise BadInput(f"{path}: {state}")
    if not os.access(path, os.R_OK):
        raise BadInput(f"{path}: may not be read; check its permissions")
    try:
        return reader(path, inside)
    except PrbenchError:
        raise
    except Exception as error:
        kind = path.suffix.lower().lstrip(".")
        raise BadInput(f"{path}: not a readable {kind} file ({type(error).__name__}: {one_line(error, 120)})") from error


def check_declared(where: str, shape: tuple[int, ...], dtype: np.dtype, stored: int | None = None) -> None:
    """Refuse, before reading, what a header declares to be too large, not numbers, or not one to four axes.

    Args:
        where: the file and the place inside it, for messages.
        shape: as declared.
        dtype: as declared.
        stored: bytes that hold the array, compressed or not, where that is known. No detector's image shrinks a
            :data:`MAX_RATIO`-fold.
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


def read_pattern(
    path: Path,
    *,
    dataset: str | None = None,
    mask: str | None = None,
    mask_means: Literal["unusable", "measured"] = "unusable",
    invalid: Literal["error", "mask"] = "error",
    frame: int | None = None,
) -> Pattern:
    """Read and check one diffraction pattern.

    Args:
        path: of the file.
        dataset: place of the intensity inside an HDF5 or NPZ file; by convention where None.
        mask: another file, or a place inside the same one; the mask stored beside the intensity by convention where None.
        mask_means: what a nonzero pixel of the mask says. CXI, PyNX and most detectors' software mean ``unusable``.
        invalid: whether measured pixels that are negative or not finite are an ``error``, or unmeasured (``mask``).
        frame: number of one frame along the first axis of a stack; the whole array where None.

    Raises:
        BadInput: in one line naming the file, what was found and what was expected.
    """
    raw = read_array(path, dataset)
    data = _one_pattern(raw, frame)
    flags = raw.flags
    if mask is not None:
        other = Path(mask)
        flags = (read_array(other) if other.is_file() else read_array(path, mask)).data
    measured = None if flags is None else _measured(flags, raw, data.shape, frame, mask_means)
    intensity, measured = _checked(data, measured, raw.where, invalid)
    geometry = {name: getattr(raw, name) for name in ("wavelength_m", "distance_m", "pixel_m")}
    return Pattern(intensity, measured, sha256_of(path), **geometry)


def _one_pattern(raw: Raw, frame: int | None) -> np.ndarray:
    data = raw.data
    if data.dtype.kind == "c":
        raise BadInput(f"{raw.where}: holds complex numbers, expected intensities")
    if frame is not None:
        if data.ndim < 3 or not 0 <= frame < data.shape[0]:
            raise BadInput(f"{raw.where}: there is no frame {frame} in an array of shape {data.shape}")
        data = data[frame]
    data = data.reshape([n for n in data.shape if n != 1])
    if data.ndim not in (2, 3):
        more = "; frame=0 takes the first of a stack" if data.ndim > 3 else ""
        raise BadInput(f"{raw.where}: shape is {raw.data.shape}, expected two or three axes{more}")
    return data


def _measured(flags: np.ndarray, raw: Raw, shape: tuple[int, ...], frame: int | None, means: str) -> np.ndarray:
    if flags.dtype.kind not in "biuf":
        raise BadInput(f"{raw.where}: the mask holds {flags.dtype}, expected integers or booleans")
    if frame is not None and flags.ndim == raw.data.ndim:
        flags = flags[frame]
    flags = flags.reshape([n for n in flags.shape if n != 1])
    if flags.shape != shape and flags.shape != shape[-flags.ndim :]:
        raise BadInput(f"{raw.where}: shape is {shape}, its mask's {flags.shape}; they must be equal")
    measured = np.broadcast_to((flags != 0) == (means == "measured"), shape)
    if not measured.any():
        raise BadInput(f"{raw.where}: the mask leaves no pixel; nonzero was taken as {means}, mask_means changes that")
    return measured.copy()


def _checked(data: np.ndarray, measured: np.ndarray | None, where: str, invalid: str) -> tuple[np.ndarray, np.ndarray | None]:
    with np.errstate(over="ignore"):
        intensity = data.astype(np.float32)
    usable = np.isfinite(intensity) & (intensity >= 0)
    bad = ~usable if measured is None else ~usable & measured
    if bad.any():
        if invalid == "error":
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            raise BadInput(
                f"{where}: {int(bad.sum())} measured pixels are negative or not finite, the first at {first}; "
                "invalid=mask leaves them out"
            )
        measured = usable if measured is None else measured & usable
    if measured is not None:
        intensity = np.where(measured, intensity, np.float32(0))
    if not (intensity > 0).any():
        raise BadInput(f"{where}: no measured pixel is above zero, expected a diffraction pattern")
    return intensity, measured


def cropped(pattern: Pattern, region: tuple[slice, ...]) -> Pattern:
    """The pattern inside ``region``."""
    mask = None if pattern.mask is None else pattern.mask[region]
    return dataclasses.replace(pattern, intensity=np.ascontiguousarray(pattern.intensity[region]), mask=mask)


def binned(pattern: Pattern, factor: int) -> Pattern:
    """The pattern with ``factor`` pixels along every axis added up to one; an object of half as many fits each axis.

    Zero frequency, at index ``n // 2``, stays there, in the middle of its sum where the factor is odd; where it is even, half a
    pixel from it, by which the object gets a ramp of phase. Pixels at the rim that make no whole sum are left out. A sum is
    unmeasured where any of its pixels is, and what the sum blurs is a taper over the object's autocorrelation.

    Raises:
        BadInput: where less than two pixels are left along an axis.
    """
    if factor == 1:
        return pattern
    starts, counts = [], []
    for n in pattern.intensity.shape:
        count = n // factor
        while (start := n // 2 - count // 2 * factor - (factor - 1) // 2) < 0 or start + count * factor > n:
            count -= 1
        if count < 2:
            raise BadInput(f"bin: {n} pixels make {count} sums of {factor}; expected 2 at least")
        starts.append(start)
        counts.append(count)
    region = tuple(slice(start, start + count * factor) for start, count in zip(starts, counts, strict=True))
    blocks = tuple(size for count in counts for size in (count, factor))
    inside = tuple(range(1, 2 * len(counts), 2))
    mask = None if pattern.mask is None else np.asarray(pattern.mask[region].reshape(blocks).all(axis=inside))
    intensity = pattern.intensity[region].reshape(blocks).sum(axis=inside)
    if mask is not None:
        intensity *= mask
    pixel = None if pattern.pixel_m is None else pattern.pixel_m * factor
    return dataclasses.replace(pattern, intensity=intensity, mask=mask, pixel_m=pixel)
