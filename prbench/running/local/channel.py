"""Messages between two processes that do not trust each other: JSON headers over pipes, arrays beside them, nothing pickled.

A message is 16 bytes (``PRBC``, the version, a reserved number, the length of the header; little-endian), the header as JSON,
and the arrays that stand inline. ``header["arrays"]`` lists every array: its name, NumPy's spelling of its dtype, its shape,
and where it stands: an offset in the sender's memory file, or ``null`` for inline, in the order of the list. A large array goes
through the memory file, a file without a name that both processes have open; where it cannot be written there, inline.

What a process prints cannot disturb a channel: its descriptors are its own. Messages alternate: a sender overwrites its memory
file only after the other side has answered.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import tempfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from prbench.errors import PrbenchError

VERSION = 1
_PREFIX = struct.Struct("<4sHHQ")
_MAGIC = b"PRBC"
_MOST_HEADER = 1 << 26
_KINDS = "biufcSU"
"""Kinds of arrays that are plain: truth values, numbers and text."""
_INLINE = 1 << 18
"""Bytes up to which an array stands inline."""
_MOST_PIECES = 64
"""Pieces written by one call; systems take a thousand."""


class ChannelClosed(EOFError):
    """The other side has closed its end."""


class ChannelError(PrbenchError):
    """What arrived is not a message of this version."""


def memory_file() -> int:
    """A descriptor of a new, empty file without a name, in memory where the system has such."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("prbench", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Channel:
    """One end of a channel; it owns its descriptors.

    Args:
        reader, writer: pipes or a socket, which may be the same descriptor.
        sent, received: memory files of this side and of the other; None where there is none.
    """

    def __init__(self, reader: int, writer: int, sent: int | None = None, received: int | None = None) -> None:
        self._reader, self._writer, self._sent, self._received = reader, writer, sent, received
        self._poll = select.poll()
        self._poll.register(reader, select.POLLIN)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All descriptors, each once."""
        every = (self._reader, self._writer, self._sent, self._received)
        return tuple(dict.fromkeys(fd for fd in every if fd is not None))

    def close(self) -> None:
        """Close the descriptors."""
        for fd in self.descriptors:
            try:
                os.close(fd)
            except OSError:  # closed by somebody else, whose business this is not
                continue
        self._sent = self._received = None

    def ready(self, timeout_s: float | None = None) -> bool:
        """Whether a message, or the end, arrives within a time; without a limit where None."""
        return bool(self._poll.poll(None if timeout_s is None else 1e3 * timeout_s))

    def send(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
        """Send a message.

        Raises:
            ChannelClosed: where nobody is there to read it.
            ChannelError: for an array of Python objects.
        """
        listed, inline = self._block_layout(arrays or {})
        text = json.dumps({**header, "arrays": listed} if listed else header, separators=(",", ":")).encode()
        try:
            _write_all(self._writer, [_PREFIX.pack(_MAGIC, VERSION, 0, len(text)) + text, *inline])
        except OSError as error:
            raise ChannelClosed(str(error)) from error

    def receive(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Wait for a message; its header, without the list of arrays, and the arrays, which are copies.

        Raises:
            ChannelClosed: where the other side has gone.
            ChannelError: where it says something else.
        """
        magic, version, _, length = _PREFIX.unpack(self._read(_PREFIX.size))
        if magic != _MAGIC or version != VERSION:
            raise ChannelError(f"a message of version {VERSION} was expected, got {magic!r} version {version}")
        if length > _MOST_HEADER:
            raise ChannelError(f"a header of {length} bytes; at most {_MOST_HEADER} are taken")
        try:
            header = json.loads(self._read(length))
            listed = header.pop("arrays", [])
            return header, {str(name): self._array(kind, shape, at) for name, kind, shape, at in listed}
        except ChannelError:
            raise
        except (ValueError, TypeError, AttributeError, MemoryError, RecursionError) as error:
            raise ChannelError(f"a message that cannot be read ({type(error).__name__}: {error})") from error

    def _block_layout(
        self, arrays: Mapping[str, np.ndarray]
    ) -> tuple[list[tuple[str, str, tuple[int, ...], int | None]], list[Any]]:
        """The list for the header, the large arrays in the memory file, and what goes inline."""
        listed: list[tuple[str, str, tuple[int, ...], int | None]] = []
        inline: list[Any] = []
        end, begun = 0, False
        for name, given in arrays.items():
            array = np.asarray(given)
            if array.dtype.kind not in _KINDS:
                raise ChannelError(f"{name} is an array of {array.dtype}; numbers, truth values and text are sent")
            array = np.ascontiguousarray(array).reshape(array.shape)
            data, at = array.reshape(-1).view(np.uint8).data if array.size else b"", None
            if len(data) > _INLINE and self._sent is not None:
                try:
                    if not begun:
                        os.ftruncate(self._sent, 0)
                    _write(self._sent, data, end)
                    at, end, begun = end, end + len(data), True
                except OSError:  # no room, or a limit to the size of files
                    at = None
            if at is None:
                inline.append(data)
            listed.append((name, array.dtype.str, array.shape, at))
        return listed, inline

    def _array(self, kind: str, shape: list[int], at: int | None) -> np.ndarray:
        dtype = np.dtype(kind)
        if dtype.kind not in _KINDS or not all(type(n) is int and n >= 0 for n in shape):
            raise ChannelError(f"an array of {kind} of shape {shape} is not taken")
        array: np.ndarray = np.empty(shape, dtype)
        if not array.size:
            return array
        view = array.reshape(-1).view(np.uint8)
        if at is None:
            self._read_into(view.data)
        elif self._received is None or not _read_at(self._received, view.data, at):
            raise ChannelError("an array that is not in the memory file")
        return array

    def _read(self, size: int) -> bytes:
        data = bytearray(size)
        self._read_into(memoryview(data))
        return bytes(data)

    def _read_into(self, view: memoryview) -> None:
        at = 0
        while at < len(view):
            try:
                count = os.readv(self._reader, [view[at:]])
            except BlockingIOError:  # somebody has found the descriptor and changed how it waits
                self._poll.poll()
                continue
            except OSError as error:
                raise ChannelClosed(str(error)) from error
            if not count:
                raise ChannelClosed("the other side has closed its end")
            at += count


def _write_all(fd: int, pieces: list[Any]) -> None:
    """Write pieces one after another, at once where there is room: the reader wakes up once."""
    done = 0
    if len(pieces) <= _MOST_PIECES:
        with contextlib.suppress(BlockingIOError):
            done = os.writev(fd, pieces)
    for piece in pieces:
        skipped = min(done, len(piece))
        done -= skipped
        _write(fd, memoryview(piece)[skipped:])


def _write(fd: int, data: Any, at: int | None = None) -> None:
    view, done = memoryview(data), 0
    while done < len(view):
        try:
            done += os.write(fd, view[done:]) if at is None else os.pwrite(fd, view[done:], at + done)
        except BlockingIOError:
            select.select([], [fd], [])


def _read_at(fd: int, view: memoryview, at: int) -> bool:
    done = 0
    while done < len(view):
        count = os.preadv(fd, [view[done:]], at + done)
        if not count:
            return False
        done += count
    return True
