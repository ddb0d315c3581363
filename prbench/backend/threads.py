"""How many CPU threads this process computes with: one number for torch, numba and scipy's FFT.

The number is what :func:`set_threads` said. Without that it is the least of ``OMP_NUM_THREADS`` or, where that is unset, the
physical cores, and of ``torch.get_num_threads()`` where torch is loaded: a program that has told torch to use fewer threads is
followed, and never more threads are used than there are cores.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Any

_threads: int | None = None
_SAMPLE_S = 0.2


def physical_cores() -> int:
    """CPU cores this process may use, not counting hyper-threads where that can be told."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(allowed, _cores_of_machine() or allowed))


def free_cores() -> int:
    """Physical cores that nobody is using now, at least one: looks for a fifth of a second.

    Threads that wait for each other crawl where others hold some of their cores: four threads on two free cores take longer than
    two. The load average is no help, since it still counts what ended a minute ago.
    """
    import psutil

    busy = psutil.cpu_percent(_SAMPLE_S) / 100 * (psutil.cpu_count(logical=False) or 1)
    return max(1, physical_cores() - round(busy))


@cache
def _cores_of_machine() -> int | None:
    import psutil

    count: int | None = psutil.cpu_count(logical=False)
    return count


def get_threads() -> int:
    """The number of threads in force; the module says how it is chosen."""
    if _threads is not None:
        return _threads
    asked = os.environ.get("OMP_NUM_THREADS", "")
    most = int(asked) if asked.isdigit() and int(asked) > 0 else physical_cores()
    told = _torch_threads()
    return most if told is None else min(most, told)


def set_threads(threads: int) -> None:
    """Compute with ``threads`` threads from now on, in every library that has a pool of its own."""
    global _threads  # noqa: PLW0603 - thread pools belong to the process
    _threads = threads
    if "numba" in sys.modules:
        follow_threads(sys.modules["numba"])
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def follow_threads(numba: Any) -> None:
    """Let numba use the threads in force, and torch keep those that it had.

    On its first call numba sets the OpenMP that both share to all cores, and torch with it.
    """
    threads = get_threads()
    before = _torch_threads()
    wanted = min(threads, numba.config.NUMBA_NUM_THREADS)
    if numba.get_num_threads() != wanted:
        numba.set_num_threads(wanted)
    if before is not None and _torch_threads() != before:
        sys.modules["torch"].set_num_threads(before)


def _torch_threads() -> int | None:
    """What torch says where it is loaded; None otherwise, and while it is being imported."""
    say = getattr(sys.modules.get("torch"), "get_num_threads", None)
    return None if say is None else int(say())
