"""A file of arrays that two processes map: it grows as they need, and its pages stay, so that moving an array is one copy."""

from __future__ import annotations

import mmap
import os
from typing import Any

import numpy as np

_AT_ONCE = getattr(mmap, "MAP_POPULATE", 0)
"""All pages are mapped in one go: one fault for each costs more than copying into it."""


class MappedFile:
    """An open file, mapped as far as it has been asked for.

    Args:
        fd: of the file, open for reading and writing; it stays the caller's.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._map: mmap.mmap | None = None

    def write(self, array: np.ndarray, offset: int) -> None:
        """Copy an array to an offset in bytes; the file is made longer where it is too short.

        Raises:
            OSError: where there is no room for it.
        """
        if array.size:
            np.copyto(self._view(array.shape, array.dtype, offset, grown=True), array)

    def read(self, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int) -> np.ndarray | None:
        """A copy of the array at an offset in bytes; None where the file ends before it does."""
        result = np.empty(shape, dtype)
        if result.size:
            if offset + result.nbytes > os.fstat(self._fd).st_size:
                return None
            np.copyto(result, self._view(shape, dtype, offset, grown=False))
        return result

    def _view(self, shape: tuple[int, ...], dtype: np.dtype[Any], offset: int, *, grown: bool) -> np.ndarray:
        end = offset + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        if self._map is None or len(self._map) < end:
            if grown:
                _grow(self._fd, end)
            self._map = mmap.mmap(self._fd, max(end, os.fstat(self._fd).st_size), mmap.MAP_SHARED | _AT_ONCE)
        return np.ndarray(shape, dtype, self._map, offset)


def _grow(fd: int, size: int) -> None:
    """Make a file at least so long, its pages taken: storing into one that the system has no memory for would be a signal."""
    if os.fstat(fd).st_size < size:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(fd, 0, size)
        else:
            os.ftruncate(fd, size)
