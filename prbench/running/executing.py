"""Executing one cell: make the problem, solve it, score, store. The same in a worker and in the caller's process.

The solver runs on a bench (:mod:`prbench.running.bench`): in this process, or, in workers, in one that holds the measurement
and nothing else of the problem.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from prbench.backend import get_threads
from prbench.core import Problem

from .bench import Bench, InProcess, SolverDied, SolverFailed
from .cell_solver import QUICK_SOLVES, CellSolver, Report
from .code_id import code_id
from .endings import arrays_of, describe, error_of, message_of, status_named, status_of
from .environment import environment
from .loop import Progress, Status
from .request.cell import Cell
from .salts import NOT_SEALED, PUBLIC, SEALED, is_secret
from .scoring import assess
from .solving import Run
from .store.folder import Store
from .store.plain import canonical
from .store.record import Record, curve_of, now

__all__ = ["QUICK_SOLVES", "Executor", "Report", "Spelled", "execute"]


@dataclass(frozen=True)
class Spelled:
    """What a record says of a cell's plug-ins, so that who writes it need not import the solver: names and code."""

    solver: str
    dataset: str
    code_id: str

    @classmethod
    def of(cls, cell: Cell) -> Spelled:
        """As the plug-ins say; raises as :meth:`~prbench.running.request.cell.Cell.build_solver`."""
        code = code_id(type(cell.build_solver()), type(cell.build_dataset()))
        return cls(cell.solver_spelled, cell.dataset_spelled, code)


class Executor:
    """Executes cells one after another.

    Args:
        store: where records go.
        bench: where solvers run; this process where None.
    """

    def __init__(self, store: Store, bench: Bench | None = None) -> None:
        self._store = store
        self._bench = bench or InProcess()
        self._problem: tuple[str, Problem] | None = None
        self._solve = CellSolver(self._bench)
        self._public: dict[tuple[object, ...], bool] = {}
        self._environments: dict[str, str] = {}
        self._process = os.getpid()

    def execute(self, cell: Cell, report: Report = lambda _name, _values: None, spelled: Spelled | None = None) -> Record:
        """Run one cell and store its record, whatever happens.

        Raises:
            KeyboardInterrupt: when interrupted.
            SolverDied: where the solver's own process has ended; there is no record then.
        """
        self._store.hold()
        started, stage = now(), "problem"
        names = spelled or Spelled(cell.solver, cell.dataset, "")
        known: dict[str, Any] = {"threads": get_threads(), "started": started}
        points: list[Progress] = []
        arrays: dict[str, Any] = {}
        notes: dict[str, float | str] = {}
        status: Status = "ok"
        gpu: str | None = None
        try:
            names = spelled or Spelled.of(cell)
            problem = self._make(cell)
            known |= {"problem": describe(problem), "warnings": problem.warnings, "sealed": self._sealed(cell, problem)}
            stage = "solving"
            solved = self._solve.run(cell, problem.measurement, known["problem"], points, report)
            run, gpu = solved.run, solved.gpu
            notes.update(solved.notes)
            status, known["curve"], known["cost"] = run.status, curve_of(run.curve, points), solved.cost
            if status == "diverged":
                known["error"] = error_of(stage, "Diverged", "the reconstruction or its residual is not finite")
            else:
                arrays = arrays_of(run.reconstruction)
                stage = "scoring"
                report("phase", {"phase": stage})
                known["metrics"], scored, suspicions = _scores(run, problem)
                notes.update(scored)
                known["warnings"] += suspicions
        except SolverDied:
            raise
        except SolverFailed as failure:
            known["error"], status = {**failure.error, "stage": stage}, status_named(failure.status)
            known.setdefault("curve", curve_of(points))
            self._bench.finish()
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way a stranger's code can fail is a record
            text = "".join(traceback.format_exception(failure))
            known["error"] = error_of(stage, type(failure).__name__, message_of(failure), text)
            if stage == "scoring":
                known["error"]["outcome"] = status
            known.setdefault("curve", curve_of(points))
            status = status_of(failure)
        if os.getpid() != self._process:
            os._exit(1)  # a fork of the solver's that came back: the cell is its parent's
        if left := self._bench.left():
            notes["process"] = f"the solver left behind: {', '.join(left)}; its process was replaced"
        known["environment"] = self._environment(gpu, self._solve.facts if stage != "problem" else {})
        record = Record(cell, status, names.solver, names.dataset, code_id=names.code_id, notes=notes, ended=now(), **known)
        self._store.write(record, arrays)
        return record

    def _sealed(self, cell: Cell, problem: Problem) -> str:
        """What the record says of how its problem was drawn; whether a draw changes the truth is seen once for a dataset."""
        if not cell.salt or not is_secret(self._store.path, cell.salt):
            return NOT_SEALED
        label = (cell.dataset, *cell.dataset_params.values())
        if label not in self._public:
            self._public[label] = _same_truth(problem, cell.public_problem())
        return PUBLIC if self._public[label] else SEALED

    def _environment(self, gpu: str | None, facts: Mapping[str, Any]) -> str:
        """The id of the environment: this one, and that of the program that did the work, where there was one."""
        label = canonical([gpu, facts])
        if label not in self._environments:
            described = environment(gpu)
            self._environments[label] = self._store.write_environment({**described, "contestant": facts} if facts else described)
        return self._environments[label]

    def _make(self, cell: Cell) -> Problem:
        """The problem of the cell; the last one is kept, for the next cell is often another solver's on the same problem."""
        if self._problem is None or self._problem[0] != cell.problem_label:
            self._problem = None
            self._problem = cell.problem_label, cell.problem()
        return self._problem[1]


def _scores(run: Run, problem: Problem) -> tuple[dict[str, float], dict[str, float | str], tuple[str, ...]]:
    """Scores, notes of the metrics, and what is suspicious where no truth can tell."""
    metrics, notes = assess(run.reconstruction, problem)
    return metrics, notes, () if problem.truth is not None else tuple(problem.measurement.suspicions(run.reconstruction))


def _same_truth(one: Problem, other: Problem) -> bool:
    """Whether two draws have the same truth, or none that a draw could change."""
    if one.truth is None or other.truth is None:
        return True
    ours, theirs = dict(one.truth.items()), dict(other.truth.items())
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


def execute(cell: Cell, store: Store) -> Record:
    """Run one cell in this process and store its record.

    What only a process of its own can survive, a crash, a hang or the kernel's memory killer, takes this process along; and
    nothing keeps the solver from what this process holds.
    """
    return Executor(store).execute(cell)
