"""What must hold for every metric."""

from __future__ import annotations

import math
from importlib.metadata import entry_points
from typing import Any

import numpy as np
import pytest

import prbench
from prbench.core import Case, Metric, MetricInfo, Problem, find_task, load_plugin, plugin_names, task_names

from .laws import Laws
from .problems import simulated_datasets, small_problem
from .solver_laws import example, takes

_LONGEST_HEADER = 12


class MetricLaws(Laws):
    """The laws of metrics; scores are those of a small simulated problem of each task that the metric judges."""

    def metric(self, name: str) -> Metric:
        """The metric of a name."""
        found = load_plugin("metric", name)
        assert isinstance(found, Metric), f"{name}: a metric is a function decorated with prbench.core.metric"
        return found

    def test_its_name_is_its_entry_points(self, name: str) -> None:
        """The name that the decorator gives is the one that the package's metadata give."""
        points = [point for point in entry_points(group="prbench.metrics") if point.name == name]
        assert [point.load() for point in points] == [self.metric(name)]
        assert self.metric(name).info.name == name

    def test_it_says_what_it_is(self, name: str) -> None:
        """A definition of one sentence, and the words of its column."""
        info = self.metric(name).info
        assert info.better in {"lower", "higher"}
        assert info.definition.endswith(".")
        assert info.meaning
        assert 0 < len(info.header) <= _LONGEST_HEADER
        assert info.smallest >= 0

    def test_some_task_has_answers_that_it_judges(self, name: str) -> None:
        """Otherwise no board would show it."""
        assert _judged(self.metric(name).info)

    def test_it_is_plain_values_that_read_back(self, name: str) -> None:
        """A results folder describes its metrics."""
        info = self.metric(name).info
        again = MetricInfo.from_plain(info.plain())
        assert again.plain() == info.plain()

    def test_it_scores_an_answer_and_changes_nothing(self, name: str) -> None:
        """Twice the same number within its range, or NaN with a reason; the answer and the truth are as they were."""
        judge = self.metric(name)
        scored = 0
        for task in _judged(judge.info):
            case = _case(task)
            if case is None or not judge.applies(case, find_task(task).answer):
                continue
            before = [np.array(array) for _, array in case.reconstruction.items()]
            score = judge(case)
            again = judge(Case(case.reconstruction, case.problem))
            assert score == again or (math.isnan(score) and math.isnan(again))
            if math.isnan(score):
                assert case.notes[name]
            else:
                assert _within(score, judge.info.range), f"{name}: {score} is outside {judge.info.range}"
            for (_, array), copy in zip(case.reconstruction.items(), before, strict=True):
                np.testing.assert_array_equal(np.asarray(array), copy)
            scored += 1
        if not scored:
            pytest.skip(f"{name} needs {judge.info.needs}, which no small simulated problem has")


def _judged(info: MetricInfo) -> list[str]:
    tasks = [find_task(name) for name in task_names()]
    return [task.name for task in tasks if info.judges(task.answer, task.measurement)]


_cases: dict[str, tuple[Any, Problem] | None] = {}


def _case(task: str) -> Case | None:
    """A small problem of a task with a first answer to it; None where the task has no solver or no simulated dataset."""
    if task not in _cases:
        _cases[task] = _solved(task)
    known = _cases[task]
    return None if known is None else Case(*known)


def _solved(task: str) -> tuple[Any, Problem] | None:
    for dataset in simulated_datasets(task):
        problem = small_problem(dataset)
        for name in [*find_task(task).solvers, *plugin_names("solver")]:
            solver = example(name)
            if solver.info.task == task and takes(solver, problem.measurement):
                return prbench.solve(solver, problem.measurement).reconstruction, problem
    return None


def _within(score: float, interval: str) -> bool:
    """Whether a number is in an interval such as ``[0, inf)``, up to rounding."""
    low, high = (math.pi if end.strip() == "pi" else float(end) for end in interval[1:-1].split(","))
    slack = 1e-6 * max(1.0, abs(score))
    return low - slack <= score <= high + slack
