"""Solves what it is asked for and tells what that cost: questions on standard input, answers on standard output, as JSON.

Run by its path, with any Python that has a prbench, so that two versions of it can be timed in turn by the same questions::

    python -P prbench/gate/probe.py

It uses nothing but the public interface, which both versions share.
"""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
import tracemalloc
from collections.abc import Callable
from typing import Any

_WARM_S = 2.0


class Prober:
    """Answers questions; keeps the last problem, and remembers which solvers have run."""

    def __init__(self) -> None:
        self._problem: tuple[tuple[object, ...], Any] | None = None
        self._warm: set[tuple[object, ...]] = set()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """What solving the cell of ``question`` cost, and how good it is; an ``error`` where it failed."""
        import prbench
        from prbench.backend import fft_pair_seconds, get_backend

        try:
            solver = prbench.get_solver(question["solver"])
            problem = self._make(question)
            place = get_backend(question["backend"], question["precision"])

            def solve(callback: Callable[[Any], object] | None = None) -> Any:
                limit = question["time_limit_s"]
                return prbench.solve(
                    solver, problem.measurement, seed=question["seed"], backend=place, time_limit_s=limit, callback=callback
                )

            kind = (question["solver"], question["dataset"], place.name)
            if kind not in self._warm:
                solve(lambda point: point.seconds > _WARM_S)
                self._warm.add(kind)
            if question["what"] == "allocations":
                return {"status": "ok", "allocated_bytes": _allocated(solve)}
            solution = solve()
            metrics = {} if solution.status == "diverged" else prbench.score(solution.reconstruction, problem)
            return {
                "status": solution.status,
                "latency_s": solution.cost.latency_s,
                "fft_pair_s": fft_pair_seconds(place, problem.measurement.shape),
                "ffts": solution.cost.ffts,
                "operators": solution.cost.operators,
                "iterations": solution.cost.iterations,
                "metrics": {name: value for name, value in metrics.items() if math.isfinite(value)},
                "curve": [[point.iteration, point.residual] for point in solution.curve if math.isfinite(point.residual)],
            }
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way to fail is an answer
            return {"status": "error", "error": "".join(traceback.format_exception(failure))[-4000:]}

    def _make(self, question: dict[str, Any]) -> Any:
        import prbench

        label = (question["dataset"], question["sample"], question["split"])
        if self._problem is None or self._problem[0] != label:
            self._problem = None
            dataset = prbench.get_dataset(question["dataset"])
            self._problem = label, dataset.problem(question["sample"], split=question["split"])
        return self._problem[1]


def _allocated(solve: Callable[[], Any]) -> int:
    """The most bytes that Python and numpy held at a time during a solve, beyond those held before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        solve()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return max(0, most - before)


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a solver prints is no answer
    prober = Prober()
    for line in sys.stdin:
        answers.write(json.dumps(prober.answer(json.loads(line)), allow_nan=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
