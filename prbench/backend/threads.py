"""How many CPU threads this process computes with: one number for torch, numba and scipy's FFT."""

from __future__ import annotations

import os
import sys

_threads: int | None = None


def physical_cores() -> int:
    """CPU cores this process may use, not counting hyper-threads where that can be told."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, psutil.cpu_count(logical=False) or allowed))


def get_threads() -> int:
    """The number of threads in force: what :func:`set_threads` said, else ``OMP_NUM_THREADS``, else the physical cores."""
    if _threads is not None:
        return _threads
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) > 0 else physical_cores()


def set_threads(threads: int) -> None:
    """Compute with ``threads`` threads from now on, in every library that has a pool of its own."""
    global _threads  # noqa: PLW0603 - thread pools belong to the process
    _threads = threads
    if "numba" in sys.modules:
        numba = sys.modules["numba"]
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    if "torch" in sys.modules:  # after numba, which on its first call sets the OpenMP that both share to all cores
        sys.modules["torch"].set_num_threads(threads)
