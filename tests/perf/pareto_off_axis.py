"""Quality against time of the networks of ``results/pareto-off-axis.yaml``: ``python tests/perf/pareto_off_axis.py``.

Records and folder of the figure may be named. Qualities are those of the records. Times are measured anew, of all solvers in turn
in this process, on one thread, frame by frame: the processor time of the second of two solves, as the first of a new shape
prepares its convolutions. Weights are random, as they do not matter for the time. Draws ``pareto-off-axis.svg`` with
``fourier-filter`` apart, and prints the medians.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _timing import one_thread
from kernels import fft_pair

from prbench import get_solver
from prbench.analysis import leaderboards
from prbench.backend import get_backend, keep_freed_memory
from prbench.core import LearnedSolver, Measurement, Solver, build_plugin, learned, parse_name
from prbench.metrics import metric_infos
from prbench.metrics.cost_names import COST_PAIRS
from prbench.reporting.cell_table import gather
from prbench.reporting.figures.pareto import pareto
from prbench.reporting.figures.saving import save
from prbench.reporting.figures.style import STYLES, styled
from prbench.reporting.figures.task_report import TaskReport, letter_panels
from prbench.running.store.folder import Store
from prbench.running.store.results import ResultSet

PAIRS = 20


def untrained(name: str) -> Solver:
    """The solver of a name, with random weights where it has some."""
    plugin, settings = parse_name(name)
    weights = {"weights": "random"} if isinstance(get_solver(plugin), LearnedSolver) else {}
    return get_solver(plugin, **{**settings, **weights})


def solve(solver: Solver, y: Measurement) -> None:
    """One solve, each time by the same random network, which is kept ready."""
    solver.solve(y, np.random.default_rng(0))


def repeated(run: Callable[[], object]) -> None:
    """Many calls, for what is too short for the clock."""
    for _ in range(PAIRS):
        run()


def processor_seconds(function: Callable[..., object], *arguments: object) -> float:
    """Of the second of two calls."""
    function(*arguments)
    began = time.process_time()
    function(*arguments)
    return time.process_time() - began


def main(records: Path, out: Path) -> None:
    """Measure, draw and print."""
    results = ResultSet(Store(records))
    frame, backend = results.frame, get_backend("torch")
    solvers = {name: untrained(name) for name in sorted(frame["solver"].unique())}
    learned._KEPT = len(solvers)
    keep_freed_memory()
    costs: dict[tuple[str, str, int], float] = {}
    told = defaultdict(list)
    with one_thread():
        for dataset, sample in sorted(set(zip(frame["dataset"], frame["sample"], strict=True))):
            y = build_plugin("dataset", dataset).problem(int(sample)).measurement.to(backend)
            pair = processor_seconds(repeated, fft_pair(y.shape)) / PAIRS
            for name, solver in solvers.items():
                seconds = processor_seconds(solve, solver, y)
                costs[name, dataset, sample] = seconds / pair
                told[name, dataset].append(1e3 * seconds)
    frame[COST_PAIRS] = [costs[key] for key in zip(frame["solver"], frame["dataset"], frame["sample"], strict=True)]
    (board,) = leaderboards(frame)
    apart = frozenset(name for name in solvers if name.startswith("fourier-filter"))
    report = TaskReport(results, board, gather(results), metric_infos(), [], STYLES["paper"], apart)
    with styled(report.style):
        figure = pareto(report)
        assert figure is not None
        letter_panels(figure)
        for path in save(figure, out, "pareto-off-axis", ("svg",)):
            sys.stdout.write(f"{path}\n")
    for (name, dataset), times in told.items():
        sys.stdout.write(f"{dataset}, {name}: {np.median(times):.1f} ms\n")


if __name__ == "__main__":
    main(Path((*sys.argv, "results/pareto-off-axis")[1]), Path((*sys.argv, *["results/figures"] * 2)[2]))
