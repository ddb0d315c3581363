"""Arrays copied out of another process's memory, where the system lets a parent: one copy, and two through a file."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np


class _Stretch(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class MemoryReader:
    """Reads the memory of a process that this one has started.

    Args:
        pid: its process id.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def read(self, shape: tuple[int, ...], dtype: np.dtype[Any], address: int) -> np.ndarray | None:
        """A copy of the contiguous array at an address; None where the system refuses, or where not all of it is there."""
        call = _system_call()
        if call is None or not 0 <= address < 1 << 63:
            return None
        result, done = np.empty(shape, dtype), 0
        while done < result.nbytes:  # one call moves 2 GiB at most
            left = result.nbytes - done
            here, there = _Stretch(result.ctypes.data + done, left), _Stretch(address + done, left)
            moved = call(self._pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
            if moved <= 0:
                return None
            done += moved
        return result

    def finds(self, told: Any) -> bool:
        """Whether the bytes that a program says it holds at an address are there: ``{"address": ..., "holds": hexadecimal}``.

        They are not where the system refuses, or where the process is not the program itself but what runs it.
        """
        try:
            address, expected = int(told["address"]), bytes.fromhex(told["holds"])
        except (KeyError, TypeError, ValueError):
            return False
        found = self.read((len(expected),), np.dtype(np.uint8), address)
        return len(expected) > 0 and found is not None and found.tobytes() == expected


@cache
def _system_call() -> Any:
    """``process_vm_readv`` of Linux; None elsewhere."""
    if os.name != "posix":
        return None
    call = getattr(ctypes.CDLL(None), "process_vm_readv", None)
    if call is not None:
        call.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong)
        call.restype = ctypes.c_ssize_t
    return call
