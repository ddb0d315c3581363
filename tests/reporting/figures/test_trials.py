"""The figure of every single run."""

import numpy as np
import pytest

from prbench.analysis import leaderboards
from prbench.metrics import metric_infos
from prbench.reporting.cell_table import gather
from prbench.reporting.figures import STYLES
from prbench.reporting.figures.style import styled
from prbench.reporting.figures.task_report import TaskReport
from prbench.reporting.figures.trials import trials
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet

REGIMES = ("random", "fresnel", "fraunhofer")
SOLVERS = ("amplitude-flow[start=random]", "amplitude-flow[start=positive]", "wirtinger-flow")
SAMPLES, SEEDS = 6, 5


def report(folder, seeds):
    """Runs of which the share that succeeds is known: all, two in five, none."""
    store, rng = Store(folder), np.random.default_rng(0)
    for solver in SOLVERS:
        for regime, good in zip(REGIMES, (5, 2, 0), strict=True):
            symmetries = ["phase", "shift", "flip"] if regime == "fraunhofer" else ["phase"]
            for sample in range(SAMPLES):
                for seed in range(seeds):
                    dataset = find_plugin("dataset", f"three-regimes[regime={regime},size=8]")
                    cell = make_cell(find_plugin("solver", solver), dataset, sample=sample, seed=seed, backend="numpy")
                    metrics = {"sa_nmse": 10 ** rng.uniform(-14, -12) if seed < good else rng.uniform(0.1, 1)}
                    known = {"id": "x", "measurement": {"symmetries": symmetries}}
                    store.write(Record.of(cell, "ok", metrics=metrics, cost={"latency_s": 1.0}, problem=known))
    results = ResultSet(store)
    (board,) = leaderboards(results.frame)
    return TaskReport(results, board, gather(results), metric_infos(), [], STYLES["paper"])


@pytest.fixture(scope="module")
def figure(tmp_path_factory):
    found = report(tmp_path_factory.mktemp("many"), SEEDS)
    with styled(found.style):
        return trials(found)


def test_every_run_is_a_dot(figure):
    panels = [axes for axes in figure.axes if axes.get_lines()]
    assert [axes.get_title(loc="left") for axes in panels] == [
        "amplitude-flow[start=positive]",
        "amplitude-flow[start=random]",
        "wirtinger-flow",
    ]
    for axes in panels:
        dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
        assert sum(len(line.get_xdata()) for line in dots) == len(REGIMES) * SAMPLES * SEEDS
        assert axes.get_xscale() == "log"
        rows = {round(float(y)) for line in dots for y in line.get_ydata()}
        assert rows == {0, 1, 2}


def test_a_row_says_what_its_measurements_leave_open(figure):
    first, second = figure.axes[:2]
    expected = ["regime=fresnel\nup to phase", "regime=random\nup to phase", "regime=fraunhofer\nup to phase, shift, flip"]
    assert [label.get_text() for label in first.get_yticklabels()] == expected
    assert not any(label.get_text() for label in second.get_yticklabels())


def test_shares_of_success_stand_beside(figure):
    shares = [
        [label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes if axes.axison and not axes.get_lines()
    ]
    assert shares == [["40 [4, 88]", "100 [54, 100]", "0 [0, 46]"]] * 3


def test_one_seed_is_drawn_elsewhere(tmp_path):
    assert trials(report(tmp_path, 1)) is None
