"""Files written whole or not at all, and kept safe from power cuts at a bounded share of the time."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from prbench.errors import CannotWrite, PrbenchError, one_line

_SHARE = 50
_LEAST_S = 1.0
"""Seconds between two flushes at least, and how many times what the last one took."""


class Flushing:
    """Decides which writes wait until the disk has them, so that waiting takes at most a fiftieth of the time.

    The first write and every one that is due is flushed before it is renamed, and all written since the last flush along with it.
    A power cut can therefore empty only records of the last second or, on a slow disk, of the time that fifty flushes take; what
    is empty counts as missing and is run again.
    """

    def __init__(self) -> None:
        self._due = 0.0
        self._pending = False

    def before_rename(self, file: IO[bytes]) -> None:
        """Flush ``file``, and what was written before it, where that is due."""
        began = time.monotonic()
        if began < self._due:
            self._pending = True
            return
        file.flush()
        if self._pending:
            _flush_all_beside(file.fileno())
            self._pending = False
        os.fsync(file.fileno())
        self._due = time.monotonic() + max(_LEAST_S, _SHARE * (time.monotonic() - began))

    def finish(self, folder: Path) -> None:
        """Flush what is on the file system of ``folder``, such as at the end of a run; nothing where there is no such folder."""
        with contextlib.suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                _flush_all_beside(handle)
            finally:
                os.close(handle)


def _flush_all_beside(handle: int) -> None:
    """Flush everything on the file system of an open file: one call for hundreds of small files."""
    if hasattr(_libc(), "syncfs"):
        _libc().syncfs(handle)
    else:
        os.sync()


@cache
def _libc() -> Any:
    return ctypes.CDLL(None)


def plain_arrays(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The values as arrays of numbers, truth values or text.

    Raises:
        PrbenchError: for Python objects, which no plain format holds.
    """
    arrays = {name: np.asarray(value) for name, value in values.items()}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise PrbenchError(f"{name} is neither an array nor a number; a reconstruction holds nothing else")
    return arrays


def replace_file(place: Path, write: Callable[[IO[bytes]], object], flushing: Flushing | None = None) -> None:
    """Write a file whole or not at all; its folder is made where there is none.

    Args:
        place: the file.
        write: called with the open file.
        flushing: says whether to wait for the disk; no waiting where None.

    Raises:
        CannotWrite: where the file system does not take it.
    """
    folder, name = os.path.split(place)  # in plain text: paths as objects cost as much as the file
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{secrets.token_hex(4)}")  # noqa: PTH118
    try:
        try:
            file = open(temporary, "xb")  # noqa: PTH123, SIM115
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            file = open(temporary, "xb")  # noqa: PTH123, SIM115
        with file:
            write(file)
            if flushing is not None:
                flushing.before_rename(file)
        os.replace(temporary, place)  # noqa: PTH105
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        if isinstance(error, OSError):
            raise cannot_write(place, error) from error
        raise


def cannot_write(place: Path, error: OSError) -> CannotWrite:
    """The one line for a file that the file system does not take."""
    reason = error.strerror or one_line(error)
    return CannotWrite(f"{place} cannot be written: {reason}; once that is mended the same command resumes")
