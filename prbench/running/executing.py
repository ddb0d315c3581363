"""Executing one cell: make the problem, warm up, solve, score, store. The same in a worker and in the caller's own process."""

from __future__ import annotations

import dataclasses
import errno
import os
import statistics
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from prbench.backend import forms_compiled, get_threads
from prbench.core import IterativeSolver, Problem, Reconstruction, Solver
from prbench.core.reconstruction import FIELDS
from prbench.errors import BadInput, DataNotFound, Diverged, MissingDependency, one_line

from .code_id import code_id
from .environment import environment
from .local.memory import PeakMemory
from .request.cell import Cell
from .scoring import assess
from .solving import Progress, Solution, Status, choose_backend, solve
from .store.files import plain_arrays
from .store.folder import Store
from .store.plain import plain
from .store.record import Record, cost_of, curve_of, now

Report = Callable[[str, Mapping[str, Any]], None]
"""Called with ``phase`` (what follows the making of the problem) or ``progress`` and plain values, while a cell is executed."""

_QUICK_S = 0.2
QUICK_SOLVES = 3
_WARM_S = 2.0
_COLD_S = 5.0
"""A solve that found compilers or libraries cold is timed again, unless it took so long that they hardly matter."""


class Executor:
    """Executes cells one after another, and remembers which kinds of them have run here before."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._warm: set[tuple[object, ...]] = set()
        self._problem: tuple[str, Problem] | None = None
        self._environment = ""
        self._process = os.getpid()

    def execute(self, cell: Cell, report: Report = lambda _name, _values: None) -> Record:
        """Run one cell and store its record, whatever happens; only KeyboardInterrupt passes."""
        self._store.hold()
        self._environment = self._environment or self._store.write_environment(environment())
        started, stage = now(), "problem"
        known: dict[str, Any] = {"environment": self._environment, "threads": get_threads(), "started": started}
        points: list[Progress] = []
        arrays: dict[str, Any] = {}
        status: Status = "ok"
        try:
            solver, dataset = cell.build_solver(), cell.build_dataset()
            known["code_id"] = code_id(type(solver), type(dataset))
            problem = self._make(cell)
            known["problem"], known["warnings"] = describe(problem), problem.warnings
            stage = "solving"
            report("phase", {"phase": stage, "problem": known["problem"]})
            solution, known["cost"] = self._solve(solver, problem, cell, points, report)
            status, known["curve"] = solution.status, curve_of(solution.curve)
            if status != "diverged":
                arrays = arrays_of(solution.reconstruction)
                stage = "scoring"
                report("phase", {"phase": stage})
                known["metrics"], known["notes"] = assess(solution.reconstruction, problem)
                if problem.truth is None:
                    known["warnings"] += problem.measurement.suspicions(solution.reconstruction)
            else:
                known["error"] = error_of(stage, "Diverged", "the reconstruction or its residual is not finite")
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way a stranger's code can fail is a record
            text = "".join(traceback.format_exception(failure))
            known["error"] = error_of(stage, type(failure).__name__, str(failure), text)
            if stage == "scoring":
                known["error"]["outcome"] = status
            known.setdefault("curve", curve_of(points))
            status = status_of(failure)
        if os.getpid() != self._process:
            os._exit(1)  # a fork of the solver's that came back: the cell is its parent's
        record = Record.of(cell, status, ended=now(), **known)
        self._store.write(record, arrays)
        return record

    def _make(self, cell: Cell) -> Problem:
        """The problem of the cell; the last one is kept, for the next cell is often another solver's on the same problem."""
        if self._problem is None or self._problem[0] != cell.problem_label:
            self._problem = None
            self._problem = cell.problem_label, cell.problem()
        return self._problem[1]

    def _solve(
        self, solver: Solver[Any], problem: Problem, cell: Cell, points: list[Progress], report: Report
    ) -> tuple[Solution, dict[str, float | int | None]]:
        """Solve, timed in a process where compilers and libraries are warm; a quick solve is repeated and its median stored."""
        place, measurement, iterative = cell.place(), problem.measurement, isinstance(solver, IterativeSolver)
        kind = (type(solver), cell.task, place, len(measurement.shape))

        def again(callback: Callable[[Progress], object] | None = None, limit_s: float | None = cell.time_limit_s) -> Solution:
            return solve(solver, measurement, seed=cell.seed, backend=place, time_limit_s=limit_s, callback=callback)

        def follow(point: Progress) -> None:
            points.append(point)
            report("progress", dataclasses.asdict(point))

        if kind not in self._warm and iterative:
            again(lambda point: point.iteration > 0, min(_WARM_S, cell.time_limit_s or _WARM_S))
            report("phase", {"phase": "solving"})  # the hard limit is counted anew
        forms = forms_compiled()
        with PeakMemory() as memory:
            first = again(follow)
        timed = [first]
        cold = forms_compiled() > forms or (kind not in self._warm and not iterative)
        if cold and first.cost.latency_s < _COLD_S:
            report("phase", {"phase": "solving"})
            with PeakMemory() as memory:
                timed = [again()]
        self._warm.add(kind)
        if timed[0].cost.latency_s < _QUICK_S and first.status == "ok":
            timed += [again() for _ in range(QUICK_SOLVES - 1)]
        cost = dataclasses.replace(
            first.cost,
            latency_s=statistics.median(s.cost.latency_s for s in timed),
            latency_fft=statistics.median(s.cost.latency_fft for s in timed),
            fft_pair_s=statistics.median(s.cost.fft_pair_s for s in timed),
            peak_memory_host=memory.growth,
        )
        size = solver.network_size(measurement.to(choose_backend(solver, place))) or (None, None)
        return first, {**cost_of(cost), "repeats": len(timed), "parameters": size[0], "flops": size[1]}


def execute(cell: Cell, store: Store) -> Record:
    """Run one cell in this process and store its record.

    What only a process of its own can survive, a crash, a hang or the kernel's memory killer, takes this process along.
    """
    return Executor(store).execute(cell)


def describe(problem: Problem) -> dict[str, Any]:
    """A problem as the record holds it."""
    found: dict[str, Any] = plain(
        {
            "id": problem.id,
            "measurement": problem.measurement.describe(),
            "provenance": dataclasses.asdict(problem.provenance),
        }
    )
    return found


def error_of(stage: str, kind: str, message: str, trace: str = "", **more: str) -> dict[str, str]:
    """An error as the record holds it; a long traceback keeps its two ends."""
    if len(trace) > 20_000:
        trace = f"{trace[:5_000]}\n[…]\n{trace[-15_000:]}"
    return {"stage": stage, "type": kind, "message": message[:2_000], "traceback": trace, **more}


def status_of(failure: BaseException) -> Status:
    """The status of a cell that ended with an exception."""
    if isinstance(failure, DataNotFound | MissingDependency):
        return "skipped"
    if isinstance(failure, Diverged | FloatingPointError):
        return "diverged"
    if isinstance(failure, SystemExit):
        return "crashed"
    return "out_of_memory" if _out_of_memory(failure) else "error"


def _out_of_memory(failure: BaseException) -> bool:
    """Whether numpy, torch, cupy or the system says that there is no more memory."""
    if isinstance(failure, MemoryError) or (isinstance(failure, OSError) and failure.errno == errno.ENOMEM):
        return True
    texts = ("can't allocate memory", "not enough memory", "out of memory")
    return isinstance(failure, RuntimeError) and any(text in str(failure) for text in texts)


def arrays_of(reconstruction: Reconstruction) -> dict[str, np.ndarray]:
    """A reconstruction as named arrays; what a solver added stands under ``aux.<name>``.

    Raises:
        PrbenchError: where it added something that is neither an array nor a number nor text.
    """
    extra = {f"aux.{name}": value for name, value in reconstruction.aux.items() if value is not None}
    return plain_arrays({**dict(reconstruction.items()), **extra})


def reconstruction_of(arrays: Mapping[str, Any]) -> Reconstruction:
    """The inverse of :func:`arrays_of`.

    Raises:
        BadInput: for arrays that are none of a reconstruction's.
    """
    named = {name: array for name, array in arrays.items() if not name.startswith("aux.")}
    unknown = sorted(named.keys() - set(FIELDS))
    if unknown:
        raise BadInput(
            f"stored arrays of a reconstruction are {', '.join(FIELDS)} and aux.<name>, got {one_line(unknown[0], 60)}"
        )
    aux = {name[4:]: array if array.ndim else array.item() for name, array in arrays.items() if name.startswith("aux.")}
    return Reconstruction(**named, aux=aux)
