"""What must hold for every task."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import prbench
from prbench.core import Goal, Problem, Reconstruction, Task, TaskInfo, applying, find_task, load_plugin, plugin_names
from prbench.metrics import metric_infos
from prbench.reporting.pictures import save_picture
from prbench.running.scoring import score
from prbench.running.store.problem_files import read_problem, write_problem

from .laws import Laws
from .problems import simulated_datasets, small_problem
from .solver_laws import example, takes

_FEWEST_COLUMNS = 3
_LONGEST_HEADER = 12


class TaskLaws(Laws):
    """The laws of tasks: a declaration that fits together, and problems that can be drawn, stored, scored and exported."""

    def test_its_goals_are_metrics_that_apply(self, name: str) -> None:
        """The first needs the truth and has a success value, the last needs the measurement alone."""
        task, infos = find_task(name), metric_infos()
        for goal in task.goals:
            info = infos[goal.metric]
            assert info.judges(task.answer, task.measurement)
            assert info.better == goal.better
            assert info.priority is not None
            assert goal.success is None or goal.reason.endswith(".")
        assert infos[task.goals[0].metric].needs == "truth"
        assert infos[task.goals[-1].metric].needs == "measurement"
        assert task.goals[0].success is not None

    def test_its_columns_have_headers_of_their_own(self, name: str) -> None:
        """Short ones, with a meaning each."""
        shown = [info for info in applying(list(metric_infos().values()), find_task(name)) if info.priority is not None]
        assert len(shown) >= _FEWEST_COLUMNS
        assert len({info.header for info in shown}) == len(shown)
        assert all(info.meaning and len(info.header) <= _LONGEST_HEADER for info in shown)

    def test_what_it_suggests_exists(self, name: str) -> None:
        """Solvers and the dataset of users' files belong to the task."""
        task = find_task(name)
        assert task.solvers
        for solver in task.solvers:
            assert load_plugin("solver", solver).info.task == name
        if task.dataset:
            assert load_plugin("dataset", task.dataset).info.task == name
            assert "measured" in load_plugin("dataset", task.dataset).info.tags

    def test_it_has_problems_and_solvers(self, name: str) -> None:
        """Otherwise there is nothing to run."""
        assert simulated_datasets(name)
        assert [solver for solver in plugin_names("solver") if load_plugin("solver", solver).info.task == name]

    def test_it_is_plain_values_that_read_back(self, name: str) -> None:
        """A results folder describes its tasks."""
        task = find_task(name)
        assert TaskInfo.from_plain(json.loads(json.dumps(task.info.plain()))) == task.info

    def test_its_reconstructions_are_drawn(self, name: str, tmp_path: Path) -> None:
        """With truth and without."""
        problem, answer = _solved(find_task(name))
        for label, known in (("truth", problem), ("measured", _without_truth(problem))):
            path = save_picture(tmp_path / f"{label}.png", known, answer, "title")
            assert path.stat().st_size > 1000

    def test_measured_data_are_scored_without_truth(self, name: str) -> None:
        """By the last of its goals."""
        task = find_task(name)
        problem, answer = _solved(task)
        scores = score(answer, _without_truth(problem))
        assert math.isfinite(scores[task.goals[-1].metric])
        assert task.goals[0].metric not in scores

    def test_its_reconstructions_are_exported(self, name: str, tmp_path: Path) -> None:
        """Where it declares a format, as it must where it reads users' files."""
        task = find_task(name)
        if task.export is None:
            assert not task.dataset, "measured data of a user's own are exported"
            return
        problem, answer = _solved(task)
        path = tmp_path / f"answer{task.export.suffix}"
        task.export.write(path, problem, answer, {"score": 1.0}, "solver")
        written = [path] if path.is_file() else sorted(path.iterdir())
        assert written
        assert all(file.stat().st_size > 100 for file in written)

    def test_its_problems_round_trip_through_files(self, name: str, tmp_path: Path) -> None:
        """A run may hand problems to workers in files."""
        task = find_task(name)
        problem = _problem_of(task)
        write_problem(tmp_path / "problem.npz", problem)
        again = read_problem(tmp_path / "problem.npz")
        assert type(again.measurement) is task.measurement
        assert again.measurement.describe() == problem.measurement.describe()
        for field in task.measurement.arrays:
            first, second = getattr(problem.measurement, field), getattr(again.measurement, field)
            assert (first is None and second is None) or np.array_equal(np.asarray(first), np.asarray(second))

    def test_a_declaration_that_would_fail_later_is_refused(self, name: str) -> None:
        """With the member that is wrong."""
        task = find_task(name)
        fields: dict[str, Any] = {field: getattr(task, field) for field in TaskInfo.__dataclass_fields__}
        kept: dict[str, Any] = {"measurement": task.measurement, "export": None}
        wrong: dict[str, tuple[dict[str, Any], str]] = {
            "no goals": ({"goals": ()}, "goals"),
            "no reason": ({"goals": (Goal("psnr", "higher", success=1.0),)}, "reason"),
            "bad name": ({"name": "Not a name"}, "name"),
            "other name": ({"name": "another"}, r"measurement|\.task .*'another'"),
            "bad symmetry": ({"symmetries": ("rotation",)}, "symmetries"),
            "no answer": ({"answer": ""}, "answer"),
        }
        for changes, named in wrong.values():
            with pytest.raises(prbench.PrbenchError, match=named):
                Task(**{**fields, **kept, **changes})


def _problem_of(task: Task) -> Problem:
    datasets = simulated_datasets(task.name) or [
        name
        for name in plugin_names("dataset")
        if load_plugin("dataset", name).info.task == task.name and "simulated" in load_plugin("dataset", name).info.tags
    ]
    return small_problem(datasets[0])


def _solved(task: Task) -> tuple[Problem, Reconstruction]:
    problem = _problem_of(task)
    for name in [*task.solvers, *plugin_names("solver")]:
        solver = example(name)
        if solver.info.task == task.name and takes(solver, problem.measurement):
            solution = prbench.solve(solver, problem.measurement)
            assert solution.reconstruction is not None
            return problem, solution.reconstruction
    raise AssertionError(f"{task.name} has no solver that takes its problems")


def _without_truth(problem: Problem) -> Problem:
    return dataclasses.replace(problem, truth=None, object_region=None)
