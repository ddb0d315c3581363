"""The field at a glance: whose solvers are whose, in which versions, and what is a variant of what."""

import dataclasses

import numpy as np
import pytest

from prbench.analysis import leaderboards
from prbench.core.tuned import tuned_path, write_tuned
from prbench.metrics import metric_infos
from prbench.reporting.cell_table import gather
from prbench.reporting.figures.field import field
from prbench.reporting.figures.style import STYLES
from prbench.reporting.figures.task_report import TaskReport
from prbench.reporting.programs import own_versions, program_versions
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet

SOLVERS = {"hio": 2.0, "hio[beta=0.7]": 5.0, "hio[starts=3]": 6.0, "er": 1.0, "solvephase-cdi": 3.0}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Five solvers of one dataset; one is another package's, one variant has a label."""
    monkeypatch.setenv("PRBENCH_TUNED", str(tmp_path / "tuned"))
    write_tuned(tuned_path("hio"), {"solver": "hio", "settings": {"beta": 0.7}})
    store = Store(tmp_path / "results")
    own = {"packages": {"prbench": "9.8.7"}}
    environments = [
        store.write_environment(told) for told in (own, {**own, "contestant": {"name": "solvephase-cdi", "version": "1.2.3"}})
    ]
    for solver, cost in SOLVERS.items():
        cell = make_cell(find_plugin("solver", solver), find_plugin("dataset", "crystal2d[size=16]"), sample=0, seed=0)
        for sample in range(2):
            metrics = {"sa_nmse": 0.1 / cost}
            costs = {"latency_s": 1.0, "latency_fft": 10.0, "cost_fft": 100 * cost, "processor_s": 1.0}
            at = dataclasses.replace(cell, sample=sample)
            times = {"started": "2026-01-01T00:00:00", "ended": "2026-01-01T00:00:01"}
            environment = environments["cdi" in solver]
            store.write(Record.of(at, "ok", metrics=metrics, cost=costs, environment=environment, code_id="0" * 32, **times))
    return ResultSet(store)


def drawn(results, **changes):
    (board,) = leaderboards(results.frame)
    report = TaskReport(results, board, gather(results), metric_infos(), (), STYLES["paper"], **changes)
    return field(report)


def test_versions_tell_the_programs_of_others(results):
    assert program_versions(results) == {"solvephase-cdi": "1.2.3"}
    assert own_versions(results) == "9.8.7"


def test_each_is_named_once_under_what_made_it(results):
    blocks = {legend.get_title().get_text(): [text.get_text() for text in legend.texts] for legend in drawn(results).legends}
    assert blocks == {
        "prbench 9.8.7": ["er", "hio", ""],
        "other programs": ["solvephase-cdi 1.2.3", "", ""],
        "settings": ["defaults", "tuned", "other settings"],
    }


def test_variants_are_open_and_joined_to_the_defaults(results):
    figure = drawn(results)
    (axes,) = figure.axes
    points = {(line.get_xdata()[0], line.get_ydata()[0]): line for line in axes.lines if line.get_marker() not in ("None", "")}
    assert {round(x) for x, _ in points} == {100, 200, 300, 500, 600}
    sizes = {round(x): (line.get_markerfacecolor() == "white", line.get_markersize()) for (x, _), line in points.items()}
    full = STYLES["paper"].marker
    assert sizes[200] == (False, full)
    assert sizes[500] == (True, full)
    assert sizes[600] == (True, pytest.approx(0.6 * full))
    joined = {tuple(np.round(line.get_xdata())) for line in axes.lines if len(line.get_xdata()) == 2}
    assert {(200, 500), (200, 600)} <= joined
    colours = {round(x): line.get_color() for (x, _), line in points.items()}
    assert colours[100] == colours[200] == colours[500] != colours[300]


def test_without_costs_there_is_no_figure(results):
    results.frame["cost_fft"] = np.nan
    assert drawn(results) is None


def test_an_environment_that_is_damaged_tells_nothing(results):
    for path in (results.store.path / "environments").iterdir():
        path.write_text("[1", encoding="utf-8")
    assert program_versions(results) == {}
    assert own_versions(results) == ""
