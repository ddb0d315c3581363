"""NumPy's own formats. Headers are read and checked before any data; nothing is ever unpickled."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from prbench.errors import BadInput, one_line

from .choosing import FLAGS, INTENSITY, intensities
from .raw import Geometry, Raw, check_declared

_SCALAR_BYTES = 4096


def read_npy(path: Path, inside: str | None = None) -> Raw:
    """Read an NPY file."""
    if inside is not None:
        raise BadInput(f"{path}: an NPY file holds one array, {one_line(inside, 60)!r} cannot be chosen in it")
    with path.open("rb") as stream:
        return Raw(_read(stream, str(path), path.stat().st_size), str(path))


def read_npz(path: Path, inside: str | None = None) -> Raw:
    """Read one array of an NPZ file: ``inside``, or ``intensity``, ``data`` or ``iobs``, or the only one that may be one.

    An array ``bad`` or ``mask`` of the same file is taken as its flags.
    """
    with zipfile.ZipFile(path) as archive:
        names = npz_names(archive)
        chosen = choose(path, names, inside)
        data = _member(path, archive, chosen)
        beside = [name for name in FLAGS if name in names and name != chosen]
        flags = _member(path, archive, beside[0]) if beside and inside not in FLAGS else None
        geometry = _geometry(archive, names)
    return Raw(data, f"{path}, array {chosen}", flags, **geometry)


def _geometry(archive: zipfile.ZipFile, names: list[str]) -> Geometry:
    """The lengths ``wavelength_m``, ``distance_m`` and ``pixel_m`` of a file that has them."""

    def number(name: str) -> float | None:
        if name not in names or archive.getinfo(f"{name}.npy").file_size > _SCALAR_BYTES:
            return None
        with archive.open(f"{name}.npy") as stream:
            result = np.lib.format.read_array(stream, allow_pickle=False)
        value = float(result) if result.size == 1 and result.dtype.kind in "iuf" else math.nan
        return value if math.isfinite(value) and value > 0 else None

    return {"wavelength_m": number("wavelength_m"), "distance_m": number("distance_m"), "pixel_m": number("pixel_m")}


def npz_names(archive: zipfile.ZipFile) -> list[str]:
    """Names of the arrays of an NPZ file."""
    return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]


def npz_array(path: Path, name: str) -> np.ndarray:
    """One array of an NPZ file by name."""
    return read_npz(path, name).data


def choose(path: Path, names: list[str], inside: str | None) -> str:
    """The name of the pattern among ``names``.

    Raises:
        BadInput: where ``inside`` is not there, or the names do not tell.
    """
    listed = one_line(", ".join(names), 120) or "none"
    if inside is not None:
        if inside not in names:
            raise BadInput(f"{path}: has no array {one_line(inside, 60)!r}; its arrays are: {listed}")
        return inside
    for name in INTENSITY:
        if name in names:
            return name
    if not names:
        raise BadInput(f"{path}: holds no array of numbers with two axes; expected an intensity")
    others = intensities(names)
    if len(others) != 1:
        raise BadInput(f"{path}: which array is the intensity? Its arrays are: {listed}; name one with dataset=")
    return others[0]


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> np.ndarray:
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as stream:
        return _read(stream, f"{path}, array {name}", info.file_size, info.compress_size)


def _read(stream: IO[bytes], where: str, size: int, stored: int | None = None) -> np.ndarray:
    """Read an array in NPY format of ``size`` bytes, header included, held in ``stored`` where it is compressed."""
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = header(stream)
    if dtype.hasobject:
        raise BadInput(f"{where}: holds Python objects, which are never unpickled; expected numbers")
    check_declared(where, shape, dtype, stored)
    needed = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if needed > size:
        raise BadInput(f"{where}: declares {needed} bytes of data in {size}; the file is truncated")
    content = stream.read(needed)
    if len(content) < needed:
        raise BadInput(f"{where}: has {len(content)} of {needed} bytes of data; the file is truncated")
    return np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran else "C")
