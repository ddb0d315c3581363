"""Files written whole or not at all, and kept safe from power cuts at a bounded share of the time."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np

from prbench.errors import CannotWrite, PrbenchError, one_line

from .plain import digest

_SHARE = 50
_LEAST_S = 1.0
"""Seconds between two flushes at least, and how many times what the last one took."""
_PIECE = 1 << 16


class Flushing:
    """Waits for the disk where that takes at most a fiftieth of the time, and has the rest flushed in the background.

    A write that is due, the first one and then about one per second, is flushed before it is renamed: records that come seldom
    are safe when they are there. :meth:`soon` flushes all others of this machine, a moment later. A power cut can therefore empty
    only records of the last seconds; what is empty counts as missing and is run again.
    """

    def __init__(self) -> None:
        self._due = 0.0
        self._thread: threading.Thread | None = None
        self._all_due = 0.0

    def before_rename(self, file: IO[bytes]) -> None:
        """Flush ``file`` where that is due."""
        began = time.monotonic()
        if began < self._due:
            return
        file.flush()
        os.fsync(file.fileno())
        self._due = _due_again(began)

    def soon(self, folder: Path, *, now: bool = False) -> None:
        """Flush the file system of ``folder`` in a thread, where that is due or ``now``; the process waits for it at its end."""
        if (self._thread is not None and self._thread.is_alive()) or (time.monotonic() < self._all_due and not now):
            return
        try:
            handle = os.open(folder, os.O_RDONLY)
        except OSError:  # gone, which is told elsewhere
            return
        self._thread = threading.Thread(target=self._flush_all, args=(handle,), name="prbench-flush")
        self._thread.start()

    def _flush_all(self, handle: int) -> None:
        began = time.monotonic()
        _flush_all_beside(handle)
        os.close(handle)
        self._all_due = _due_again(began)


def _due_again(began: float) -> float:
    """When to flush again after a flush that began then and ends now."""
    now = time.monotonic()
    return now + max(_LEAST_S, _SHARE * (now - began))


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


def replace_file(path: Path, write: Callable[[IO[bytes]], object], flushing: Flushing | None = None) -> None:
    """Write a file whole or not at all; its folder is made where there is none.

    Args:
        path: the file.
        write: called with the open file.
        flushing: says whether to wait for the disk; no waiting where None.

    Raises:
        CannotWrite: where the file system does not take it.
    """
    folder, name = os.path.split(path)  # in plain text: paths as objects cost as much as the file
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{secrets.token_hex(4)}")  # noqa: PTH118
    try:
        try:
            file = open(temporary, "xb")  # noqa: PTH123, SIM115
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open(temporary, "xb")  # noqa: PTH123, SIM115
        with file:
            write(file)
            if flushing is not None:
                flushing.before_rename(file)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        if isinstance(error, OSError):
            raise cannot_write(path, error) from error
        raise


def read_bytes(path: Path) -> bytes:
    """What a file holds, by the system's own calls: a file as an object costs as much as reading a small one.

    Raises:
        OSError: where it cannot be read.
    """
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        pieces = [os.read(handle, _PIECE)]
        while pieces[-1]:
            pieces.append(os.read(handle, _PIECE))
    finally:
        os.close(handle)
    return b"".join(pieces)


def cannot_write(path: Path, error: OSError) -> CannotWrite:
    """The one line for a file that the file system does not take."""
    reason = error.strerror or one_line(error)
    return CannotWrite(f"{path} cannot be written: {reason}; once that is mended the same command resumes")


def write_once(folder: Path, text: str, flushing: Flushing | None = None) -> str:
    """Store a text in JSON under the digest of its content, unless it is there; its name without the suffix.

    Args:
        folder: made where there is none.
        text: any JSON.
        flushing: as of :func:`replace_file`.
    """
    name = digest(text)[:16]
    path = folder / f"{name}.json"
    if not path.exists():
        replace_file(path, lambda file: file.write(text.encode()), flushing)
    return name


def check_room(folder: Path) -> None:
    """Write a page into a folder, or above it where there is none yet.

    Raises:
        CannotWrite: where that cannot be done.
    """
    nearest = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError as error:
        raise cannot_write(folder, error) from error
