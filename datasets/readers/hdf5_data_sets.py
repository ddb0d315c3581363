"""What a data set of an HDF5 file declares: whether it can be read within bounds, and what a selection of it holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from prbench.errors import BadInput

from .raw import MAX_PIXELS, MAX_RATIO, check_declared

_LARGE_CHUNK, _LEAST_STORED = 2**20, 2**16
"""Bytes of a chunk from which on it must be stored, and bytes that chunks of any size may take in a file."""


def check_size(where: str, item: Any, dtype: np.dtype) -> None:
    """Refuse a data set whose array, or one chunk of it, takes much more memory than what is stored can hold.

    A chunk is unpacked whole, however little of it belongs to the array, and to whatever its compressed bytes make of it,
    whatever was declared.
    """
    stored = item.id.get_storage_size()
    if dtype.kind != "V":
        check_declared(where, item.shape, dtype, stored)
    if item.chunks is None:
        return
    pixels, size = math.prod(item.chunks), math.prod(item.chunks) * dtype.itemsize
    if pixels > MAX_PIXELS or (size > _LARGE_CHUNK and size > MAX_RATIO * stored):
        raise BadInput(f"{where}: declares chunks of {item.chunks} pixels, {size} bytes, and stores {stored}; crop it first")
    chunks = math.prod(-(-n // m) for n, m in zip(item.shape, item.chunks, strict=True))
    if stored > 2 * chunks * size + _LEAST_STORED:
        raise BadInput(f"{where}: stores {stored} bytes for {chunks} chunks of {size}; it is damaged, or a compression bomb")


def is_small(item: Any) -> bool:
    """Whether a text or a few numbers can be read without unpacking a large chunk for them."""
    return item.chunks is None or math.prod(item.chunks) * item.dtype.itemsize <= _LARGE_CHUNK


def is_image(item: Any) -> bool:
    """Whether an object is an array of real numbers with at least two axes longer than 1."""
    import h5py

    if not isinstance(item, h5py.Dataset) or item.shape is None:
        return False
    return item.dtype.kind in "biuf" and sum(n > 1 for n in item.shape) >= 2


def selected_points(space: Any, size: int) -> int:
    """The number of pixels that a data space of an array of ``size`` selects."""
    from h5py import h5s

    return size if space.get_select_type() == h5s.SEL_ALL else int(space.get_select_npoints())


def selected_region(space: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A selection of a data space as a bool array of its shape."""
    from h5py import h5s

    if space.get_select_type() == h5s.SEL_ALL:
        return np.ones(shape, dtype=bool)
    chosen = np.zeros(shape, dtype=bool)
    for first, last in space.get_select_hyper_blocklist():
        chosen[tuple(slice(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))] = True
    return chosen
