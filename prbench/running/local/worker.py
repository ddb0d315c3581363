"""A worker: a process of its own that executes one cell after another and tells its parent how it goes.

Started by :mod:`prbench.running.local.pool` in a session of its own, with its output in a pipe. Both sides send JSON. The worker
writes its records itself; what it cannot write, because it hangs or dies, its parent writes.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import json
import os
import resource
import select
import signal
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prbench.backend import keep_freed_memory, set_threads
from prbench.errors import CannotWrite
from prbench.running.executing import Executor, Report
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store

from .memory import limit_memory
from .worker_process import boundary

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


_process = os.getpid()


def main(connection_fd: int, trace_fd: int, parent: int) -> None:
    """Execute the cells that arrive until the parent closes the connection.

    Args:
        connection_fd: socket to the parent.
        trace_fd: pipe for the stacks that a crash or the parent's SIGUSR1 leaves.
        parent: process id of the parent.
    """
    for fd in (connection_fd, trace_fd):
        os.set_inheritable(fd, False)
    die_with(parent, connection_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(file=trace_fd, all_threads=True)
    faulthandler.register(signal.SIGUSR1, file=trace_fd, all_threads=True, chain=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection = Connection(connection_fd)
    setup = json.loads(connection.recv_bytes())
    set_threads(setup["threads"])
    keep_freed_memory()
    executor = Executor(Store(setup["store"]))
    _tell(connection, "ready", {})
    modules, told = 0, False
    waiting = select.poll()
    waiting.register(connection_fd, select.POLLIN)
    with contextlib.suppress(EOFError):
        while True:
            if len(sys.modules) > modules:
                modules = len(sys.modules)
                _settle()
            cell = Cell.from_plain(json.loads(connection.recv_bytes()))
            if not told:
                _tell(connection, "phase", {"phase": "problem"})
            ending = _serve(executor, cell, setup["memory_bytes"], partial(_tell, connection))
            told = not ending["retire"] and bool(waiting.poll(0))  # the next is there already: one message says both
            _tell(connection, ending.pop("event"), {**ending, "next": told})
            if ending["retire"]:
                break


def _settle() -> None:
    """Spare the garbage collector what libraries have made: a full pass over torch's objects takes 90 ms, amid a timed solve."""
    gc.collect()
    gc.freeze()


def _serve(executor: Executor, cell: Cell, memory_bytes: int | None, report: Report) -> dict[str, Any]:
    """Execute one cell; what to tell of its end, ``retire`` where the process should be replaced before the next."""
    if memory_bytes is not None and cell.device_class == "cpu":  # CUDA reserves addresses far beyond what it uses
        limit_memory(memory_bytes)

    os.write(1, boundary(cell.key))
    started = time.monotonic()
    try:
        record = executor.execute(cell, report)
    except CannotWrite as failure:
        return {"event": "cannot_write", "reason": str(failure), "retire": True}
    sys.stdout.flush()
    sys.stderr.flush()
    retire = end_children() or record.status == "out_of_memory"
    return {"event": "done", "status": record.status, "seconds": time.monotonic() - started, "retire": retire}


def end_children() -> bool:
    """Kill the processes that a solver has left, those among them whose parents have ended too; True where there were any."""
    found = False
    while children := _children():
        found = True
        for pid in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
    return found


def _children() -> set[int]:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    found: set[int] = set()
    for place in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread that has just ended
            found.update(map(int, place.read_text(encoding="ascii").split()))
    return found - {getattr(resource_tracker._resource_tracker, "_pid", 0)}  # noqa: SLF001 - Python's own, which stays


def _tell(connection: Connection, event: str, values: Mapping[str, Any]) -> None:
    if os.getpid() != _process:
        return  # a fork of the solver's has nothing to tell
    try:
        connection.send_bytes(json.dumps({"event": event, **values}).encode())
    except OSError:
        os._exit(1)  # the parent is gone; raised inside a solver this would become that solver's record


def die_with(parent: int, connection_fd: int, *, of_thread: bool = True) -> None:
    """End this process and its group when its parent has ended, however that happened, also in the middle of a solve.

    Args:
        parent: process id of the parent.
        connection_fd: socket to it.
        of_thread: whether the end of the thread that started this process may count as the end of the parent, which it does to
            Linux's own, quicker way to tell.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        if of_thread:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)

    def watch() -> None:
        poll = select.poll()
        poll.register(connection_fd, 0)  # reports nothing but the other end's disappearance
        poll.poll()
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="prbench-parent-watch").start()
