"""CXI and other HDF5 files of the coherent imaging community.

F. R. N. C. Maia, The Coherent X-ray Imaging Data Bank, Nat. Methods 9 (2012) 854, doi:10.1038/nmeth.2110. SI units; complex
numbers as compounds {r, i}; mask bits that are set mean that the pixel is not to be used. A link is followed inside its file
only: what a file says about other files on the reader's machine is refused.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from prbench.errors import BadInput, one_line

from .pattern import MAX_PIXELS, Raw, check_declared

CONVENTIONS = (
    "/entry_1/data_1/data",
    "/entry_1/instrument_1/detector_1/data",
    "/entry_1/image_1/data",
)
_MAX_LINKS = 32


def read(path: Path, inside: str | None = None) -> Raw:
    """Read one array, the mask beside it and the geometry, where the file has them.

    Raises:
        BadInput: for links out of the file, arrays that are too large, and a place that cannot be found.
    """
    import h5py
    import hdf5plugin  # noqa: F401 - registers the compressions that detectors write with

    if not h5py.is_hdf5(path):
        raise BadInput(f"{path}: is not an HDF5 file")
    with h5py.File(path, "r") as file:
        place = inside if inside is not None else _convention(path, file)
        where = f"{path}, {one_line(place, 80)}"
        found = _resolve(file, place, where)
        if found is None:
            raise BadInput(f"{where}: is not there; {_listing(file)}")
        data = _array(found, where)
        flags = None if inside is not None and "mask" in inside else _flags(file, path, place)
        return Raw(data, where, flags, **_geometry(file, path, place))


def _convention(path: Path, file: Any) -> str:
    for place in CONVENTIONS:
        if _resolve(file, place, f"{path}, {place}") is not None:
            return place
    arrays = _image_arrays(file)
    if len(arrays) == 1:
        return arrays[0]
    raise BadInput(f"{path}: has neither {CONVENTIONS[0]} nor one single image; {_listing(file)}; name one with dataset=")


def _image_arrays(file: Any) -> list[str]:
    """Paths of arrays of numbers with at least two axes, reached without following any link."""
    import h5py

    found: list[str] = []

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "biuf":
            found.append(f"/{name}")

    file.visititems(note)
    return found


def _listing(file: Any) -> str:
    names = _image_arrays(file)
    return f"its images are: {one_line(', '.join(names[:10]), 200)}" if names else "it holds no images"


def _resolve(file: Any, place: str, where: str) -> Any:
    """The item at ``place``, or None; links are followed one by one so that none leaves the file."""
    import h5py

    parts = [part for part in place.split("/") if part]
    group, walked, links = file, "", 0
    while parts:
        name = parts.pop(0)
        if not isinstance(group, h5py.Group):
            return None
        link = group.get(name, getlink=True)
        if link is None:
            return None
        if isinstance(link, h5py.ExternalLink):
            raise BadInput(f"{where}: {walked}/{one_line(name, 40)} is a link to another file, which is not followed")
        if isinstance(link, h5py.SoftLink):
            links += 1
            if links > _MAX_LINKS:
                raise BadInput(f"{where}: more than {_MAX_LINKS} links follow one another")
            target = link.path if link.path.startswith("/") else f"{walked}/{link.path}"
            parts = [part for part in target.split("/") if part not in ("", ".")] + parts
            group, walked = file, ""
            continue
        group, walked = group[name], f"{walked}/{name}"
    return group


def _array(item: Any, where: str) -> np.ndarray:
    """Read a data set after its declared size has been checked."""
    import h5py

    if not isinstance(item, h5py.Dataset):
        raise BadInput(f"{where}: is not an array")
    if item.is_virtual or item.external:
        raise BadInput(f"{where}: its data are in other files, which are not followed; copy it into one file first")
    if item.shape is None:
        raise BadInput(f"{where}: is empty, expected an array")
    dtype = item.dtype
    if dtype.names is not None and set(dtype.names) == {"r", "i"}:
        # h5py itself reads {r, i} of equal floating types as complex; other compounds are put together here.
        check_declared(where, item.shape, np.dtype(np.complex64), item.id.get_storage_size())
        pairs = item[()]
        return np.asarray(pairs["r"] + 1j * pairs["i"])
    check_declared(where, item.shape, dtype, item.id.get_storage_size())
    if item.chunks is not None and math.prod(item.chunks) > MAX_PIXELS:
        raise BadInput(f"{where}: declares chunks of {item.chunks} pixels, at most {MAX_PIXELS} are read")
    return np.asarray(item[()])


def _flags(file: Any, path: Path, place: str) -> np.ndarray | None:
    """The mask beside the data, or the detector's where the data are the entry's standard ones."""
    folder = place.rstrip("/").rpartition("/")[0]
    entry = "/" + place.strip("/").split("/", maxsplit=1)[0]
    candidates = [f"{folder}/mask"]
    if folder == f"{entry}/data_1":
        candidates.append(f"{entry}/instrument_1/detector_1/mask")
    for candidate in candidates:
        where = f"{path}, {one_line(candidate, 80)}"
        item = _resolve(file, candidate, where)
        if item is not None:
            return _array(item, where)
    return None


def _geometry(file: Any, path: Path, place: str) -> dict[str, float | None]:
    """Wavelength, distance and pixel of the entry that ``place`` is in; CXI keeps them in SI units."""
    from scipy.constants import c, h

    entry = "/" + place.strip("/").split("/", maxsplit=1)[0]

    def number(tail: str) -> float | None:
        where = f"{path}, {entry}/{tail}"
        item = _resolve(file, f"{entry}/{tail}", where)
        if item is None or getattr(item, "size", 0) != 1 or item.dtype.kind not in "iuf" or item.external or item.is_virtual:
            return None
        value = float(np.asarray(item[()]).reshape(()))
        return value if math.isfinite(value) and value > 0 else None

    energy_j = number("instrument_1/source_1/energy")
    x, y = number("instrument_1/detector_1/x_pixel_size"), number("instrument_1/detector_1/y_pixel_size")
    return {
        "wavelength_m": h * c / energy_j if energy_j else None,
        "distance_m": number("instrument_1/detector_1/distance"),
        "pixel_m": x if x == y else None,
    }
