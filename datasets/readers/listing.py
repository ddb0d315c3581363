"""The arrays of a file, whatever they are, for people to look at."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from prbench.core.inspection import ArrayNote
from prbench.errors import BadInput, PrbenchError, one_line

from .arrays import npz_names
from .corrections import sentinels
from .formats import HDF5_SUFFIXES, kind_of, read_array
from .hdf5 import Links, opened
from .matlab import variables
from .pictures import SUFFIXES as PICTURES
from .pictures import read_picture
from .series import Address

_MOST = 40
_LARGEST = 2**27
"""Pixels of an array beyond which its range is not looked for."""


def arrays_of(address: Address, links: Links = "no") -> tuple[ArrayNote, ...]:
    """What is in a file, or in the first file of a series.

    Raises:
        BadInput: where the file cannot be read at all.
    """
    path = address.paths[0]
    if not path.is_file():
        raise BadInput(f"{path}: does not exist")
    try:
        return _arrays(path, kind_of(path), links)
    except (PrbenchError, MemoryError):
        raise
    except Exception as error:
        raise BadInput(f"{path}: cannot be listed ({type(error).__name__}: {one_line(error, 120)})") from error


def _arrays(path: Path, kind: str, links: Links) -> tuple[ArrayNote, ...]:
    if kind in HDF5_SUFFIXES or (kind == ".mat" and _is_hdf5(path)):
        return _hdf5(path, links)
    if kind == ".npz":
        with zipfile.ZipFile(path) as archive:
            names = npz_names(archive)[:_MOST]
        return tuple(_notes(path, names))
    if kind == ".mat":
        return tuple(_notes(path, list(variables(path))[:_MOST]))
    if kind in PICTURES:
        return (note_of(str(path), read_picture(path)),)
    return (note_of(str(path), read_array(path).data),)


def _notes(path: Path, names: list[str]) -> Iterator[ArrayNote]:
    """The arrays of a file by name; numbers and what is no array of numbers are left out."""
    for name in names:
        try:
            yield note_of(f"{path}::{name}", read_array(path, name).data)
        except PrbenchError:
            continue


def _is_hdf5(path: Path) -> bool:
    import h5py

    return bool(h5py.is_hdf5(path))


def _hdf5(path: Path, links: Links) -> tuple[ArrayNote, ...]:
    notes = []
    with opened(path, links) as file:
        contents = file.contents()
        for name in contents.images[:_MOST]:
            result = file.find(name, f"{path}, {name}")
            assert result is not None
            if result.item.size > _LARGEST:
                notes.append(ArrayNote(f"{path}::{name}", tuple(result.item.shape), str(result.item.dtype)))
                continue
            try:
                notes.append(note_of(f"{path}::{name}", file.array(result, f"{path}, {name}")))
            except PrbenchError:
                notes.append(
                    ArrayNote(f"{path}::{name}", tuple(result.item.shape), str(result.item.dtype), special="in other files")
                )
        for name, other in list(contents.links.items())[:_MOST]:
            notes.append(ArrayNote(f"{path}::{name}", (), "link", special=f"to {one_line(other, 60)}"))
    return tuple(notes)


def note_of(name: str, data: np.ndarray) -> ArrayNote:
    """Shape, type, range and special values of an array."""
    shape, dtype = tuple(int(n) for n in data.shape), str(data.dtype)
    if data.size == 0 or data.dtype.kind not in "biuf":
        return ArrayNote(name, shape, dtype, special="complex" if data.dtype.kind == "c" else "")
    finite = np.isfinite(data) if data.dtype.kind == "f" else np.ones(data.shape, dtype=bool)
    values = data[finite]
    special = [] if finite.all() else [f"{int((~finite).sum())} not finite"]
    if values.size and values.dtype.kind in "if" and (values < 0).any():
        special.append(f"{int((values < 0).sum())} below zero")
    ends = [] if name.endswith(("mask", "bad")) else sentinels(data, ~finite)
    special += [f"{int((data == np.asarray(end, data.dtype)).sum())} at {end:.0f}, the end of a counter" for end in ends]
    low, high = (float(values.min()), float(values.max())) if values.size else (None, None)
    return ArrayNote(name, shape, dtype, low, high, ", ".join(special))
