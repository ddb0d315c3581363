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
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from prbench.backend import keep_freed_memory, set_threads
from prbench.errors import CannotWrite
from prbench.running.bench import SolverDied
from prbench.running.executing import Attempt, Executor, Spelled
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store

from .children import adopt_orphans, end_with_parent
from .memory import limit_memory
from .solver_host import SolverHost
from .starters import FORKS, ServerProcess
from .worker_process import boundary, working_at

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
    import_module("scipy.fft")  # needed in all three kinds of processes
    server = ServerProcess.forked(trace_fd, connection_fd) if FORKS else None  # before anything is known here
    die_with(parent, connection_fd)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable(file=trace_fd, all_threads=True)
    faulthandler.register(signal.SIGUSR1, file=trace_fd, all_threads=True, chain=False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection = Connection(connection_fd)
    setup = json.loads(connection.recv_bytes())
    os.environ.update(setup["hidden"])
    set_threads(setup["threads"])
    keep_freed_memory()
    host = SolverHost(setup["threads"], setup["memory_bytes"], trace_fd, server=server)
    service = _Service(connection, Executor(Store(setup["store"]), host), host, setup["memory_bytes"])
    _tell(connection, "ready", {})
    modules = 0
    with contextlib.suppress(EOFError):
        while True:
            if len(sys.modules) > modules:
                modules = len(sys.modules)
                _settle()
            service.serve()


class _Service:
    """Serves cells one after another.

    Beside the first solve of a quick one, the record of the one before is made, and the problem of the next.

    The parent hears of cells in order: what is told of the next waits until that record is written.

    Args:
        connection: to the parent.
        executor: of cells.
        host: of solvers, the executor's bench.
        memory_bytes: what this process may allocate beyond what it has; no limit where None.
    """

    def __init__(self, connection: Connection, executor: Executor, host: SolverHost, memory_bytes: int | None) -> None:
        self._connection, self._executor, self._host, self._memory_bytes = connection, executor, host, memory_bytes
        self._arriving = select.poll()
        self._arriving.register(connection.fileno(), select.POLLIN)
        self._next: tuple[Cell, Spelled] | None = None
        self._unfinished: tuple[Attempt, float] | None = None
        self._held: list[tuple[str, Mapping[str, Any]]] = []
        self._told = False

    def serve(self) -> None:
        """Wait for a cell and execute it, but for what may wait for the next.

        Raises:
            EOFError: where the parent has closed the connection.
        """
        try:
            (cell, spelled), self._next = self._next or self._receive(), None
        except EOFError:
            self.finish()
            raise
        if self._memory_bytes is not None:
            limit_memory(self._memory_bytes)
        os.write(1, boundary(cell.key))
        if self._unfinished is None and not self._told:
            self._report("phase", {"phase": "problem"})
        began = time.monotonic()
        try:
            attempt = self._executor.solve(cell, self._report, spelled, partial(self.finish, begun=True), self._make_next)
        except SolverDied as death:
            self._told = self._is_next
            _tell(self._connection, "died", {"code": death.code, "next": self._told})
            return
        self._unfinished = attempt, time.monotonic() - began
        if not (attempt.may_wait and self._is_next):
            self.finish()

    def finish(self, *, begun: bool = False) -> None:
        """Make the record of the cell before, where that is still to be done; the process ends where it should be replaced.

        Args:
            begun: whether the next cell is in hand.
        """
        if self._unfinished is None:
            return
        (attempt, seconds), self._unfinished = self._unfinished, None
        held, self._held = self._held, []
        began = time.monotonic()
        try:
            with working_at(attempt.cell.key):
                record = self._executor.finish(attempt, self._report)
        except CannotWrite as failure:
            _tell(self._connection, "cannot_write", {"reason": str(failure)})
            os._exit(1)
        retire = record.status == "out_of_memory"
        if not begun:
            self._told = self._is_next and not retire  # one message says that it has ended, and that the next is begun
        told = {"retire": retire, "next": (begun or self._told) and not retire}
        _tell(self._connection, "done", {"status": record.status, "seconds": seconds + time.monotonic() - began, **told})
        if retire:
            os._exit(0)
        for event, values in held:
            self._report(event, values)

    def _receive(self) -> tuple[Cell, Spelled]:
        asked = json.loads(self._connection.recv_bytes())
        return Cell.from_plain(asked["cell"]), Spelled(**asked["spelled"])

    def _make_next(self) -> None:
        """Make the problem of the next cell, if it arrives before the solver's answer and takes little time."""
        arriving = select.poll()
        arriving.register(self._connection.fileno(), select.POLLIN)
        if self._host.answers is not None:
            arriving.register(self._host.answers, select.POLLIN)
        if self._next is None and self._connection.fileno() in dict(arriving.poll()):
            with contextlib.suppress(EOFError):  # the parent has gone, which is noticed when this cell has ended
                self._next = self._receive()
        if self._next is not None and self._executor.makes_quickly(cell := self._next[0]):
            with working_at(cell.key):
                self._executor.make_ahead(cell)

    @property
    def _is_next(self) -> bool:
        """Whether a cell is there that has not been begun."""
        return self._next is not None or bool(self._arriving.poll(0))

    def _report(self, event: str, values: Mapping[str, Any]) -> None:
        if self._unfinished is None:
            _tell(self._connection, event, values)
        else:
            self._held.append((event, values))


def _settle() -> None:
    """Spare the garbage collector what libraries have made: a full pass over torch's objects takes 90 ms, amid a timed solve."""
    gc.collect()
    gc.freeze()


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
