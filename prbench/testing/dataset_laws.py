"""What must hold for every dataset."""

from __future__ import annotations

import dataclasses
import gc
import types
from typing import Any, ClassVar

import numpy as np
import pytest

from prbench.core import Measurement, Problem
from prbench.core.registry import Kind
from prbench.errors import UsageError

from .laws import DeclarationLaws
from .problems import simulated_datasets, small_problem
from .truth_laws import check_truth_explains

_SPLITS = ("test", "tune", "train")


class DatasetLaws(DeclarationLaws):
    """The laws of datasets. Name those that read users' files too: what needs a file skips with the reason."""

    kind: ClassVar[Kind] = "dataset"

    def cases(self) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
        """Names, and the names of those that are simulated."""
        simulated = set(simulated_datasets())
        return {**super().cases(), ("made",): [(name,) for name in self.names if name in simulated]}

    def test_it_tells_the_shapes_it_makes(self, name: str) -> None:
        """Check that the docstring tells the shapes."""
        words = ("pixel", "shape", "(", "2D", "3D")
        assert any(word in (self.plugin(name).__doc__ or "") for word in words)

    def test_a_problem_is_complete(self, name: str) -> None:
        """Measurement, identifier, source and licence, and a truth of the right shapes where the data are simulated."""
        problem, plugin = small_problem(name), self.plugin(name)
        assert problem.measurement.task == plugin.info.task
        assert problem.id
        assert problem.split == "test"
        assert problem.provenance.source
        assert problem.provenance.licence
        assert problem.measurement.describe()["task"] == plugin.info.task
        if problem.truth is not None:
            problem.measurement.check(problem.truth)
            assert problem.truth.finite()
            assert any(np.asarray(array).any() for _, array in problem.truth.items())
        if name in simulated_datasets():
            assert problem.truth is not None

    def test_a_problem_is_the_same_every_time(self, name: str) -> None:
        """A function of settings, sample, seed and split alone."""
        problem, plugin = small_problem(name), self.plugin(name)
        again = plugin.from_params(plugin.example).problem(0)
        assert _same(problem, again)
        assert again.id == problem.id
        if problem.truth is not None:
            for (_, a), (_, b) in zip(problem.truth.items(), again.truth.items(), strict=True):
                np.testing.assert_array_equal(a, b)

    def test_making_a_problem_leaves_global_randomness_alone(self, name: str) -> None:
        """Random numbers come from ``self.streams``."""
        small_problem(name)
        plugin = self.plugin(name)
        np.random.seed(0)  # noqa: NPY002 - the global generator is what must not be used
        before: Any = np.random.get_state(legacy=True)  # noqa: NPY002 - as above
        before = np.array(before[1])
        plugin.from_params(plugin.example).problem(0)
        after: Any = np.random.get_state(legacy=True)  # noqa: NPY002 - as above
        np.testing.assert_array_equal(after[1], before)

    def test_two_samples_differ(self, name: str) -> None:
        """Otherwise they would count twice."""
        first, plugin = small_problem(name), self.plugin(name)
        if plugin.from_params(plugin.example).samples == 1:
            pytest.skip("there is one sample")
        second = small_problem(name, 1)
        assert not _same(first, second)
        assert first.id != second.id

    def test_splits_and_seeds_differ(self, made: str) -> None:
        """What is tuned on must not be reported on."""
        problems = [small_problem(made, 0, seed, split) for split in _SPLITS for seed in (0, 1)]  # type: ignore[arg-type]
        assert len({problem.id for problem in problems}) == len(problems)
        for i, first in enumerate(problems):
            assert all(not _same(first, second) for second in problems[i + 1 :])

    def test_the_measurement_does_not_hold_the_truth(self, name: str) -> None:
        """Nor its memory, nor its values in any place or order."""
        problem = small_problem(name)
        if problem.truth is None:
            pytest.skip("nobody knows the truth")
        truths = [np.asarray(array) for _, array in problem.truth.items()]
        if problem.object_region is not None:
            truths.append(np.asarray(problem.object_region))
        for held in arrays_within(problem.measurement):
            for truth in truths:
                assert not np.shares_memory(held, truth)
                if held.ndim == truth.ndim and all(n >= m for n, m in zip(held.shape, truth.shape, strict=True)) and held.any():
                    assert not holds(held, truth)

    def test_the_search_for_the_truth_finds_one_that_is_there(self, made: str) -> None:
        """The law before would otherwise hold for nothing."""
        problem = small_problem(made)
        assert problem.truth is not None
        truth = np.asarray(next(array for _, array in problem.truth.items()))
        hidden = dataclasses.make_dataclass("Hidden", ["cache"])({"deep": [truth.copy()]})
        assert any(holds(array, truth) for array in arrays_within(hidden))

    def test_the_truth_explains_the_measurement(self, made: str) -> None:
        """Without noise the forward model of the truth gives the measurement."""
        check_truth_explains(made)

    def test_an_index_beyond_the_last_is_refused(self, name: str) -> None:
        """With the samples that there are."""
        small_problem(name)
        plugin = self.plugin(name)
        dataset = plugin.from_params(plugin.example)
        known = r"\b0\b" if dataset.samples is None else rf"\b0\b.*\b{dataset.samples - 1}\b"
        for index in (-1, *([] if dataset.samples is None else [dataset.samples])):
            with pytest.raises(UsageError, match=f"samples .*{known}.* {index}$"):
                dataset.problem(index)


def arrays_within(root: object) -> list[np.ndarray]:
    """Every array that can be reached from an object through attributes, containers and caches."""
    seen: dict[int, object] = {}
    queue, arrays = [root], []
    while queue:
        item = queue.pop()
        if id(item) in seen or isinstance(item, types.ModuleType | types.FunctionType | type):
            continue
        seen[id(item)] = item
        if isinstance(item, np.ndarray):
            arrays.append(item)
        queue.extend(gc.get_referents(item))
    return arrays


def holds(array: np.ndarray, truth: np.ndarray) -> bool:
    """Whether most of the truth's values other than zero stand somewhere in the array, in any place and order."""
    if truth.dtype == bool:
        return bool(array.dtype == bool and array.shape == truth.shape and np.array_equal(array, truth))
    values = np.unique(truth[truth != 0])
    return len(values) > 10 and bool(np.isin(values, array).mean() > 0.5)


def _measured(y: Measurement) -> list[np.ndarray]:
    return [np.asarray(getattr(y, name)) for name in y.arrays if getattr(y, name) is not None]


def _same(a: Problem, b: Problem) -> bool:
    first, second = _measured(a.measurement), _measured(b.measurement)
    return len(first) == len(second) and all(np.array_equal(p, q) for p, q in zip(first, second, strict=True))
