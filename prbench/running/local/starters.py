"""Starting the processes of solvers: forks of a warm one, or processes from scratch, started ahead."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Protocol, Self

from prbench.errors import PrbenchError

from .channel import Channel, memory_file

FORKS = sys.platform != "darwin"
"""Whether a process that has libraries in it can be forked safely."""
HIDDEN = ("PRBENCH_DATA",)
"""Variables that the processes of solvers are not given."""


class Starter(Protocol):
    """Whatever starts processes."""

    def start(self, heavy: set[str]) -> tuple[int, Channel]:
        """A fresh process, and this end of its channel."""

    def reap(self, pid: int, *, kill: bool) -> int:
        """How it has ended; see :meth:`subprocess.Popen.returncode`."""

    def close(self) -> None:
        """Stop the process."""


class Forked:
    """A child of this process that was forked, with the methods of :class:`subprocess.Popen` that are needed of it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def kill(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, or minus the signal that ended it, once it has ended."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@dataclass(frozen=True)
class ServerProcess:
    """A process that runs :mod:`prbench.running.local.fork_server`, and the socket on which it is asked."""

    process: subprocess.Popen[bytes] | Forked
    control: socket.socket

    @classmethod
    def from_scratch(cls, trace_fd: int) -> Self:
        """Started whatever this process holds."""
        ours, theirs = socket.socketpair()
        call = f"from prbench.running.local.fork_server import main; main({theirs.fileno()}, {trace_fd}, {os.getpid()})"
        process = _from_scratch(call, (theirs.fileno(), trace_fd))
        theirs.close()
        return cls(process, ours)

    @classmethod
    def forked(cls, trace_fd: int, closed: int) -> Self:
        """Forked from this process, which must have one thread and have been told nothing yet that a solver must not see.

        Args:
            trace_fd: pipe for stacks.
            closed: the descriptor of this process that the server must not have.
        """
        from .fork_server import main

        ours, theirs = socket.socketpair()
        gc.collect()
        gc.freeze()
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            try:
                os.close(closed)
                ours.close()
                main(theirs.detach(), trace_fd, parent)
            finally:
                os._exit(0)
        theirs.close()
        return cls(Forked(pid), ours)


class ForkServer:
    """Starts processes by :mod:`prbench.running.local.fork_server`."""

    def __init__(self, threads: int, memory_bytes: int | None, server: ServerProcess) -> None:
        self._setup = {"threads": threads, "memory_bytes": memory_bytes}
        self._process, self._control = server.process, server.control

    @property
    def pid(self) -> int:
        """Of the server itself."""
        return self._process.pid

    def start(self, heavy: set[str]) -> tuple[int, Channel]:
        """See :class:`Starter`."""
        ours, theirs = _ends()
        request = json.dumps({"do": "fork", "preload": sorted(heavy), **self._setup}).encode()
        try:
            socket.send_fds(self._control, [request], list(theirs))
        finally:
            _close(theirs)
        return int(self._answer()["pid"]), ours

    def reap(self, pid: int, *, kill: bool) -> int:
        """See :class:`Starter`."""
        self._control.sendall(json.dumps({"do": "kill" if kill else "reap", "pid": pid}).encode())
        return int(self._answer()["code"])

    def _answer(self) -> dict[str, Any]:
        data = self._control.recv(4096)
        if not data:
            raise PrbenchError(f"the process that starts solvers' processes has ended (exit code {self._process.wait()})")
        result: dict[str, Any] = json.loads(data)
        return result

    def close(self) -> None:
        """See :class:`Starter`."""
        self._control.close()
        self._process.kill()
        self._process.wait()


class Spawner:
    """Starts processes from scratch, one ahead of its use: where forking a process that has libraries in it is not safe."""

    def __init__(self, threads: int, memory_bytes: int | None, trace_fd: int) -> None:
        self._threads, self._memory_bytes, self._trace_fd = threads, memory_bytes, trace_fd
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._spare = self._new(set())

    def _new(self, heavy: set[str]) -> tuple[int, Channel]:
        ours, theirs = _ends()
        arguments = (*theirs, self._trace_fd, os.getpid(), self._threads, self._memory_bytes, sorted(heavy))
        process = _from_scratch(f"from prbench.running.local.spawned import main; main{arguments!r}", (*theirs, self._trace_fd))
        _close(theirs)
        self._running[process.pid] = process
        return process.pid, ours

    def start(self, heavy: set[str]) -> tuple[int, Channel]:
        """See :class:`Starter`."""
        result, self._spare = self._spare, self._new(heavy)
        return result

    def reap(self, pid: int, *, kill: bool) -> int:
        """See :class:`Starter`."""
        process = self._running.pop(pid)
        if not kill:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(1.0)
        process.kill()
        return process.wait()

    @property
    def pids(self) -> set[int]:
        """Of all that live."""
        return set(self._running)

    def close(self) -> None:
        """See :class:`Starter`."""
        for process in self._running.values():
            process.kill()
            process.wait()


def _ends() -> tuple[Channel, tuple[int, int, int]]:
    """The channel of this side, and the descriptors of the other: its socket, the memory file it writes, the one it reads."""
    ours, theirs = socket.socketpair()
    sent, received = memory_file(), memory_file()
    ours_fd = ours.detach()
    return Channel(ours_fd, ours_fd, sent, received), (theirs.detach(), os.dup(received), os.dup(sent))


def _close(fds: tuple[int, ...]) -> None:
    for fd in fds:
        os.close(fd)


def _from_scratch(call: str, passed: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """A process of the same interpreter, in the group of this one, that knows no data folder."""
    return subprocess.Popen(  # noqa: S603 - our own module under the same interpreter
        [sys.executable, "-P", "-u", "-X", "faulthandler", "-c", call],
        stdin=subprocess.DEVNULL,
        pass_fds=passed,
        env={name: value for name, value in os.environ.items() if name not in HIDDEN},
    )
