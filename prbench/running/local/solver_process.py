"""One solver's process as the process beside it sees it: what is asked of it, what it answers, and what that has taken."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import platform
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from prbench.backend import Backend
from prbench.errors import PrbenchError
from prbench.running.bench import SolverDied, SolverFailed, Traits
from prbench.running.billing import Spent, Times, with_outside
from prbench.running.cost import Run
from prbench.running.endings import reconstruction_of
from prbench.running.loop import Progress, Status

from .channel import Channel, ChannelClosed, ChannelError

_ENDINGS: dict[str, Status] = {"ok": "ok", "time_limit": "time_limit", "diverged": "diverged"}
_LINUX = platform.system() == "Linux"

Reply = tuple[dict[str, Any], dict[str, np.ndarray]]


class SolverProcess:
    """One process and what has been asked of it."""

    def __init__(self, pid: int, channel: Channel, died: Callable[[SolverProcess], SolverDied]) -> None:
        self.pid, self.channel, self._died = pid, channel, died
        self.loaded: dict[str, Traits] = {}
        self.warm: set[tuple[str, str, str]] = set()
        self._paused = False

    def pause(self, paused: bool) -> None:
        """Let it stand still, or go on."""
        if paused != self._paused:
            self._paused = paused
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGSTOP if paused else signal.SIGCONT)

    def send(self, request: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
        """Send a request.

        Raises:
            SolverDied: where the process has ended.
        """
        try:
            self.channel.send(request, arrays)
        except ChannelClosed:
            raise self._died(self) from None

    def receive(self) -> Reply:
        """Wait for an answer.

        Raises:
            SolverFailed: where the solver has raised, or the answer is none.
            SolverDied: where the process has ended.
        """
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

    def ask(self, request: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> Reply:
        """Send a request and wait for the answer; raises as :meth:`send` and :meth:`receive`."""
        self.send(request, arrays)
        return self.receive()

    def result(self, follow: Callable[[Progress], object] | None) -> Reply:
        """Wait for the answer to a request for a solve; points of its curve are passed on."""
        while True:
            reply, result = self.receive()
            if "point" not in reply:
                return reply, result
            if follow is not None:
                follow(_point(reply["point"]))

    def spent(self) -> Spent:
        """Wall time now, and the processor time that the process has taken so far."""
        return Spent(time.perf_counter(), _processor_seconds_of(self.pid))


def run_of(reply: Mapping[str, Any], arrays: Mapping[str, np.ndarray], backend: Backend) -> Run:
    """A run as the process tells it.

    Raises:
        PrbenchError: where it tells something else.
    """
    try:
        curve = [Progress(int(i), int(n), float(s), float(r)) for i, n, s, r in reply["curve"]]
        ffts, operators, passes, steps = (None if count is None else int(count) for count in reply["counts"])
        device, host = reply["peak_memory"]
        clocked, asked, prepared = (Spent(*map(float, reply[name])) for name in ("clocked", "asked", "prepared"))
        return Run(
            reconstruction_of(arrays),
            _ENDINGS[reply["status"]],
            curve,
            Times(clocked, asked, prepared, steps=1 if steps is None else steps, points=len(curve)),
            ffts=ffts,
            operators=operators,
            passes=passes,
            iterations=steps,
            backend=backend,
            peak_memory_device=None if device is None else int(device),
            peak_memory_host=None if host is None else int(host),
            compiled=bool(reply["compiled"]),
        )
    except (KeyError, TypeError, ValueError) as failure:
        raise PrbenchError(f"the solver's process gave an answer that is none ({type(failure).__name__}: {failure})") from failure


def seen_from_outside(runs: Sequence[Run], outside: Spent, moved_bytes: int) -> list[Run]:
    """Runs with what was measured of all of them together from outside."""
    times = with_outside([run.times for run in runs], outside, moved_bytes)
    return [dataclasses.replace(run, times=one) for run, one in zip(runs, times, strict=True)]


def _point(told: Mapping[str, Any]) -> Progress:
    return Progress(**{field.name: told[field.name] for field in dataclasses.fields(Progress)})


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
