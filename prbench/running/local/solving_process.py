"""The process that solves: it is given measurements, and answers with reconstructions and what they cost.

It never holds a problem's truth, the folder of results or data, or a seal's salt, and serves one class of solver only. What it is
asked comes through a :class:`~prbench.running.local.channel.Channel`, one request at a time:

- ``load``: build a solver, choose its backend, prepare.
- ``solve``: solve the measurement sent along; ``point`` for every point of the curve where asked, then ``solved``.
- ``repeat``: solve several measurements for their times alone; where they are the ``last``, ``end`` follows by itself.
- ``settle``: after a solve that has imported something.
- ``size``: parameters and operations of the solver's network.
- ``pair``: time an FFT pair; asked of a process that no solver has been loaded into.
- ``end``: say what the solver has left behind.
"""

from __future__ import annotations

import dataclasses
import gc
import os
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np

from prbench.backend import fft_pair_times, forms_compiled, get_backend, keep_freed_memory, set_threads
from prbench.core import Measurement, Solver, build_plugin
from prbench.core.foreign import ForeignSolver
from prbench.running.bench import run_frame_again, traits_of
from prbench.running.cost import Run
from prbench.running.endings import arrays_of, error_of, message_of, status_of
from prbench.running.loop import Callback, Progress
from prbench.running.measurement_arrays import measurement_of_plain
from prbench.running.solving import choose_backend, prepare, run_solver

from .channel import Channel, ChannelClosed
from .children import end_children
from .left_behind import Snapshot
from .memory import PeakMemory, limit_memory, return_freed_memory

HEAVY = ("torch", "numba", "scipy.fft", "scipy.ndimage", "array_api_compat.numpy", "array_api_compat.torch")
"""Libraries that a fresh process should find imported, where one before it has used them."""


def serve(channel: Channel, threads: int, memory_bytes: int | None) -> None:
    """Answer requests until the other side closes the channel."""
    set_threads(threads)
    keep_freed_memory()
    server = _SolverServer(channel, memory_bytes)
    try:
        while True:
            header, arrays = channel.receive()
            server.answer(header, arrays)
    except ChannelClosed:
        return


class _SolverServer:
    def __init__(self, channel: Channel, memory_bytes: int | None) -> None:
        self._channel, self._memory_bytes = channel, memory_bytes
        self._process = os.getpid()
        self._solvers: dict[str, Solver[Any]] = {}
        self._before: Snapshot | None = None
        self._modules = 0

    def answer(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Do what is asked and say how it went; a failure is an answer too."""
        reply: dict[str, Any]
        result: dict[str, np.ndarray] = {}
        try:
            reply, result = getattr(self, f"_{header['do']}")(header, arrays)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way a stranger's code can fail is an answer
            self._only_here()
            text = "".join(traceback.format_exception(failure))
            reply = {
                "error": error_of("solving", type(failure).__name__, message_of(failure), text),
                "status": status_of(failure),
            }
        self._channel.send(reply, result)
        if header.get("last") and "error" not in reply:
            self.answer({"do": "end"}, {})

    def _only_here(self) -> None:
        if os.getpid() != self._process:
            os._exit(1)  # a fork of the solver's that came back: the answer is its parent's

    def _open(self, header: Mapping[str, Any], _arrays: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        solver: Solver[Any] = build_plugin("solver", header["solver"], dict(header["params"]))
        backend = choose_backend(solver, get_backend(header["backend"], header["precision"]))
        self._solvers[header["label"]] = solver
        prepare(solver, backend, header["seed"])
        self._settle()
        return dataclasses.asdict(traits_of(solver, backend)), {}

    def _solve(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        def follow(point: Progress) -> bool:
            if header["follow"]:
                self._channel.send({"point": dataclasses.asdict(point)})
            return bool(header["start_only"]) and point.iteration > 0

        measurement = measurement_of_plain(header["measurement"], arrays)
        self._limit(header)
        reply, run = self._run(header, measurement, follow if header["follow"] or header["start_only"] else None)
        return reply, {} if header["start_only"] else arrays_of(run.reconstruction)

    def _repeat(
        self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        replies = []
        self._limit(header)
        for number, described in enumerate(header["measurements"]):
            names = {name: name.partition(".")[2] for name in arrays if name.startswith(f"{number}.")}
            measurement = measurement_of_plain(described, {short: arrays[name] for name, short in names.items()})
            reply, run = self._run(header, measurement, None, watched=False)
            arrays_of(run.reconstruction)  # what is none fails in a repeat as in the first solve
            replies.append(reply)
        return {"runs": replies}, {}

    def _limit(self, header: Mapping[str, Any]) -> None:
        if self._memory_bytes is not None and header["backend"] in ("numpy", "torch"):
            limit_memory(self._memory_bytes)

    def _run(
        self, header: Mapping[str, Any], measurement: Measurement, callback: Callback | None, *, watched: bool = True
    ) -> tuple[dict[str, Any], Run]:
        """One solve; its memory is watched where that goes into the record. What earlier work has freed is given back before."""
        forms = forms_compiled()
        if not watched:
            return_freed_memory()
        with PeakMemory() if watched else nullcontext() as memory:
            run = (run_frame_again if header["stream"] else run_solver)(
                self._solvers[header["label"]],
                measurement,
                seed=header["seed"],
                backend=get_backend(header["backend"], header["precision"]),
                time_limit_s=header["time_limit_s"],
                callback=callback,
            )
        self._only_here()
        times = run.times
        reply = {
            "status": run.status,
            "curve": [dataclasses.astuple(point) for point in run.curve],
            "clocked": [times.clocked.wall_s, times.clocked.processor_s],
            "asked": [times.asked.wall_s, times.asked.processor_s],
            "prepared": [times.prepared.wall_s, times.prepared.processor_s],
            "counts": [run.ffts, run.operators, run.passes, run.iterations],
            "peak_memory": [run.peak_memory_device, _host_memory(run, memory)],
            "compiled": forms_compiled() > forms,
            "unsettled": len(sys.modules) > self._modules,
        }
        return reply, run

    def _settle(self, _header: Any = None, _arrays: Any = None) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Spare the garbage collector what libraries have made: a full pass over torch's objects takes 90 ms, amid a solve."""
        if len(sys.modules) > self._modules:
            self._modules = len(sys.modules)
            gc.collect()
            gc.freeze()
        if self._before is None:
            self._before = Snapshot()
        return {}, {}

    def _size(self, header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        y = measurement_of_plain(header["measurement"], arrays).to(get_backend(header["backend"], header["precision"]))
        began = time.perf_counter()
        size = self._solvers[header["label"]].network_size(y)
        return {"size": size, "seconds": time.perf_counter() - began}, {}

    def _pair(self, header: Mapping[str, Any], _arrays: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        times = fft_pair_times(get_backend(header["backend"], header["precision"]), header["shape"], header["repeats"])
        return {"times": times}, {}

    def _end(self, _header: Any, _arrays: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        foreign = [solver for solver in self._solvers.values() if isinstance(solver, ForeignSolver)]
        left = ["a process"] if end_children({pid for solver in foreign for pid in solver.companions()}) else []
        left += self._before.changes() if self._before is not None else []
        if not left:
            sys.stdout.flush()
            sys.stderr.flush()
        return {"left": left, "heavy": [name for name in HEAVY if name in sys.modules]}, {}


def _host_memory(run: Run, memory: PeakMemory | None) -> int | None:
    """Bytes by which the process grew, by another program's word where it did the work; None where nobody watched."""
    return memory.growth if run.peak_memory_host is None and memory is not None else run.peak_memory_host
