"""What must be true of every task that is installed."""

import json
import math

import numpy as np
import pytest

import prbench
from prbench.core import (
    SPECKLE_MAPS,
    Goal,
    Task,
    TaskInfo,
    applying,
    find_task,
    load_plugin,
    plugin_names,
    task_names,
)
from prbench.metrics import metric_infos
from prbench.reporting.pictures import save_picture
from prbench.running.scoring import score
from prbench.running.store.problem_files import read_problem, write_problem


@pytest.fixture(params=task_names(), name="task")
def _task(request: pytest.FixtureRequest) -> Task:
    return find_task(request.param)


def datasets_of(task: Task, tag: str) -> list[str]:
    names = [name for name in plugin_names("dataset") if load_plugin("dataset", name).info.task == task.name]
    return [name for name in names if tag in load_plugin("dataset", name).info.tags]


def problem_of(task: Task) -> prbench.Problem:
    name = datasets_of(task, "simulated")[0]
    return prbench.get_dataset(name, **load_plugin("dataset", name).example).problem(0)


def solved(task: Task, problem: prbench.Problem) -> prbench.Reconstruction:
    for name in [*task.solvers, *plugin_names("solver")]:
        solver = load_plugin("solver", name)
        if solver.info.task == task.name and (not solver.dimensions or len(problem.measurement.shape) in solver.dimensions):
            solution = prbench.solve(solver.from_params(solver.example), problem.measurement)
            assert solution.reconstruction is not None
            return solution.reconstruction
    raise AssertionError(task.name)


def test_its_goals_are_metrics_that_apply(task: Task) -> None:
    infos = metric_infos()
    for goal in task.goals:
        info = infos[goal.metric]
        assert info.judges(task.answer, task.measurement)
        assert info.better == goal.better
        assert info.priority is not None
        assert goal.success is None or goal.reason.endswith(".")
    assert infos[task.goals[0].metric].needs == "truth"
    assert infos[task.goals[-1].metric].needs == "measurement"
    assert task.goals[0].success is not None


def test_its_columns_have_headers_of_their_own(task: Task) -> None:
    shown = [info for info in applying(list(metric_infos().values()), task) if info.priority is not None]
    assert len(shown) >= 3
    assert len({info.header for info in shown}) == len(shown)
    assert all(info.meaning and len(info.header) <= 12 for info in shown)


def test_what_it_suggests_exists(task: Task) -> None:
    assert task.solvers
    for name in task.solvers:
        assert load_plugin("solver", name).info.task == task.name
    if task.dataset:
        assert load_plugin("dataset", task.dataset).info.task == task.name
        assert "measured" in load_plugin("dataset", task.dataset).info.tags


def test_it_has_problems_and_solvers(task: Task) -> None:
    assert datasets_of(task, "simulated")
    assert [name for name in plugin_names("solver") if load_plugin("solver", name).info.task == task.name]


def test_its_measurement_is_public(task: Task) -> None:
    assert getattr(prbench, task.measurement.__name__) is task.measurement
    assert task.measurement.__name__ in prbench.__all__


def test_it_is_plain_values_that_read_back(task: Task) -> None:
    assert TaskInfo.from_plain(json.loads(json.dumps(task.info.plain()))) == task.info


def test_its_reconstructions_are_drawn(task: Task, tmp_path) -> None:
    problem = problem_of(task)
    found = solved(task, problem)
    for name, known in (("truth", problem), ("measured", _without_truth(problem))):
        path = save_picture(tmp_path / f"{name}.png", known, found, "title")
        assert path.stat().st_size > 1000


def test_measured_data_are_scored_without_truth(task: Task) -> None:
    problem = problem_of(task)
    scores = score(solved(task, problem), _without_truth(problem))
    assert math.isfinite(scores[task.goals[-1].metric])
    assert task.goals[0].metric not in scores


def test_its_reconstructions_are_exported(task: Task, tmp_path) -> None:
    if task.export is None:
        assert not task.dataset, "measured data of a user's own are exported"
        return
    problem = problem_of(task)
    target = tmp_path / f"answer{task.export.suffix}"
    task.export.write(target, problem, solved(task, problem), {"score": 1.0}, "solver")
    written = [target] if target.is_file() else sorted(target.iterdir())
    assert written
    assert all(path.stat().st_size > 100 for path in written)


def test_its_problems_round_trip_through_files(task: Task, tmp_path) -> None:
    problem = problem_of(task)
    write_problem(tmp_path / "problem.npz", problem)
    again = read_problem(tmp_path / "problem.npz")
    assert type(again.measurement) is task.measurement
    assert again.measurement.describe() == problem.measurement.describe()
    for name in task.measurement.arrays:
        first, second = getattr(problem.measurement, name), getattr(again.measurement, name)
        assert (first is None and second is None) or np.array_equal(np.asarray(first), np.asarray(second))


def test_a_declaration_that_would_fail_later_is_refused(task: Task) -> None:
    fields = {name: getattr(task, name) for name in TaskInfo.__dataclass_fields__}
    kept = {"measurement": task.measurement, "export": None}
    for wrong, named in (
        ({"goals": ()}, "goals"),
        ({"goals": (Goal("psnr", "higher", success=1.0),)}, "reason"),
        ({"name": "Not a name"}, "name"),
        ({"name": "another"}, "measurement|must be 'another'"),
        ({"symmetries": ("rotation",)}, "symmetries"),
        ({"answer": ""}, "answer"),
    ):
        with pytest.raises(prbench.PrbenchError, match=named):
            Task(**{**fields, **kept, **wrong})
    if task.answer != SPECKLE_MAPS:
        with pytest.raises(TypeError):
            Task(name="new", measurement=task.measurement)  # type: ignore[call-arg]


def _without_truth(problem: prbench.Problem) -> prbench.Problem:
    import dataclasses

    return dataclasses.replace(problem, truth=None, object_region=None)
