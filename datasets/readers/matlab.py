"""MATLAB files: version 5 (and 4) through SciPy; version 7.3 is HDF5, with the axes the other way round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from prbench.errors import BadInput, one_line

from . import hdf5
from .arrays import choose
from .choosing import FLAGS
from .raw import Raw, check_declared

_NUMBERS = {
    **dict.fromkeys(("int8", "uint8", "logical"), 1),
    **dict.fromkeys(("int16", "uint16"), 2),
    **dict.fromkeys(("int32", "uint32", "single"), 4),
    **dict.fromkeys(("int64", "uint64", "double"), 8),
}
"""MATLAB's classes of numbers, with the bytes of one."""


def read_mat(path: Path, inside: str | None = None) -> Raw:
    """Read one variable of a MAT file: ``inside``, or ``intensity``, ``data`` or ``iobs``, or the only one that may be one.

    A variable ``bad`` or ``mask`` of the same file is taken as its flags.

    Raises:
        BadInput: where there is no such variable, or it is not an array of numbers.
    """
    import h5py

    read = _read_hdf5 if h5py.is_hdf5(path) else _read_v5
    return read(path, inside)


def _read_v5(path: Path, inside: str | None) -> Raw:
    declared = variables(path)
    names = [name for name, (shape, kind) in declared.items() if kind in _NUMBERS and len(shape) >= 2 and min(shape) > 1]
    asked = None if inside is None else inside.strip("/")
    chosen = choose(path, list(declared) if asked is not None else names, asked)
    data = _variable(path, chosen, declared)
    beside = [name for name in FLAGS if name in names and name != chosen]
    flags = _variable(path, beside[0], declared) if beside and asked not in FLAGS else None
    return Raw(data, f"{path}, variable {chosen}", flags)


def variables(path: Path) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and class of every variable of a version 5 file, from the headers alone."""
    from scipy.io import whosmat

    return {name: (tuple(int(n) for n in shape), kind) for name, shape, kind in whosmat(path)}


def _variable(path: Path, name: str, declared: dict[str, tuple[tuple[int, ...], str]]) -> np.ndarray:
    from scipy.io import loadmat

    shape, kind = declared[name]
    where = f"{path}, variable {one_line(name, 60)}"
    if kind not in _NUMBERS:
        raise BadInput(f"{where}: holds {one_line(kind, 20)}, expected an array of numbers")
    check_declared(where, shape, np.dtype(f"u{_NUMBERS[kind]}"), path.stat().st_size)
    result: Any = loadmat(path, variable_names=[name]).get(name)
    if not isinstance(result, np.ndarray) or result.dtype.kind not in "biufc":
        raise BadInput(f"{where}: is not an array of numbers")
    return result


def _read_hdf5(path: Path, inside: str | None) -> Raw:
    raw = hdf5.read_named(path, None if inside is None else inside.strip("/"))
    flags = None if raw.flags is None else np.ascontiguousarray(raw.flags.T)
    return Raw(np.ascontiguousarray(raw.data.T), raw.where, flags)
