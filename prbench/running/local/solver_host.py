"""Processes that solve, as the process that makes problems and scores answers sees them: one for each class of solver.

A class gets a fresh process, which is kept, stopped while others work, as long as it leaves nothing behind in it. What a solve
took is measured from outside as well, so that a clock that a solver has changed is found out.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from prbench.backend import Backend
from prbench.core import Measurement
from prbench.errors import PrbenchError
from prbench.running.bench import SolverDied, SolverFailed, Traits
from prbench.running.billing import Spent, Times
from prbench.running.endings import reconstruction_of
from prbench.running.loop import Progress, Status
from prbench.running.measurement_arrays import measurement_to_plain
from prbench.running.request.cell import Cell
from prbench.running.solving import Run

from .channel import Channel, ChannelClosed, ChannelError, memory_file
from .children import end_children

_KEPT = 6
"""Processes kept for classes of solvers, besides the one that times FFT pairs."""
_LINUX = platform.system() == "Linux"
_PAIRS = "FFT pairs"
_PAIR_HOLDS_S = 0.1
_ENDING_S = 10.0
_ENDINGS: dict[str, Status] = {"ok": "ok", "time_limit": "time_limit", "diverged": "diverged"}
_HIDDEN = ("PRBENCH_DATA",)
"""Variables that the processes of solvers are not given."""

Reply = tuple[dict[str, Any], dict[str, np.ndarray]]


class Starter(Protocol):
    """Whatever starts processes."""

    def start(self, heavy: set[str]) -> tuple[int, Channel]:
        """A fresh process, and this end of its channel."""

    def reap(self, pid: int, *, kill: bool) -> int:
        """How it has ended; see :meth:`subprocess.Popen.returncode`."""

    def close(self) -> None:
        """End."""


class ForkServer:
    """Starts processes by :mod:`prbench.running.local.fork_server`."""

    def __init__(self, threads: int, memory_bytes: int | None, trace_fd: int) -> None:
        self._setup = {"threads": threads, "memory_bytes": memory_bytes}
        self._control, theirs = socket.socketpair()
        call = f"from prbench.running.local.fork_server import main; main({theirs.fileno()}, {trace_fd}, {os.getpid()})"
        self._process = _from_scratch(call, (theirs.fileno(), trace_fd))
        theirs.close()

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
        found: dict[str, Any] = json.loads(data)
        return found

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
        found, self._spare = self._spare, self._new(heavy)
        return found

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


class SolverHost:
    """A bench (:class:`~prbench.running.bench.Bench`) whose solvers run in processes of their own.

    Args:
        threads: CPU threads of each process.
        memory_bytes: what each may allocate.
        trace_fd: pipe for stacks.
        spawn: whether to start every process from scratch; where forks are not safe if None.
    """

    def __init__(self, threads: int, memory_bytes: int | None, trace_fd: int, *, spawn: bool | None = None) -> None:
        kind = Spawner if (sys.platform == "darwin" if spawn is None else spawn) else ForkServer
        self._starter: ForkServer | Spawner = kind(threads, memory_bytes, trace_fd)
        self._processes: OrderedDict[str, _Process] = OrderedDict()
        self._heavy: set[str] = set()
        self._now: _Process | None = None
        self._pairs: dict[tuple[object, ...], tuple[float, tuple[float, float]]] = {}
        self._ending = False

    @property
    def pid(self) -> int | None:
        """Process id of the solver in hand."""
        return self._now.pid if self._now is not None else None

    def begin(self, cell: Cell) -> bool:
        """See :class:`~prbench.running.bench.Bench`."""
        self._now = self._process(cell.solver)
        kind = (cell.task, cell.backend, cell.precision)
        cold = kind not in self._now.warm
        self._now.warm.add(kind)
        return cold

    def load(self, cell: Cell) -> Traits:
        """See :class:`~prbench.running.bench.Bench`."""
        process = self._present
        label = cell.solver_label
        if label not in process.loaded:
            request = {"do": "load", "solver": cell.solver, "params": dict(cell.solver_params), "label": label, "seed": cell.seed}
            reply = process.ask({**request, "backend": cell.backend, "precision": cell.precision})[0]
            process.loaded[label] = Traits(
                iterative=bool(reply["iterative"]), networked=bool(reply["networked"]), gpu=reply["gpu"]
            )
        return process.loaded[label]

    def solve(
        self,
        cell: Cell,
        measurement: Measurement,
        *,
        time_limit_s: float | None,
        follow: Callable[[Progress], object] | None = None,
        start_only: bool = False,
    ) -> Run:
        """See :class:`~prbench.running.bench.Bench`."""
        described, arrays = measurement_to_plain(measurement)
        request = {
            "do": "solve",
            **_where(cell),
            "seed": cell.seed,
            "time_limit_s": time_limit_s,
            "follow": follow is not None,
            "start_only": start_only,
            "measurement": described,
        }
        process = self._present
        before = process.spent()
        reply, found = process.ask(request, arrays, follow)
        outside = process.spent() - before
        if reply.get("unsettled"):
            process.ask({"do": "settle"})
        return _run_of(
            reply, found, _backend_of(cell), outside, sum(array.nbytes for array in (*arrays.values(), *found.values()))
        )

    def network_size(self, cell: Cell, measurement: Measurement) -> tuple[tuple[int, int] | None, float]:
        """See :class:`~prbench.running.bench.Bench`."""
        described, arrays = measurement_to_plain(measurement)
        reply = self._present.ask({"do": "size", **_where(cell), "measurement": described}, arrays)[0]
        size = reply["size"]
        return None if size is None else (int(size[0]), int(size[1])), float(reply["seconds"])

    def pair(self, cell: Cell, shape: tuple[int, ...]) -> tuple[float, float]:
        """See :class:`~prbench.running.bench.Bench`; timed in a process that no solver's code has entered.

        On a GPU it is timed in the solver's own, which has the device.
        """
        label = (cell.backend, cell.precision, shape)
        at, times = self._pairs.get(label, (-_PAIR_HOLDS_S, (0.0, 0.0)))
        if time.monotonic() - at > _PAIR_HOLDS_S:
            process = self._process(_PAIRS) if _backend_of(cell).device == "cpu" else self._present
            request = {"do": "pair", "backend": cell.backend, "precision": cell.precision, "shape": list(shape)}
            wall, processor = process.ask(request)[0]["times"]
            times = float(wall), float(processor)
            self._pairs[label] = time.monotonic(), times
        return times

    def finish(self) -> None:
        """See :class:`~prbench.running.bench.Bench`."""
        if self._now is not None:
            self._now.send({"do": "end"})
            self._ending = True

    def left(self) -> list[str]:
        """See :class:`~prbench.running.bench.Bench`."""
        process, ending = self._now, self._ending
        self._now, self._ending = None, False
        if process is None or not ending:
            return []
        try:
            reply = process.receive()[0] if process.channel.ready(_ENDING_S) else {"left": ["no answer"], "heavy": []}
            left = [str(what) for what in reply["left"]]
            self._heavy.update(map(str, reply["heavy"]))
        except SolverDied as death:
            return [f"no process: it ended with code {death.code}"]
        except (SolverFailed, KeyError, TypeError):
            left = ["no answer that can be read"]
        if left:
            self._retire(process, kill=True)
        return left

    def renew(self, cell: Cell) -> None:
        """See :class:`~prbench.running.bench.Bench`."""
        if cell.solver in self._processes:
            self._retire(self._processes[cell.solver], kill=True)
        self.begin(cell)

    def close(self) -> None:
        """End every process."""
        self._starter.close()
        for process in self._processes.values():
            process.channel.close()
        self._processes.clear()

    @property
    def _present(self) -> _Process:
        assert self._now is not None
        return self._now

    def _process(self, label: str) -> _Process:
        """The process of a class, fresh where it has none; those of other classes stand still meanwhile."""
        if label not in self._processes:
            others = [name for name in self._processes if name != _PAIRS]
            if label != _PAIRS and len(others) >= _KEPT:
                self._retire(self._processes[others[0]], kill=True)
            pid, channel = self._starter.start(self._heavy)
            self._processes[label] = _Process(pid, channel, self._died)
        if label != _PAIRS:
            self._processes.move_to_end(label)
            for name, process in self._processes.items():
                process.pause(name not in (label, _PAIRS))
        return self._processes[label]

    def _died(self, process: _Process) -> SolverDied:
        return SolverDied(self._retire(process, kill=False))

    def _retire(self, process: _Process, *, kill: bool) -> int:
        """End a process, and what it leaves below it; how it had ended."""
        for label in [label for label, one in self._processes.items() if one is process]:
            del self._processes[label]
        if self._now is process:
            self._now = None
        process.pause(False)
        code = self._starter.reap(process.pid, kill=kill)
        process.channel.close()
        end_children({self._starter.pid} if isinstance(self._starter, ForkServer) else self._starter.pids)
        return code


class _Process:
    """One process and what has been asked of it."""

    def __init__(self, pid: int, channel: Channel, died: Callable[[_Process], SolverDied]) -> None:
        self.pid, self.channel, self._died = pid, channel, died
        self.loaded: dict[str, Traits] = {}
        self.warm: set[tuple[str, str, str]] = set()
        self._paused = False

    def pause(self, paused: bool) -> None:
        if paused != self._paused:
            self._paused = paused
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGSTOP if paused else signal.SIGCONT)

    def send(self, request: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
        try:
            self.channel.send(request, arrays)
        except ChannelClosed:
            raise self._died(self) from None

    def receive(self) -> Reply:
        try:
            reply, arrays = self.channel.receive()
        except ChannelClosed:
            raise self._died(self) from None
        except ChannelError as failure:
            self._died(self)
            raise SolverFailed(
                "error", {"stage": "solving", "type": "ChannelError", "message": str(failure), "traceback": ""}
            ) from None
        if "error" in reply:
            raise SolverFailed(str(reply.get("status", "error")), reply["error"])
        return reply, arrays

    def ask(
        self,
        request: Mapping[str, Any],
        arrays: Mapping[str, np.ndarray] | None = None,
        follow: Callable[[Progress], object] | None = None,
    ) -> Reply:
        """Send a request and wait for its answer; points of a curve are passed on."""
        self.send(request, arrays)
        while True:
            reply, found = self.receive()
            if "point" not in reply:
                return reply, found
            if follow is not None:
                follow(_point(reply["point"]))

    def spent(self) -> Spent:
        """Wall time now, and the processor time that the process has taken so far."""
        return Spent(time.perf_counter(), _processor_seconds_of(self.pid))


def _run_of(reply: Mapping[str, Any], arrays: Mapping[str, np.ndarray], backend: Backend, outside: Spent, moved: int) -> Run:
    """A run as the process tells it, with what was seen from outside."""
    try:
        curve = [Progress(int(i), int(n), float(s), float(r)) for i, n, s, r in reply["curve"]]
        ffts, operators, steps = map(int, reply["counts"])
        device, host = reply["peak_memory"]
        clocked, asked, prepared = (Spent(*map(float, reply[name])) for name in ("clocked", "asked", "prepared"))
        times = Times(
            clocked,
            asked,
            prepared,
            steps=steps,
            points=len(curve),
            outside=outside,
            moved_bytes=moved,
        )
        return Run(
            reconstruction_of(arrays),
            _ENDINGS[reply["status"]],
            curve,
            times,
            ffts=ffts,
            operators=operators,
            iterations=steps,
            backend=backend,
            peak_memory_device=None if device is None else int(device),
            peak_memory_host=int(host),
            compiled=bool(reply["compiled"]),
        )
    except (KeyError, TypeError, ValueError) as failure:
        raise PrbenchError(f"the solver's process gave an answer that is none ({type(failure).__name__}: {failure})") from failure


def _point(told: Mapping[str, Any]) -> Progress:
    return Progress(**{field.name: told[field.name] for field in dataclasses.fields(Progress)})


def _where(cell: Cell) -> dict[str, str]:
    return {"label": cell.solver_label, "backend": cell.backend, "precision": cell.precision}


def _backend_of(cell: Cell) -> Backend:
    """The backend's description; the library itself is not needed here."""
    device = "cuda" if cell.backend in ("torch:cuda", "cupy") else "cpu"
    return Backend(cell.backend.partition(":")[0], device, cell.precision)


def _processor_seconds_of(pid: int) -> float:
    if _LINUX:
        try:
            return time.clock_gettime((~pid << 3) | 2)  # the processor clock of another process: CPUCLOCK_SCHED of its id
        except OSError:
            return 0.0  # it has ended
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


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
        env={name: value for name, value in os.environ.items() if name not in _HIDDEN},
    )
