"""What must hold for every registered solver, on every array library that it computes with."""

from __future__ import annotations

import dataclasses
import gc
import types

import numpy as np
import pytest

import prbench
from prbench.analysis import goals
from prbench.backend import get_backend
from prbench.core import DirectSolver, IterativeSolver, Measurement, Solver, load_plugin, plugin_names
from prbench.errors import MissingDependency, UsageError

NAMES = plugin_names("solver")
ON = [(name, library) for name in NAMES for library in load_plugin("solver", name).libraries if library != "cupy"]
ITERATIVE = [name for name in NAMES if issubclass(load_plugin("solver", name), IterativeSolver)]
TASKS_DATASETS = [
    (name, dataset)
    for name in NAMES
    for dataset in plugin_names("dataset")
    if load_plugin("dataset", dataset).info.task == load_plugin("solver", name).info.task
    and "simulated" in load_plugin("dataset", dataset).info.tags
    and "published" not in load_plugin("dataset", dataset).info.tags
]

FAINT = {"speckle": 100.0}
"""Photons per pixel under which a measurement of the task is all but noise; a single one in tasks not named."""


def example(name: str):
    plugin = load_plugin("solver", name)
    return plugin.from_params(plugin.example)


@pytest.fixture(params=ON, ids="-".join)
def solver_on(request):
    """A solver under its example settings, and one library."""
    name, library = request.param
    return example(name), library


@pytest.fixture
def problem_of(small_problem, simulated_datasets):
    """A small simulated problem of a solver's task: the first dataset that takes the settings."""

    def make(solver, **settings) -> prbench.Problem:
        for dataset in simulated_datasets(solver.info.task):
            try:
                return small_problem(dataset, **settings)
            except UsageError:
                continue
        pytest.skip(f"no simulated dataset of {solver.info.task} takes {', '.join(settings)}")

    return make


def takes(solver: Solver, y: Measurement) -> bool:
    """Whether a solver takes measurements of so many axes."""
    return not solver.dimensions or len(y.shape) in solver.dimensions


def arrays(solution: prbench.Solution) -> dict[str, np.ndarray]:
    return {name: np.asarray(value) for name, value in solution.reconstruction.items()}


def held_by(y: Measurement) -> dict[str, np.ndarray]:
    return {name: np.array(getattr(y, name)) for name in y.arrays if getattr(y, name) is not None}


@pytest.mark.parametrize(("name", "dataset"), TASKS_DATASETS)
def test_every_problem_of_its_task_is_answered(name, dataset, small_problem):
    solver, made = example(name), small_problem(dataset)
    if not takes(solver, made.measurement):
        with pytest.raises(UsageError, match=f"{name} takes measurements of"):
            prbench.solve(solver, made.measurement)
        return
    found = prbench.solve(solver, made.measurement)
    assert found.status == "ok"
    made.measurement.check(found.reconstruction)
    assert found.reconstruction.finite()
    assert any(array.any() for array in arrays(found).values())
    assert found.cost.latency_s > 0
    assert found.cost.ffts + found.cost.operators > 0
    scores = prbench.score(found.reconstruction, made)  # every metric that applies; NaN where one has nothing to say
    assert np.isfinite(scores[goals(solver.info.task)[0].metric])
    assert not any(np.isinf(value) for value in scores.values())


def test_the_answer_is_on_the_host_and_the_measurement_as_it_was(solver_on, problem_of):
    solver, library = solver_on
    y = problem_of(solver).measurement
    before = held_by(y)
    counted = dataclasses.replace(y.counters)
    found = prbench.solve(solver, y, backend=library)
    assert found.status == "ok"
    assert found.backend == library
    assert all(type(value) is np.ndarray for _, value in found.reconstruction.items())
    assert not [key for key, value in found.reconstruction.aux.items() if hasattr(value, "device") and hasattr(value, "detach")]
    for name, array in held_by(y).items():
        np.testing.assert_array_equal(array, before[name])
    assert y.counters == counted


def test_the_residual_falls(solver_on, problem_of):
    solver, library = solver_on
    if isinstance(solver, DirectSolver):
        pytest.skip("a direct solver has no curve")
    found = prbench.solve(solver, problem_of(solver).measurement, backend=library)
    residuals = [point.residual for point in found.curve]
    assert min(residuals[-5:]) < residuals[0]
    assert [p.iteration for p in found.curve] == sorted({p.iteration for p in found.curve})
    assert found.curve[0].iteration == 0
    assert found.curve[-1].iteration == found.cost.iterations <= found.curve[-1].iterations
    if type(solver).finished is IterativeSolver.finished:  # a solver that cannot tell when it has finished
        assert found.cost.iterations == found.curve[-1].iterations
    seconds = [p.seconds for p in found.curve]
    assert seconds == sorted(seconds)
    assert seconds[-1] <= found.cost.latency_s


def test_the_same_seed_gives_the_same_answer(solver_on, problem_of):
    solver, library = solver_on
    y = problem_of(solver).measurement
    np.random.seed(0)  # noqa: NPY002 - the global generator is what must not be used
    first = prbench.solve(solver, y, backend=library, seed=3)
    np.random.seed(1)  # noqa: NPY002
    second = prbench.solve(solver, y, backend=library, seed=3)
    for name, array in arrays(first).items():
        np.testing.assert_array_equal(array, arrays(second)[name])
    assert first.cost.ffts == second.cost.ffts


def test_both_precisions_are_kept(solver_on, problem_of):
    solver, library = solver_on
    y = problem_of(solver).measurement
    for precision, expected in (("single", 4), ("double", 8)):
        found = prbench.solve(solver, y, backend=get_backend(library, precision))
        for array in arrays(found).values():
            assert array.real.dtype.itemsize == expected


@pytest.mark.parametrize("name", ITERATIVE)
def test_time_can_run_out(name, problem_of):
    solver = example(name)
    y = problem_of(solver).measurement
    found = prbench.solve(solver, y, time_limit_s=1e-9)
    assert found.status == "time_limit"
    assert 1 <= found.cost.iterations < solver.total_iterations(y)
    y.check(found.reconstruction)
    assert found.reconstruction.finite()
    assert prbench.solve(solver, y, time_limit_s=1e6).status == "ok"


@pytest.mark.parametrize("name", ITERATIVE)
def test_a_callback_can_stop_it(name, problem_of):
    solver = example(name)
    y = problem_of(solver).measurement
    seen: list[prbench.Progress] = []

    def watch(point: prbench.Progress) -> bool:
        seen.append(point)
        return len(seen) == 3

    found = prbench.solve(solver, y, callback=watch)
    assert found.status == "ok"
    assert len(seen) == 3
    assert found.curve[:-1] == seen[:-1]
    last = dataclasses.replace(found.curve[-1], residual=seen[-1].residual)  # the framework ends the curve by its own sum
    assert last == seen[-1]
    assert found.curve[-1].residual == pytest.approx(seen[-1].residual, rel=1e-3, abs=1e-6)
    assert found.cost.iterations == seen[-1].iteration < solver.total_iterations(y)
    y.check(found.reconstruction)


@pytest.mark.parametrize("name", ITERATIVE)
def test_estimates_on_the_way_leave_the_state_usable(name, problem_of):
    solver = example(name)
    y = problem_of(solver).measurement.to(get_backend("numpy" if "numpy" in solver.libraries else solver.libraries[0]))
    total, ends = solver.total_iterations(y), []
    for looks in (False, True):
        state = solver.init(y, np.random.default_rng(0))
        for k in range(total):
            state = solver.step(y, state)
            if looks and k % 7 == 0:
                solver.estimate(y, state)
                solver.residual(y, state)
        ends.append(solver.estimate(y, state))
    for (_, plain), (_, looked) in zip(ends[0].items(), ends[1].items(), strict=True):
        np.testing.assert_array_equal(y.backend.to_numpy(plain), y.backend.to_numpy(looked))


def test_masked_pixels_are_allowed(solver_on, small_problem, simulated_datasets):
    solver, library = solver_on
    y = small_problem(simulated_datasets(solver.info.task)[0]).measurement
    mask = np.random.default_rng(0).random(y.mask_shape) < 0.9
    mask[tuple(slice(n // 2 - 1, n // 2 + 2) for n in y.mask_shape)] = False
    masked = dataclasses.replace(y, mask=mask if y.mask is None else mask & y.mask)
    found = prbench.solve(solver, masked, backend=library)
    assert found.status == "ok"
    assert found.reconstruction.finite()


def test_three_dimensions_are_solved_where_the_task_has_them(solver_on, small_problem, simulated_datasets):
    solver, library = solver_on
    problems = [small_problem(name) for name in simulated_datasets(solver.info.task)]
    solid = [made for made in problems if len(made.measurement.shape) == 3]
    if not solid or not takes(solver, solid[0].measurement):
        pytest.skip(f"{solver.info.task} has no problem of three dimensions, or {solver.plugin_name} takes none")
    found = prbench.solve(solver, solid[0].measurement, backend=library)
    assert found.status == "ok"
    solid[0].measurement.check(found.reconstruction)
    assert found.reconstruction.finite()


@pytest.mark.parametrize("name", NAMES)
def test_noise_is_survived(name, problem_of):
    solver = example(name)
    found = prbench.solve(solver, problem_of(solver, photons=FAINT.get(solver.info.task, 1.0)).measurement)
    assert found.status == "ok"
    assert found.reconstruction.finite()


@pytest.mark.parametrize("name", NAMES)
def test_a_problem_is_not_a_measurement(name, problem_of):
    solver = example(name)
    with pytest.raises((AttributeError, TypeError, UsageError)):
        prbench.solve(solver, problem_of(solver))


@pytest.mark.parametrize("name", NAMES)
def test_the_truth_is_out_of_reach(name, problem_of, monkeypatch):
    """From all that a solver is handed no path of references leads to the truth, to the problem or to what was held out."""
    solver = example(name)
    made = problem_of(solver)
    parts = [made, made.truth, *(array for _, array in made.truth.items()), made.object_region]
    secret = {id(part) for part in parts if part is not None}
    method = "init" if isinstance(solver, IterativeSolver) else "solve"
    original, handed = getattr(type(solver), method), []

    def spy(self, y, rng):
        handed.extend([y, rng, self])
        return original(self, y, rng)

    monkeypatch.setattr(type(solver), method, spy)
    prbench.solve(solver, made.measurement)
    assert len(handed) == 3
    seen: set[int] = set()
    keep, queue = [], list(handed)
    while queue:
        item = queue.pop()
        if id(item) in seen or isinstance(item, types.ModuleType | types.FunctionType | types.FrameType | type):
            continue
        seen.add(id(item))
        keep.append(item)
        queue.extend(gc.get_referents(item))
    assert not seen & secret
    assert handed[0] is not made.measurement


@pytest.mark.parametrize("name", NAMES)
def test_a_measurement_of_another_task_is_refused(name, problem_of):
    solver = example(name)
    y = problem_of(solver).measurement
    other = type("Other", (type(y),), {"task": "deblur" if y.task != "deblur" else "far-field"})
    stranger = object.__new__(other)
    stranger.__dict__.update(y.__dict__)
    with pytest.raises(UsageError, match=f"{name} solves {solver.info.task} problems"):
        prbench.solve(solver, stranger)


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["torch:cuda", "cupy"])
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_answers_as_well(name, backend, problem_of):
    solver = example(name)
    if backend.partition(":")[0] not in solver.libraries:
        pytest.skip(f"{name} does not compute with {backend}")
    try:
        resolved = get_backend(backend)
    except MissingDependency as error:
        pytest.skip(str(error))
    made = problem_of(solver)
    found = prbench.solve(solver, made.measurement, backend=resolved)
    assert found.status == "ok"
    made.measurement.check(found.reconstruction)
    assert found.reconstruction.finite()
    assert found.curve == [] or min(p.residual for p in found.curve[-5:]) < found.curve[0].residual
