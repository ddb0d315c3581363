"""The parent's end of the protocol between prbench and another program: JSON lines through named pipes, arrays in mapped files.

A folder holds four files, which the program opens before its first answer; their names are removed then, so that nothing is left
behind however both processes end.

- ``requests`` and ``answers``, named pipes: one JSON object per line, UTF-8. The program reads the first and writes the second.
  Empty lines among the requests mean nothing.
- ``sent.bin`` and ``returned.bin``: the arrays of the last request and of the last answer, raw numbers, little-endian, last axis
  fastest. ``arrays`` of a message lists them: ``name``, ``dtype`` (``<f4``, ``<c8``, ``|b1``), ``shape``, ``offset`` in bytes.
  An answer may give an ``address`` in the program's memory instead of an offset, if the request has said that it is read there.

What the program prints does not disturb this: its output is elsewhere. ``docs/contestants.md`` describes the messages.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prbench.errors import PrbenchError, one_line

from .mapped import MappedFile
from .memory_reader import MemoryReader

PROTOCOL = 1
_PREFIX = "prbench-contestant-"
_SHARED = Path("/dev/shm")  # noqa: S108 - files of our own, in memory, with names that nobody can guess
_KINDS = "biufc"
_ALIGNED = 64
_MOST_LINE = 1 << 26
_MOST_BYTES = 1 << 40


class BadAnswer(PrbenchError):
    """What a program answered is no message of this protocol."""


class Link:
    """A folder with pipes and mapped files, and the messages that go through it.

    Attributes:
        reader: of the program's memory, where that can be read.
    """

    def __init__(self) -> None:
        _remove_stale()
        base = _SHARED if os.access(_SHARED, os.W_OK | os.X_OK) else None
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
        for name in ("requests", "answers"):
            os.mkfifo(self.folder / name, 0o600)
        # Both ends are held here, so that opening never waits, and the program's end alone is an end of file to it.
        self._requests = os.open(self.folder / "requests", os.O_RDWR | os.O_CLOEXEC)
        self.answers = os.open(self.folder / "answers", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._files = [os.open(self.folder / name, flags, 0o600) for name in ("sent.bin", "returned.bin")]
        self._sent, self._returned = map(MappedFile, self._files)
        self._pending = bytearray()
        self._open = True
        self.reader: MemoryReader | None = None

    def remove_names(self) -> None:
        """Remove the folder: both sides have opened what is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Close everything, and remove the folder where it is still there."""
        if self._open:
            self._open = False
            for fd in (self._requests, self.answers, *self._files):
                os.close(fd)
            self.remove_names()

    def send(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> int:
        """Send a request; the bytes of its arrays."""
        listed, end = [], 0
        for name, given in (arrays or {}).items():
            array = np.ascontiguousarray(given, given.dtype.newbyteorder("<")).reshape(given.shape)
            self._sent.write(array, end)
            listed.append({"name": name, "dtype": array.dtype.str, "shape": list(array.shape), "offset": end})
            end += -(-array.nbytes // _ALIGNED) * _ALIGNED
        line = json.dumps({"protocol": PROTOCOL, **header, "arrays": listed}, separators=(",", ":"), allow_nan=True).encode()
        _write(self._requests, line + b"\n\n")  # some languages look one character beyond a line before they return it
        return sum(array.nbytes for array in (arrays or {}).values())

    def take(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """The next answer, its arrays copied; None where it has not arrived in full.

        Raises:
            BadAnswer: where it is none of this protocol.
        """
        while b"\n" not in self._pending:
            try:
                piece = os.read(self.answers, 1 << 16)
            except BlockingIOError:
                return None
            self._pending += piece
            if len(self._pending) > _MOST_LINE:
                raise BadAnswer(f"an answer of more than {_MOST_LINE} bytes in one line; arrays belong into returned.bin")
        line, _, rest = bytes(self._pending).partition(b"\n")
        self._pending = bytearray(rest)
        try:
            header = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(f"an answer must be one line of JSON, got {one_line(line[:80], 80)}") from error
        if not isinstance(header, dict) or header.get("protocol") != PROTOCOL:
            spoken = one_line(header.get("protocol"), 40) if isinstance(header, dict) else "none"
            raise BadAnswer(f"the program speaks protocol {spoken}, this version of prbench {PROTOCOL}")
        listed = header.pop("arrays", [])
        if not isinstance(listed, list):
            raise BadAnswer("arrays of an answer must be a list")
        return header, dict(self._array(item) for item in listed)

    def _array(self, told: Any) -> tuple[str, np.ndarray]:
        try:
            where = "address" if self.reader is not None and "address" in told else "offset"
            name, dtype, shape, offset = str(told["name"]), np.dtype(told["dtype"]), told["shape"], told[where]
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            raise BadAnswer(f"an array must have name, dtype, shape and offset, got {one_line(told, 100)}") from error
        whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in [*shape, offset])
        if dtype.kind not in _KINDS or not whole or math.prod(shape) * dtype.itemsize > _MOST_BYTES:
            raise BadAnswer(f"{one_line(name, 60)}: numbers of a shape at an offset were expected, got {one_line(told, 100)}")
        if self.reader is not None and where == "address":
            array, source = self.reader.read(tuple(shape), dtype, offset), "the program's memory"
        else:
            array, source = self._returned.read(tuple(shape), dtype, offset), "returned.bin"
        if array is None:
            raise BadAnswer(f"{one_line(name, 60)}: {source} at {offset} does not hold {dtype} of shape {tuple(shape)}")
        return name, array.astype(dtype.newbyteorder("="), copy=False)


def _remove_stale() -> None:
    """Remove the folders of processes that were killed before their program had answered."""
    for base in (_SHARED, Path(tempfile.gettempdir())):
        for path in base.glob(f"{_PREFIX}*"):
            pid = path.name.removeprefix(_PREFIX).partition("-")[0]
            if pid.isdigit() and not _is_alive(int(pid)):
                shutil.rmtree(path, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        with contextlib.suppress(BlockingIOError):
            view = view[os.write(fd, view) :]
            continue
        select.select([], [fd], [])
