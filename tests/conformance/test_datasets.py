"""What must hold for every registered dataset."""

import dataclasses
import gc
import types

import numpy as np
import pytest

from prbench.core import Case, Measurement, Problem, load_plugin, plugin_names
from prbench.errors import UsageError
from prbench.tasks.deblur import BlurredImage
from prbench.tasks.near_field import NearField
from prbench.tasks.off_axis import Hologram
from prbench.tasks.speckle import SpeckleStack

NAMES = plugin_names("dataset")
SIMULATED = [
    name
    for name in NAMES
    if "simulated" in load_plugin("dataset", name).info.tags and "published" not in load_plugin("dataset", name).info.tags
]


def arrays_within(root: object) -> list[np.ndarray]:
    """Every array that can be reached from an object through attributes, containers and caches."""
    seen, queue, found = {}, [root], []
    while queue:
        item = queue.pop()
        if id(item) in seen or isinstance(item, types.ModuleType | types.FunctionType | type):
            continue
        seen[id(item)] = item
        if isinstance(item, np.ndarray):
            found.append(item)
        queue.extend(gc.get_referents(item))
    return found


def measured(y: Measurement) -> list[np.ndarray]:
    return [np.asarray(getattr(y, name)) for name in y.arrays if getattr(y, name) is not None]


def same(a: Problem, b: Problem) -> bool:
    first, second = measured(a.measurement), measured(b.measurement)
    return len(first) == len(second) and all(np.array_equal(p, q) for p, q in zip(first, second, strict=True))


@pytest.fixture(params=NAMES)
def name(request) -> str:
    return request.param


def test_a_problem_is_complete(name, small_problem):
    made = small_problem(name)
    plugin = load_plugin("dataset", name)
    assert made.measurement.task == plugin.info.task
    assert made.id
    assert made.split == "test"
    assert made.provenance.source
    assert made.provenance.licence
    described = made.measurement.describe()
    assert described["task"] == plugin.info.task
    if made.truth is not None:
        made.measurement.check(made.truth)
        assert made.truth.finite()
        assert any(np.asarray(array).any() for _, array in made.truth.items())
    if "simulated" in plugin.info.tags and "published" not in plugin.info.tags:
        assert made.truth is not None


def test_a_problem_is_the_same_every_time(name, small_problem):
    made = small_problem(name)
    plugin = load_plugin("dataset", name)
    again = plugin.from_params(plugin.example).problem(0)
    assert same(made, again)
    assert again.id == made.id
    if made.truth is not None:
        for (_, a), (_, b) in zip(made.truth.items(), again.truth.items(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_making_a_problem_leaves_global_randomness_alone(name, small_problem):
    small_problem(name)
    plugin = load_plugin("dataset", name)
    np.random.seed(0)  # noqa: NPY002 - the global generator is what must not be used
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    plugin.from_params(plugin.example).problem(0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_two_samples_differ(name, small_problem):
    first = small_problem(name)
    plugin = load_plugin("dataset", name)
    if plugin.from_params(plugin.example).samples == 1:
        pytest.skip("there is one sample")
    second = small_problem(name, 1)
    assert not same(first, second)
    assert first.id != second.id


@pytest.mark.parametrize("name", SIMULATED)
def test_splits_and_seeds_differ(name, small_problem):
    made = [small_problem(name, 0, seed, split) for split in ("test", "tune", "train") for seed in (0, 1)]
    assert len({p.id for p in made}) == len(made)
    for i, first in enumerate(made):
        assert all(not same(first, second) for second in made[i + 1 :])


def test_the_measurement_does_not_hold_the_truth(name, small_problem):
    made = small_problem(name)
    if made.truth is None:
        pytest.skip("nobody knows the truth")
    truths = [np.asarray(array) for _, array in made.truth.items()]
    if made.object_region is not None:
        truths.append(np.asarray(made.object_region))
    for held in arrays_within(made.measurement):
        for truth in truths:
            assert not np.shares_memory(held, truth)
            if held.ndim == truth.ndim and all(n >= m for n, m in zip(held.shape, truth.shape, strict=True)) and held.any():
                assert not holds(held, truth)


def holds(array: np.ndarray, truth: np.ndarray) -> bool:
    """Whether most of the truth's values other than zero stand somewhere in the array, in any place and order."""
    if truth.dtype == bool:
        return bool(array.dtype == bool and array.shape == truth.shape and np.array_equal(array, truth))
    values = np.unique(truth[truth != 0])
    return len(values) > 10 and bool(np.isin(values, array).mean() > 0.5)


@pytest.mark.parametrize("name", SIMULATED)
def test_the_search_for_the_truth_finds_one_that_is_there(name, small_problem):
    made = small_problem(name)
    truth = np.asarray(next(array for _, array in made.truth.items()))
    hidden = dataclasses.make_dataclass("Hidden", ["cache"])({"deep": [truth.copy()]})
    assert any(holds(array, truth) for array in arrays_within(hidden))


@pytest.mark.parametrize("name", SIMULATED)
def test_the_truth_explains_the_measurement(name, small_problem):
    made = small_problem(name)
    y = made.measurement
    if isinstance(y, SpeckleStack):
        the_truth_explains_the_stacks(small_problem(name, photons=None))
        return
    if isinstance(y, BlurredImage):
        made = small_problem(name, noise=0.0)
        assert load_plugin("metric", "blur_residual")(Case(made.truth, made)) < 1e-5
        return
    if isinstance(y, Hologram):
        made = small_problem(name, photons=None)
        y = made.measurement
        gap = np.linalg.norm(y.forward(made.truth) - y.interferogram)
        assert gap < 1e-5 * np.linalg.norm(y.interferogram - y.interferogram.mean())
        return
    answer = made.truth if isinstance(y, NearField) else next(array for _, array in made.truth.items())
    expected = np.asarray(y.forward(answer))
    seen = np.ones(y.mask_shape, bool) if y.mask is None else y.mask
    gap = np.linalg.norm((expected - y.intensity)[seen])
    assert gap < 1e-4 * np.linalg.norm(y.intensity)


def the_truth_explains_the_stacks(made: Problem) -> None:
    """Without noise the truth leaves little of what the sample did, and without its displacement more.

    Where waves make the images, the light that refraction draws together, ``1 - div d``, is part of them and not of the truth's
    transmission; where images are warped, it is not.
    """
    displacement, residual = np.asarray(made.truth.displacement, np.float64), load_plugin("metric", "stack_residual")
    drawn_together = 1 - np.gradient(displacement[0], axis=0) - np.gradient(displacement[1], axis=1)

    def left(**changes: np.ndarray) -> float:
        return residual(Case(dataclasses.replace(made.truth, **changes), made))

    options = [{}, {"transmission": made.truth.transmission * drawn_together}]
    best = min(options, key=lambda maps: left(**maps))
    assert left(**best) < 0.35
    assert left(**best) < 0.9 * left(**best, displacement=0 * displacement)


def test_an_index_beyond_the_last_is_refused(name, small_problem):
    small_problem(name)
    plugin = load_plugin("dataset", name)
    made = plugin.from_params(plugin.example)
    known = "from 0 on" if made.samples is None else f"0 to {made.samples - 1}"
    for index in (-1, *([] if made.samples is None else [made.samples])):
        with pytest.raises(UsageError, match=f"has samples {known}, asked for {index}$"):
            made.problem(index)
