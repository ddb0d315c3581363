"""One worker as its parent sees it: the process, the pipes, and what it was last heard to do."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.running.request.cell import Cell
from prbench.running.solving import Progress
from prbench.running.store.record import now

from .process_environment import environment_of
from .starters import HIDDEN

if TYPE_CHECKING:
    import psutil

_STACK_WAIT_S = 2.0
_MARK = re.compile(rb"\0([+-]?)([0-9a-f]*)\n")
_PIECE, _MUCH, _BUSY_S = 65_536, 4_096, 1.0
"""Bytes read at a time, what a pipe holds; how many of them are much; and for how long a pipe is then read as it is written."""


class OutputTail:
    """The reading end of a pipe of which only the last bytes are kept, whatever is written into it."""

    def __init__(self, keep: int = 16_384) -> None:
        self.fd, self.writer = os.pipe()
        os.set_blocking(self.fd, False)
        self._keep = keep
        self._data = bytearray()
        self.open = True
        self._busy_until = 0.0

    def drain(self) -> None:
        """Read what is there, at most 64 pieces, so that one worker's chatter does not keep the parent from the others."""
        size = 0
        for _ in range(64 if self.open else 0):
            try:
                piece = os.read(self.fd, _PIECE)
            except BlockingIOError:
                break
            if not piece:
                self.close()
                break
            size += len(piece)
            self._data += piece
            del self._data[: -self._keep]
            if len(piece) < _PIECE:
                break
        if size > _MUCH:
            self._busy_until = time.monotonic() + _BUSY_S

    @property
    def busy(self) -> bool:
        """Whether much was written of late, so that the writer would have to wait for a reader who comes now and then."""
        return time.monotonic() < self._busy_until

    def text(self, after: bytes = b"") -> str:
        """What was last written, after the last occurrence of ``after`` where it is still there."""
        data = self._data.rpartition(after)[2] if after else self._data
        return _MARK.sub(b"", data).decode("utf-8", errors="replace")

    def at_work(self) -> str:
        """The key of the cell that the writer was at by its last mark; ``""`` where that is not there any more."""
        begun = at = b""
        for sign, key in _MARK.findall(self._data):
            begun = begun if sign else key
            at = key if sign == b"+" else begun
        return at.decode()

    def close(self) -> None:
        """Close the reading end."""
        if self.open:
            os.close(self.fd)
            self.open = False


class WorkerProcess:
    """A process started from scratch, leader of its own group, with threads fixed before any library is loaded.

    Attributes:
        cell: what it works at, None where it is idle.
        ahead: the cell it will begin by itself after that one, or None.
        begun: whether it is known to have begun ``cell``.
        stamp: of the record of ``cell`` that was there before it began.
        ready: whether it has started up.
        gone: whether it has closed its end of the connection.
        phase: ``problem``, ``startup``, ``solving`` or ``scoring``, and ``phase_since``, when that began (monotonic).
        heard_at: when it last said anything (monotonic).
        gpu: the one GPU that it sees, None where it sees what its parent does.
        solver_pid: process id of the solver's own process.
        looked_at: when its limits were last looked at (monotonic).
        assigned, assigned_at: when it was given the cell, UTC and monotonic.
        curve: the points received of the present cell.
        problem: the problem's description, once made.
        peak_resident: the largest resident size seen, bytes.
        output, trace: the ends of what it printed, and of the stacks it left.
    """

    def __init__(self, store: Path, threads: int, memory_bytes: int | None, gpu: str | None = None) -> None:
        self.gpu = gpu
        self.output, self.trace = OutputTail(), OutputTail(65_536)
        self.connection, theirs = multiprocessing.Pipe()
        self._said = select.poll()
        self._said.register(self.connection.fileno(), select.POLLIN)
        environment = {**environment_of(threads), **({} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu})}
        hidden = {name: environment[name] for name in HIDDEN if name in environment}  # told once solvers' processes are apart
        call = f"from prbench.running.local.worker import main; main({theirs.fileno()}, {self.trace.writer}, {os.getpid()})"
        self.process = subprocess.Popen(  # noqa: S603 - our own module under the same interpreter
            [sys.executable, "-P", "-u", "-X", "faulthandler", "-c", call],  # -u: the last words of what dies are not lost
            stdin=subprocess.DEVNULL,
            stdout=self.output.writer,
            stderr=self.output.writer,
            pass_fds=(theirs.fileno(), self.trace.writer),
            start_new_session=True,
            env={name: value for name, value in environment.items() if name not in HIDDEN},
        )
        theirs.close()
        os.close(self.output.writer)
        os.close(self.trace.writer)
        self.cell: Cell | None = None
        self.ahead: Cell | None = None
        self.begun = False
        self.looked_at = 0.0
        self.stamp: str | None = None
        self._stamp_ahead: str | None = None
        self.ready, self.gone = False, False
        self.peak_resident = 0
        self.solver_pid: int | None = None
        self._forget()
        self._send({"store": str(store.absolute()), "threads": threads, "memory_bytes": memory_bytes, "hidden": hidden})

    def _forget(self) -> None:
        self.phase, self.curve, self.problem = "problem", list[Progress](), dict[str, Any]()
        self.assigned, self.assigned_at = now(), time.monotonic()
        self.phase_since = self.heard_at = self.assigned_at

    def _send(self, message: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):  # it has died; the exit status will tell
            self.connection.send_bytes(json.dumps(message).encode())

    def assign(self, cell: Cell, stamp: str | None, spelled: Mapping[str, str]) -> None:
        """Give it a cell, to be begun now or, where it has one in hand, after that; ``spelled`` goes into the record."""
        if self.cell is None:
            self.cell, self.stamp, self.begun = cell, stamp, True
            self._forget()
        else:
            self.ahead, self._stamp_ahead = cell, stamp
        self._send({"cell": cell.to_plain(), "spelled": spelled})

    def go_on(self, *, begun: bool) -> None:
        """Its cell has ended: it is at the next, which it has begun or will, or idle."""
        self.cell, self.stamp, self.ahead, self.begun = self.ahead, self._stamp_ahead, None, begun
        self._forget()

    def convict(self) -> None:
        """It has ended, or must: where it was at the cell ahead, that one is to blame, and its own has to be done again."""
        self.drain()
        if self.cell is not None and self.ahead is not None and self.output.at_work() == self.ahead.key:
            self.cell, self.ahead = self.ahead, self.cell
            self.stamp, self._stamp_ahead = self._stamp_ahead, self.stamp
            self._forget()

    def printed(self) -> str:
        """The end of what it has printed since it began its cell."""
        return self.output.text(boundary(self.cell.key) if self.cell is not None else b"")

    def handles(self) -> list[int]:
        """What to wait for: what it says, and what it prints where that is much; else its output waits for what it says."""
        tails = [tail.fd for tail in (self.output, self.trace) if tail.open and tail.busy]
        return [*tails, *([] if self.gone else [self.connection.fileno()])]

    def drain(self) -> None:
        """Read what it has printed and what stacks it has left."""
        self.output.drain()
        self.trace.drain()

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it has said since, drained of its output; ends when there is no more."""
        self.drain()
        try:
            while not self.gone and self._said.poll(0):
                yield json.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self.gone = True

    def heard(self, message: Mapping[str, Any]) -> None:
        """Note what a message says of the state."""
        self.heard_at = time.monotonic()
        self.begun = True
        if message["event"] == "ready":
            self.ready, self.phase_since = True, self.heard_at
        elif message["event"] == "phase":
            self.phase, self.phase_since = message["phase"], self.heard_at
            self.problem = message.get("problem", self.problem)
            self.solver_pid = message.get("solver", self.solver_pid)
        elif message["event"] == "progress":
            self.curve.append(Progress(**{name: value for name, value in message.items() if name != "event"}))

    def resident(self) -> int:
        """Bytes of memory that it or its solver's process occupies now, whichever are more: a limit holds for each."""
        size = resident_bytes(self.process.pid)
        if self.solver_pid is not None and self.cell is not None:
            size = max(size, resident_bytes(self.solver_pid))
        self.peak_resident = max(self.peak_resident, size)
        return size

    def stack(self) -> str:
        """Ask it where it is: the Python stack of every thread, as far as it answers within two seconds."""
        if not self.ready:
            return ""
        asked = self.solver_pid if self.phase in ("startup", "solving") and self.solver_pid is not None else self.process.pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(asked, signal.SIGUSR1)
        until, text = time.monotonic() + _STACK_WAIT_S, ""
        while time.monotonic() < until:
            time.sleep(0.05)
            self.trace.drain()
            self.output.drain()
            if self.trace.text() == text != "":
                break
            text = self.trace.text()
        return text

    def kill(self) -> None:
        """End it with everything in its group or below it, and keep what it has said."""
        below = _below(self.process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        _kill_all(below)
        self.output.drain()
        self.trace.drain()
        self.output.close()
        self.trace.close()


def boundary(key: str) -> bytes:
    """What a worker writes among its output when it begins a cell."""
    return f"\0{key}\n".encode()


@contextlib.contextmanager
def working_at(key: str) -> Iterator[None]:
    """Write among the output that something is done for another cell meanwhile."""
    os.write(1, f"\0+{key}\n".encode())
    yield
    os.write(1, b"\0-\n")


def _below(pid: int) -> list[psutil.Process]:
    import psutil

    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def _kill_all(processes: list[psutil.Process]) -> None:
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()


def resident_bytes(pid: int) -> int:
    """Bytes of memory that a process occupies; 0 where there is none."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return _resident_bytes(pid)
    return pages * os.sysconf("SC_PAGE_SIZE")


def _resident_bytes(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0
