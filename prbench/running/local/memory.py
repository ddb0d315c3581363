"""How much memory this process takes at its highest, and a limit to it."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from functools import cache
from pathlib import Path
from typing import Any, Self

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PeakMemory:
    """Bytes by which the process grew at its highest inside a ``with`` block, in :attr:`growth`.

    On Linux the kernel's high-water mark is reset first; elsewhere a peak below that of an earlier block reads as no growth.
    """

    growth = 0

    def __enter__(self) -> Self:
        return_freed_memory()
        self._exact = _reset_peak()
        self._before = _status("VmRSS") if self._exact else _max_resident()
        return self

    def __exit__(self, *_: object) -> None:
        peak = _status("VmHWM") if self._exact else _max_resident()
        self.growth = max(0, peak - self._before)


def limit_memory(data_bytes: int) -> None:
    """Let this process allocate ``data_bytes`` more than it has now; beyond that an allocation fails with MemoryError.

    Does nothing where the system keeps no count of data (macOS).
    """
    if not _STATUS.exists():
        return
    return_freed_memory()  # what is freed and kept can be taken again without the limit knowing
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = _status("VmData") + data_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


@cache
def _descriptor(pid: int, path: Path, flags: int) -> int:  # noqa: ARG001 - a fork has files of its own there
    return os.open(path, flags | os.O_CLOEXEC)


def _status(name: str) -> int:
    text = os.pread(_descriptor(os.getpid(), _STATUS, os.O_RDONLY), 16_384, 0)
    at = text.index(f"\n{name}:".encode()) + len(name) + 2
    return int(text[at : at + 40].split()[0]) * 1024


def _reset_peak() -> bool:
    try:
        os.pwrite(_descriptor(os.getpid(), _CLEAR, os.O_WRONLY), b"5", 0)
    except OSError:
        return False  # another system, or a container that does not allow it
    return True


def _max_resident() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@cache
def _libc() -> Any:
    return ctypes.CDLL(None)


def return_freed_memory() -> None:
    """Give back what earlier work has freed, so that taking it again counts."""
    if hasattr(_libc(), "malloc_trim"):
        _libc().malloc_trim(0)
