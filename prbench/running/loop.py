"""The loop of an iterative solver: steps on the clock, questions beside it, the curve and the ways it can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from prbench.backend import Clock
from prbench.core import IterativeSolver, Measurement, Reconstruction

Status = Literal["ok", "diverged", "time_limit", "killed", "out_of_memory", "crashed", "error", "skipped", "interrupted"]

_CURVE_POINTS = 50
_CHECK_EVERY_S = 0.05
"""Seconds of work handed to a solver between two readings of the clock, so that reading it costs nothing."""


@dataclass(frozen=True)
class Progress:
    """One point of a curve, as a callback sees it.

    Attributes:
        iteration: steps done.
        iterations: steps of a full run.
        seconds: time on the clock.
        residual: relative misfit to the measurement.
    """

    iteration: int
    iterations: int
    seconds: float
    residual: float


Callback = Callable[[Progress], object]


@dataclass
class Loop:
    """One run of a solver on a measurement that is on its backend.

    Attributes:
        clock: what is on the bill.
        aside: the framework's questions: how many steps, the misfit of an iterate, whether it has finished.
        curve: the points so far.
        done: steps done.
    """

    solver: IterativeSolver[Any]
    y: Measurement
    clock: Clock
    aside: Clock
    time_limit_s: float | None = None
    callback: Callback | None = None
    curve: list[Progress] = field(default_factory=list)
    done: int = 0
    _total: int = 0
    _block: int = 1

    def run(self, rng: np.random.Generator) -> tuple[Reconstruction, Status]:
        """Initialise, step to the end, and estimate."""
        solver, y = self.solver, self.y
        with self.aside:
            self._total = solver.total_iterations(y)
        every = max(1, -(-self._total // _CURVE_POINTS))
        status: Status = "ok"
        with self.clock:
            state = solver.init(y, rng)
        stop = self._record_point(state)
        while self.done < self._total and not stop:
            target = min(self._total, self.done - self.done % every + every)
            with self.clock:
                state, out_of_time = self._advance(state, target)
            taken = self.solver.steps_taken(state, self.done)
            ended, self.done = taken < self.done, taken
            stop = self._record_point(state) or ended
            if out_of_time and self.done < self._total:
                status, stop = "time_limit", True
            if not np.isfinite(self.curve[-1].residual):
                status, stop = "diverged", True
            if not stop:
                with self.aside:
                    stop = solver.finished(y, state)
        with self.clock:
            result = solver.estimate(y, state)
        return result, status

    def _advance(self, state: Any, target: int) -> tuple[Any, bool]:
        """Step to ``target``, reading the clock only about every :data:`_CHECK_EVERY_S`; the numbers do not depend on that."""
        before = self.clock.seconds
        while self.done < target:
            steps = min(self._block, target - self.done)
            state = self.solver.advance(self.y, state, steps)
            self.done += steps
            now = self.clock.seconds
            if self.time_limit_s is not None and now + self._late_s >= self.time_limit_s:
                return state, True
            if now - before < _CHECK_EVERY_S / 2:
                self._block *= 2
            elif now - before > 2 * _CHECK_EVERY_S:
                self._block = max(1, self._block // 2)
            before = now
        return state, False

    @property
    def _late_s(self) -> float:
        """What the answers have taken beyond a solve's own time: a limit holds for both together."""
        return max(0.0, self.aside.seconds - self.clock.seconds)

    def _record_point(self, state: Any) -> bool:
        """Add a point to the curve, outside the clock and uncounted; True when the callback asks to stop."""
        with self.y.counters.stopped(), self.aside:
            residual = float(self.solver.residual(self.y, state))
        point = Progress(self.done, self._total, self.clock.seconds, residual)
        self.curve.append(point)
        return self.callback is not None and self.callback(point) is True
