"""Processes that a solver has started and not ended, and processes that end with their parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Container
from multiprocessing import resource_tracker
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def adopt_orphans() -> None:
    """Become the parent of descendants whose parents have ended, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(parent: int) -> None:
    """End when the thread that started this process has ended, where the system can do that; at once if it has already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def end_children(spared: Container[int] = ()) -> bool:
    """Kill the processes that a solver has left, those among them whose parents have ended too; True where there were any."""
    result = False
    while children := {pid for pid in _children() if pid not in spared}:
        result = True
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
    return result


def _listed_children() -> set[int]:
    """The children of this process: from the kernel's lists on Linux, from the table of processes elsewhere."""
    threads = Path("/proc/self/task")
    if not threads.is_dir():
        import psutil

        return {child.pid for child in psutil.Process().children()}
    result: set[int] = set()
    for path in threads.glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            result.update(map(int, path.read_text(encoding="ascii").split()))
    return result


def _children() -> set[int]:
    if hasattr(os, "waitid"):  # macOS has it from Python 3.13 on
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return set()
    return _listed_children() - {getattr(resource_tracker._resource_tracker, "_pid", 0)}  # noqa: SLF001 - Python's own, which stays
