"""A check of HDF5's global heaps, where texts lie, before the library reads them: in a damaged one it goes on for ever.

Source of the layout: HDF5 File Format Specification Version 3.0, III.E. "Level 1E - Global Heap".
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

from prbench.errors import BadInput

_HEAD = 16
"""Bytes of the header of a collection, and of that of an object in it."""


def check_heaps(path: Path) -> None:
    """Walk through every global heap collection of a file, whose objects must end inside it and have a size.

    Raises:
        BadInput: where one is damaged.
    """
    if path.stat().st_size == 0:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at = content.find(b"GCOL")
        while at >= 0:
            if not _is_sound(content, at):
                raise BadInput(f"{path}: its heap of texts at byte {at} is damaged; write the file again")
            at = content.find(b"GCOL", at + 4)


def _is_sound(content: mmap.mmap, at: int) -> bool:
    head = content[at : at + _HEAD]
    if len(head) < _HEAD or head[4:8] != b"\x01\0\0\0":
        return True  # four bytes that happen to spell its name
    (size,) = struct.unpack_from("<Q", head, 8)
    if size < _HEAD or at + size > len(content):
        return False
    offset = at + _HEAD
    while offset + _HEAD <= at + size:
        index, length = struct.unpack("<H6xQ", content[offset : offset + _HEAD])
        needed = length if index == 0 else _HEAD + -(-length // 8) * 8
        if needed < _HEAD or offset + needed > at + size:
            return False
        offset += needed
    return True
