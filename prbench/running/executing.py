"""Executing one cell: make the problem, solve it, score, store. The same in a worker and in the caller's process.

The solver runs on a bench (:mod:`prbench.running.bench`): in this process, or, in workers, in one that holds the measurement
and nothing else of the problem.
"""

from __future__ import annotations

import contextlib
import math
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from prbench.backend import get_threads
from prbench.core import Problem

from .bench import Bench, InProcess, SolverDied, SolverFailed
from .cell_solver import QUICK_SOLVES, CellSolver, Report, Solves
from .code_id import code_id
from .endings import arrays_of, describe, error_of, message_of, status_named, status_of
from .environment import environment
from .loop import Progress, Status
from .request.cell import Cell
from .salts import NOT_SEALED, PUBLIC, SEALED, is_secret
from .scoring import assess
from .store.folder import Store
from .store.plain import canonical
from .store.record import Record, curve_of, now

_QUICKLY_MADE_S = 0.02

__all__ = ["QUICK_SOLVES", "Attempt", "Executor", "Report", "Spelled", "execute"]


@dataclass(frozen=True)
class Spelled:
    """What a record says of a cell's plug-ins, so that who writes it need not import the solver: names and code.

    And what the solver assumes of the object, by which its answer is judged.
    """

    solver: str
    dataset: str
    code_id: str
    assumes: tuple[str, ...] = ()

    @classmethod
    def of(cls, cell: Cell) -> Spelled:
        """As the plug-ins say; raises as :meth:`~prbench.running.request.cell.Cell.build_solver`."""
        solver = cell.build_solver()
        code = code_id(type(solver), type(cell.build_dataset()))
        return cls(cell.solver_spelled, cell.dataset_spelled, code, solver.assumes)


def _silent(_name: str, _values: Mapping[str, Any]) -> None:
    """Report nothing."""


@dataclass
class Attempt:
    """A cell between its solves and its record.

    Attributes:
        cell: what was asked for.
        spelled: what its record says of its plug-ins.
        known: members of its record that are known.
        points: of the curve of the first solve, as it grew.
        status: so far.
        problem: None where it could not be made.
        solves: None where they failed.
        facts: of the program that did the work.
        left: what the solver has left behind; None as long as nobody has asked.
    """

    cell: Cell
    spelled: Spelled
    known: dict[str, Any]
    points: list[Progress] = field(default_factory=list)
    status: Status = "ok"
    problem: Problem | None = None
    solves: Solves | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    left: list[str] | None = None

    @property
    def may_wait(self) -> bool:
        """Whether its record may be made beside the first solve of the next cell."""
        return self.status == "ok" and self.solves is not None and self.solves.repeated

    def fail(self, stage: str, failure: BaseException) -> None:
        """Note how it failed."""
        text = "".join(traceback.format_exception(failure))
        self.known["error"] = error_of(stage, type(failure).__name__, message_of(failure), text)
        if stage == "scoring":
            self.known["error"]["outcome"] = self.status
        self.known.setdefault("curve", curve_of(self.points))
        self.status = status_of(failure)


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
        self._making_s: dict[tuple[str, str], float] = {}
        self._solve = CellSolver(self._bench)
        self._public: dict[tuple[object, ...], bool] = {}
        self._environments: dict[str, str] = {}
        self._process = os.getpid()
        self._at: Attempt | None = None

    def execute(self, cell: Cell, report: Report = _silent, spelled: Spelled | None = None) -> Record:
        """Run one cell and store its record, whatever happens.

        Raises:
            KeyboardInterrupt: when interrupted.
            SolverDied: where the solver's own process has ended; there is no record then.
        """
        return self.finish(self.solve(cell, report, spelled), report)

    def solve(
        self,
        cell: Cell,
        report: Report = _silent,
        spelled: Spelled | None = None,
        meanwhile: Callable[[], object] = lambda: None,
        ahead: Callable[[], object] = lambda: None,
    ) -> Attempt:
        """Make the problem of a cell and solve it; :meth:`finish` makes the record.

        Args:
            cell: what is asked for.
            report: see :data:`Report`.
            spelled: what the record says of its plug-ins; asked of them where None.
            meanwhile: called once, beside a quick solve where the solver has a process of its own: what the cell before has left
                to do takes no time of its own then. What that solver has left behind is known before.
            ahead: called after that, if the solve may be disturbed: time for :meth:`make_ahead`.

        Raises:
            KeyboardInterrupt, SolverDied: as :meth:`execute`.
        """
        self._store.hold()
        known: dict[str, Any] = {"threads": get_threads(), "started": now()}
        attempt = Attempt(cell, spelled or Spelled(cell.solver, cell.dataset, ""), known)
        before, self._at = self._at, attempt

        def settle() -> None:
            self._inspect(before)
            meanwhile()

        once = _Once(settle)
        stage = "problem"
        try:
            attempt.spelled = spelled or Spelled.of(cell)
            attempt.problem = problem = self._make(cell)
            known |= {"problem": describe(problem), "warnings": problem.warnings, "sealed": self._sealed(cell, problem)}
            stage = "solving"
            if not (self._solve.repeats(cell) and self._bench.is_at_hand(cell)):
                self._inspect(before)
            attempt.solves = self._solve.run(cell, problem.measurement, known["problem"], attempt.points, report, once, ahead)
            attempt.status = attempt.solves.first.status
        except SolverDied:
            raise
        except SolverFailed as failure:
            known["error"], attempt.status = {**failure.error, "stage": stage}, status_named(failure.status)
            known.setdefault("curve", curve_of(attempt.points))
            self._bench.finish()
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way a stranger's code can fail is a record
            attempt.fail(stage, failure)
        finally:
            self._only_here()
            once()
        attempt.facts = self._solve.facts if stage != "problem" else {}
        return attempt

    def finish(self, attempt: Attempt, report: Report = _silent) -> Record:
        """Score what :meth:`solve` has found and store the record.

        Raises:
            CannotWrite: where the store does not take it.
        """
        known = attempt.known
        arrays: dict[str, Any] = {}
        notes: dict[str, float | str] = {}
        if attempt.solves is not None and attempt.problem is not None:
            arrays = self._evaluate(attempt, attempt.solves, attempt.problem, notes, report)
        self._only_here()
        self._inspect(attempt)
        if attempt.left:
            notes["process"] = f"the solver left behind: {', '.join(attempt.left)}; its process was replaced"
        known["environment"] = self._environment(attempt.solves.traits.gpu if attempt.solves else None, attempt.facts)
        names = attempt.spelled
        record = Record(
            attempt.cell, attempt.status, names.solver, names.dataset, code_id=names.code_id, notes=notes, ended=now(), **known
        )
        self._store.write(record, arrays)
        return record

    def _evaluate(
        self, attempt: Attempt, solves: Solves, problem: Problem, notes: dict[str, float | str], report: Report
    ) -> dict[str, Any]:
        """Cost, curve and scores of a cell that was solved, in what is known of it; the arrays to be stored."""
        known, stage = attempt.known, "solving"
        arrays: dict[str, Any] = {}
        try:
            solved = self._solve.evaluated(solves)
            run = solved.run
            notes.update(solved.notes)
            attempt.status, known["curve"], known["cost"] = run.status, curve_of(run.curve, attempt.points), solved.cost
            if run.status == "diverged":
                known["error"] = error_of(stage, "Diverged", "the reconstruction or its residual is not finite")
                return {}
            arrays = arrays_of(run.reconstruction)
            stage = "scoring"
            report("phase", {"phase": stage})
            known["metrics"], scored = assess(run.reconstruction, problem, assumes=attempt.spelled.assumes)
            notes.update(scored)
            if problem.truth is None:  # which alone can tell
                known["warnings"] += tuple(problem.measurement.suspicions(run.reconstruction))
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way a stranger's code can fail is a record
            attempt.fail(stage, failure)
        return arrays

    def _inspect(self, attempt: Attempt | None) -> None:
        """Ask, once, what the solver of a cell has left behind; before the next cell begins at the latest."""
        if attempt is not None and attempt.left is None:
            attempt.left = self._bench.left()

    def _only_here(self) -> None:
        if os.getpid() != self._process:
            os._exit(1)  # a fork of the solver's that came back: the cell is its parent's

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

    def makes_quickly(self, cell: Cell) -> bool:
        """Whether the last problem of its dataset took so little time that the next may be made beside a solve."""
        return self._making_s.get((cell.dataset, cell.dataset_label), math.inf) < _QUICKLY_MADE_S

    def make_ahead(self, cell: Cell) -> None:
        """Make the problem of the cell that comes next; where that fails, it fails again when it is that cell's turn."""
        with contextlib.suppress(Exception, SystemExit):
            self._make(cell)
        self._only_here()

    def _make(self, cell: Cell) -> Problem:
        """The problem of the cell; the last one is kept, for the next cell is often another solver's on the same problem."""
        if self._problem is None or self._problem[0] != cell.problem_label:
            self._problem = None
            began = perf_counter()
            self._problem = cell.problem_label, cell.problem()
            self._making_s[cell.dataset, cell.dataset_label] = perf_counter() - began
        return self._problem[1]


class _Once:
    """Calls a function the first time that it is called."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function: Callable[[], object] | None = function

    def __call__(self) -> None:
        function, self._function = self._function, None
        if function is not None:
            function()


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
