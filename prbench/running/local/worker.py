"""A worker: a process of its own that executes one cell after another and tells its parent how it goes.

It makes problems, scores answers and writes records; solvers run in further processes (:mod:`.solver_host`). Started by
:mod:`prbench.running.local.pool` in a session of its own, with its output in a pipe. Both sides send JSON. What it cannot write,
because it hangs or dies, its parent writes.
"""

from __future__ import annotations

import contextlib
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
from multiprocessing.connection import Connection
from typing import Any

from prbench.backend import keep_freed_memory, set_threads
from prbench.errors import CannotWrite
from prbench.running.bench import SolverDied
from prbench.running.executing import Executor, Report, Spelled
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store

from .children import adopt_orphans, end_with_parent
from .memory import limit_memory
from .solver_host import SolverHost
from .worker_process import boundary

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
    host = SolverHost(setup["threads"], setup["memory_bytes"], trace_fd)
    executor = Executor(Store(setup["store"]), host)
    _tell(connection, "ready", {})
    modules, told = 0, False
    waiting = select.poll()
    waiting.register(connection_fd, select.POLLIN)
    with contextlib.suppress(EOFError):
        while True:
            if len(sys.modules) > modules:
                modules = len(sys.modules)
                _settle()
            asked = json.loads(connection.recv_bytes())
            cell, spelled = Cell.from_plain(asked["cell"]), Spelled(**asked["spelled"])
            if not told:
                _tell(connection, "phase", {"phase": "problem"})
            ending = _serve(executor, cell, spelled, setup["memory_bytes"], partial(_tell, connection))
            told = not ending["retire"] and bool(waiting.poll(0))  # the next is there already: one message says both
            _tell(connection, ending.pop("event"), {**ending, "next": told})
            if ending["retire"]:
                break


def _settle() -> None:
    """Spare the garbage collector what libraries have made: a full pass over torch's objects takes 90 ms, amid a timed solve."""
    gc.collect()
    gc.freeze()


def _serve(executor: Executor, cell: Cell, spelled: Spelled, memory_bytes: int | None, report: Report) -> dict[str, Any]:
    """Execute one cell; what to tell of its end, ``retire`` where the process should be replaced before the next."""
    if memory_bytes is not None:
        limit_memory(memory_bytes)
    os.write(1, boundary(cell.key))
    started = time.monotonic()
    try:
        record = executor.execute(cell, report, spelled)
    except CannotWrite as failure:
        return {"event": "cannot_write", "reason": str(failure), "retire": True}
    except SolverDied as death:
        return {"event": "died", "code": death.code, "retire": False}
    retire = record.status == "out_of_memory"
    return {"event": "done", "status": record.status, "seconds": time.monotonic() - started, "retire": retire}


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
    adopt_orphans()
    if of_thread:
        end_with_parent(parent)
    elif os.getppid() != parent:
        os._exit(1)

    def watch() -> None:
        poll = select.poll()
        poll.register(connection_fd, 0)  # reports nothing but the other end's disappearance
        poll.poll()
        os.killpg(os.getpgid(0), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="prbench-parent-watch").start()
