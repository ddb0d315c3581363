"""What must hold for every solver, on every array library that it computes with."""

from __future__ import annotations

import dataclasses
import gc
import types
from typing import Any, ClassVar, Literal

import numpy as np
import pytest

import prbench
from prbench.analysis import goals
from prbench.backend import get_backend
from prbench.core import DirectSolver, IterativeSolver, Measurement, Solver, load_plugin
from prbench.core.registry import Kind
from prbench.errors import MissingDependency, UsageError
from prbench.running.local.left_behind import Snapshot

from .laws import DeclarationLaws
from .problems import problem_of_task, simulated_datasets, small_problem


def example(name: str) -> Any:
    """A solver under its example settings."""
    plugin = load_plugin("solver", name)
    return plugin.from_params(plugin.example)


def takes(solver: Solver[Any], y: Measurement) -> bool:
    """Whether a solver takes measurements of so many axes."""
    return not solver.dimensions or len(y.shape) in solver.dimensions


def has_mask(y: Measurement) -> bool:
    """Whether the measurement can say which of its pixels were measured."""
    return any(field.name == "mask" for field in dataclasses.fields(y))


class SolverLaws(DeclarationLaws):
    """The laws of solvers.

    Attributes:
        names: of the solvers.
        faint: photons per pixel under which a measurement of a task is all but noise, by task; 1 for tasks not named.
    """

    kind: ClassVar[Kind] = "solver"
    faint: ClassVar[dict[str, float]] = {"speckle": 100.0}

    def cases(self) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
        """Names; with each library but cupy, which needs a GPU; with each dataset of the task; and those that iterate."""
        loaded = [(name, load_plugin("solver", name)) for name in self.names]
        return {
            ("name",): [(name,) for name in self.names],
            ("name", "library"): [(name, lib) for name, plugin in loaded for lib in plugin.libraries if lib != "cupy"],
            ("name", "dataset"): [(name, data) for name, plugin in loaded for data in simulated_datasets(plugin.info.task)],
            ("iterative",): [(name,) for name, plugin in loaded if issubclass(plugin, IterativeSolver)],
            ("name", "gpu"): [(name, gpu) for name in self.names for gpu in ("torch:cuda", "cupy")],
        }

    def test_every_problem_of_its_task_is_answered(self, name: str, dataset: str) -> None:
        """With arrays of the shapes that the measurement asks for, finite, not all zero, and scored."""
        solver, problem = example(name), small_problem(dataset)
        if not takes(solver, problem.measurement):
            with pytest.raises(UsageError, match=rf"^{name} .*\baxes\b"):
                prbench.solve(solver, problem.measurement)
            return
        solution = prbench.solve(solver, problem.measurement)
        assert solution.status == "ok"
        assert solution.reconstruction is not None
        problem.measurement.check(solution.reconstruction)
        assert solution.reconstruction.finite()
        assert any(array.any() for array in _arrays(solution).values())
        assert solution.cost.latency_s > 0
        size = solver.network_size(problem.measurement.to(get_backend(solution.backend)))
        assert (solution.cost.passes is None) == (size is None)
        assert (solution.cost.ffts or 0) + (solution.cost.operators or 0) + (solution.cost.passes or 0) > 0
        scores = prbench.score(solution.reconstruction, problem)  # every metric that applies; NaN where one has nothing to say
        assert np.isfinite(scores[goals(solver.info.task)[0].metric])
        assert not any(np.isinf(value) for value in scores.values())

    def test_the_answer_is_on_the_host_and_the_measurement_as_it_was(self, name: str, library: str) -> None:
        """A solver changes nothing that it was handed and returns numpy arrays through the framework."""
        solver = example(name)
        y = problem_of_task(solver.info.task).measurement
        before = _held_by(y)
        counted = dataclasses.replace(y.counters)
        solution = prbench.solve(solver, y, backend=library)
        assert solution.status == "ok"
        assert solution.backend == library
        assert solution.reconstruction is not None
        assert all(type(value) is np.ndarray for _, value in solution.reconstruction.items())
        aux = solution.reconstruction.aux
        assert not [key for key, value in aux.items() if hasattr(value, "device") and hasattr(value, "detach")]
        for field, array in _held_by(y).items():
            np.testing.assert_array_equal(array, before[field])
        assert y.counters == counted

    def test_the_residual_falls(self, name: str, library: str) -> None:
        """The curve starts at iteration 0, ends at the last, and ends lower than it began."""
        solver = example(name)
        if isinstance(solver, DirectSolver):
            pytest.skip("a direct solver has no curve")
        solution = prbench.solve(solver, problem_of_task(solver.info.task).measurement, backend=library)
        residuals = [point.residual for point in solution.curve]
        assert min(residuals[-5:]) < residuals[0]
        assert [p.iteration for p in solution.curve] == sorted({p.iteration for p in solution.curve})
        assert solution.curve[0].iteration == 0
        assert solution.curve[-1].iteration == solution.cost.iterations
        assert solution.curve[-1].iteration <= solution.curve[-1].iterations
        if type(solver).finished is IterativeSolver.finished:  # a solver that cannot tell when it has finished
            assert solution.cost.iterations == solution.curve[-1].iterations
        seconds = [p.seconds for p in solution.curve]
        assert seconds == sorted(seconds)
        assert seconds[-1] <= solution.cost.latency_s

    def test_the_same_seed_gives_the_same_answer(self, name: str, library: str) -> None:
        """All randomness comes from the generator that the solver is handed, and its process is left as it was."""
        solver = example(name)
        y = problem_of_task(solver.info.task).measurement
        np.random.seed(0)  # noqa: NPY002 - the global generator is what must not be used
        first = prbench.solve(solver, y, backend=library, seed=3)
        np.random.seed(1)  # noqa: NPY002 - as above
        before = Snapshot()
        second = prbench.solve(solver, y, backend=library, seed=3)
        assert before.changes() == []  # or the runner replaces the process after every cell
        for field, array in _arrays(first).items():
            np.testing.assert_array_equal(array, _arrays(second)[field])
        assert first.cost.ffts == second.cost.ffts

    def test_both_precisions_are_kept(self, name: str, library: str) -> None:
        """Single in, single out; double in, double out."""
        solver = example(name)
        y = problem_of_task(solver.info.task).measurement
        sizes: dict[Literal["single", "double"], int] = {"single": 4, "double": 8}
        for precision, size in sizes.items():
            solution = prbench.solve(solver, y, backend=get_backend(library, precision))
            for array in _arrays(solution).values():
                assert array.real.dtype.itemsize == size

    def test_time_can_run_out(self, iterative: str) -> None:
        """Stopped early, an iterative solver has an answer all the same."""
        solver = example(iterative)
        y = problem_of_task(solver.info.task).measurement
        solution = prbench.solve(solver, y, time_limit_s=1e-9)
        assert solution.status == "time_limit"
        assert solution.cost.iterations is not None
        assert 1 <= solution.cost.iterations < solver.total_iterations(y)
        assert solution.reconstruction is not None
        y.check(solution.reconstruction)
        assert solution.reconstruction.finite()
        assert prbench.solve(solver, y, time_limit_s=1e6).status == "ok"

    def test_a_callback_can_stop_it(self, iterative: str) -> None:
        """After any point of the curve."""
        solver = example(iterative)
        y = problem_of_task(solver.info.task).measurement
        seen: list[prbench.Progress] = []

        def watch(point: prbench.Progress) -> bool:
            seen.append(point)
            return len(seen) == 3

        solution = prbench.solve(solver, y, callback=watch)
        assert solution.status == "ok"
        assert len(seen) == 3
        assert solution.curve[:-1] == seen[:-1]
        last = dataclasses.replace(solution.curve[-1], residual=seen[-1].residual)  # the framework ends the curve by its own sum
        assert last == seen[-1]
        assert solution.curve[-1].residual == pytest.approx(seen[-1].residual, rel=1e-3, abs=1e-6)
        assert solution.cost.iterations == seen[-1].iteration < solver.total_iterations(y)
        assert solution.reconstruction is not None
        y.check(solution.reconstruction)

    def test_estimates_on_the_way_leave_the_state_usable(self, iterative: str) -> None:
        """Asking for an estimate or a residual changes no later step."""
        solver = example(iterative)
        library = "numpy" if "numpy" in solver.libraries else solver.libraries[0]
        y = problem_of_task(solver.info.task).measurement.to(get_backend(library))
        total, ends = solver.total_iterations(y), []
        for asked in (False, True):
            state = solver.init(y, np.random.default_rng(0))
            for k in range(total):
                state = solver.step(y, state)
                if asked and k % 7 == 0:
                    solver.estimate(y, state)
                    solver.residual(y, state)
            ends.append(solver.estimate(y, state))
        for (_, plain), (_, other) in zip(ends[0].items(), ends[1].items(), strict=True):
            np.testing.assert_array_equal(y.backend.to_numpy(plain), y.backend.to_numpy(other))

    def test_masked_pixels_are_allowed(self, name: str, library: str) -> None:
        """A tenth of the pixels and the middle of the frame unmeasured, where the measurement has a mask."""
        solver = example(name)
        datasets = simulated_datasets(solver.info.task)
        y = small_problem(datasets[0]).measurement
        if not has_mask(y):
            pytest.skip(f"{type(y).__name__} has no mask")
        mask = np.random.default_rng(0).random(y.mask_shape) < 0.9
        mask[tuple(slice(n // 2 - 1, n // 2 + 2) for n in y.mask_shape)] = False
        present = getattr(y, "mask")  # noqa: B009 - not every measurement has one
        masked = dataclasses.replace(y, mask=mask if present is None else mask & present)  # type: ignore[call-arg]
        solution = prbench.solve(solver, masked, backend=library)
        assert solution.status == "ok"
        assert solution.reconstruction is not None
        assert solution.reconstruction.finite()

    def test_three_dimensions_are_solved_where_the_task_has_them(self, name: str, library: str) -> None:
        """Unless the solver says that it takes none."""
        solver = example(name)
        problems = [small_problem(dataset) for dataset in simulated_datasets(solver.info.task)]
        solid = [problem for problem in problems if len(problem.measurement.shape) == 3]
        if not solid or not takes(solver, solid[0].measurement):
            pytest.skip(f"{solver.info.task} has no problem of three dimensions, or {solver.plugin_name} takes none")
        solution = prbench.solve(solver, solid[0].measurement, backend=library)
        assert solution.status == "ok"
        assert solution.reconstruction is not None
        solid[0].measurement.check(solution.reconstruction)
        assert solution.reconstruction.finite()

    def test_noise_is_survived(self, name: str) -> None:
        """An answer of numbers from next to no photons."""
        solver = example(name)
        photons = self.faint.get(solver.info.task, 1.0)
        solution = prbench.solve(solver, problem_of_task(solver.info.task, photons=photons).measurement)
        assert solution.status == "ok"
        assert solution.reconstruction is not None
        assert solution.reconstruction.finite()

    def test_a_problem_is_not_a_measurement(self, name: str) -> None:
        """A solver cannot be handed the truth by mistake."""
        solver = example(name)
        problem: Any = problem_of_task(solver.info.task)
        with pytest.raises((AttributeError, TypeError, UsageError)):
            prbench.solve(solver, problem)

    def test_the_truth_is_out_of_reach(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """From all that a solver is handed no path of references leads to the truth, to the problem or to what was held out."""
        solver = example(name)
        problem = problem_of_task(solver.info.task)
        assert problem.truth is not None
        members = [problem, problem.truth, *(array for _, array in problem.truth.items()), problem.object_region]
        secret = {id(member) for member in members if member is not None}
        method = "init" if isinstance(solver, IterativeSolver) else "solve"
        original, handed = getattr(type(solver), method), []

        def spy(self: Any, y: Any, rng: Any) -> Any:
            handed.extend([y, rng, self])
            return original(self, y, rng)

        monkeypatch.setattr(type(solver), method, spy)
        prbench.solve(solver, problem.measurement)
        assert len(handed) == 3
        assert not _reached_from(handed) & secret
        assert handed[0] is not problem.measurement

    def test_a_measurement_of_another_task_is_refused(self, name: str) -> None:
        """In one line that names the solver and its task."""
        solver = example(name)
        y = problem_of_task(solver.info.task).measurement
        other = next(task for task in prbench.core.task_names() if task != y.task)
        stranger: Any = object.__new__(type("Other", (type(y),), {"task": other}))
        stranger.__dict__.update(y.__dict__)
        with pytest.raises(UsageError, match=rf"^{name} .*\b{solver.info.task}\b"):
            prbench.solve(solver, stranger)

    @pytest.mark.gpu
    def test_a_gpu_answers_as_well(self, name: str, gpu: str) -> None:
        """Where the solver computes with the library and there is a device."""
        solver = example(name)
        if gpu.partition(":")[0] not in solver.libraries:
            pytest.skip(f"{name} does not compute with {gpu}")
        try:
            backend = get_backend(gpu)
        except MissingDependency as error:
            pytest.skip(str(error))
        y = problem_of_task(solver.info.task).measurement
        solution = prbench.solve(solver, y, backend=backend)
        assert solution.status == "ok"
        assert solution.reconstruction is not None
        y.check(solution.reconstruction)
        assert solution.reconstruction.finite()
        assert solution.curve == [] or min(p.residual for p in solution.curve[-5:]) < solution.curve[0].residual


def _arrays(solution: prbench.Solution) -> dict[str, np.ndarray]:
    assert solution.reconstruction is not None
    return {name: np.asarray(value) for name, value in solution.reconstruction.items()}


def _held_by(y: Measurement) -> dict[str, np.ndarray]:
    return {name: np.array(getattr(y, name)) for name in y.arrays if getattr(y, name) is not None}


def _reached_from(roots: list[Any]) -> set[int]:
    """The identities of all objects that references lead to, code and types apart."""
    seen: set[int] = set()
    keep, queue = [], list(roots)  # what is kept alive keeps its identity
    while queue:
        item = queue.pop()
        if id(item) in seen or isinstance(item, types.ModuleType | types.FunctionType | types.FrameType | type):
            continue
        seen.add(id(item))
        keep.append(item)
        queue.extend(gc.get_referents(item))
    return seen
