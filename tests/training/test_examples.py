import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

from prbench.core import Recipe
from prbench.errors import BadInput, UsageError
from prbench.training import make_examples
from prbench.training.batches import Batches
from prbench.training.examples import Source

HERE = str(Path(__file__).with_name("tiny.py"))
SOURCE = Source(f"{HERE}:Tiny", (f"{HERE}:Shifts", f"{HERE}:Shifts[side=16]"), 3, "train")


def test_examples_are_the_datasets_problems_in_turn(tmp_path):
    told = []
    made = make_examples(tmp_path, SOURCE, on_example=lambda done, total: told.append((done, total)))
    assert told == [(n, 6) for n in range(7)]
    assert len(made) == 6
    for number in range(6):
        for kept, array in zip((made.inputs, made.targets, made.weights), SOURCE.example(number), strict=True):
            np.testing.assert_array_equal(kept[number], array)
    np.testing.assert_array_equal(made.inputs[0], made.inputs[1])  # the same dataset, spelled twice


def test_several_processes_make_the_same(tmp_path):
    alone, together = make_examples(tmp_path / "1", SOURCE), make_examples(tmp_path / "2", SOURCE, jobs=2)
    np.testing.assert_array_equal(alone.inputs, together.inputs)
    np.testing.assert_array_equal(alone.targets, together.targets)


def test_what_is_made_is_not_made_again(tmp_path):
    def stop(done, _total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_examples(tmp_path, SOURCE, on_example=stop)
    told = []
    made = make_examples(tmp_path, SOURCE, on_example=lambda done, _total: told.append(done))
    assert told == [2, 3, 4, 5, 6]
    for number in range(6):
        np.testing.assert_array_equal(made.inputs[number], SOURCE.example(number)[0])


@pytest.mark.parametrize("jobs", [1, 2])
def test_many_are_made_in_blocks_without_a_gap(tmp_path, jobs):
    source, told = dataclasses.replace(SOURCE, samples=50), []
    made = make_examples(tmp_path, source, jobs=jobs, on_example=lambda done, _total: told.append(done))
    assert (told[0], told[-1]) == (0, 100)
    assert 8 <= len(told) < 50
    for number in range(100):
        np.testing.assert_array_equal(made.inputs[number], source.example(number)[0])
    again = []
    make_examples(tmp_path, source, on_example=lambda done, _total: again.append(done))
    assert again == [100]


@pytest.mark.parametrize("canvas", [11, 24, 40])
def test_examples_of_all_sizes_are_brought_to_one(tmp_path, canvas):
    """Those of 16 and 12 pixels: cut about their middle, or mirrored at their edges, as numpy pads symmetrically."""
    source = dataclasses.replace(SOURCE, datasets=(SOURCE.datasets[1], f"{HERE}:Shifts[side=12]"), canvas=canvas)
    made = make_examples(tmp_path, source)
    assert made.inputs.shape[2:] == made.targets.shape[2:] == made.weights.shape[2:] == (canvas, canvas)
    for number in range(2):
        plain = dataclasses.replace(source, canvas=None).example(number)[0]
        n = plain.shape[1]
        before = [(canvas - n) // 2 if canvas > n else 0] * 2
        first = -((canvas - n) // 2) if canvas < n else 0
        around = [(0, 0), *((b, max(0, canvas - n) - b) for b in before)]
        expected = np.pad(plain, around, mode="symmetric")[:, first : first + canvas, first : first + canvas]
        np.testing.assert_array_equal(made.inputs[number], expected)
    with pytest.raises(UsageError, match="canvas"):
        make_examples(tmp_path, dataclasses.replace(source, canvas=canvas + 1))


def test_a_folder_of_other_examples_is_refused(tmp_path):
    make_examples(tmp_path, SOURCE)
    with pytest.raises(UsageError, match=rf"{tmp_path} .*\bsamples: 3\b.*\b4\b"):
        make_examples(tmp_path, Source(SOURCE.solver, SOURCE.datasets, 4, "train"))
    (tmp_path / "examples.json").write_text("{")
    with pytest.raises(BadInput, match=r"examples\.json .*:"):
        make_examples(tmp_path, SOURCE)


@pytest.fixture
def batches(tmp_path, tiny_solver):
    def make(seed=0, **changes) -> Batches:
        recipe = Recipe(**{"datasets": SOURCE.datasets, "samples": 3, "steps": 9, "batch": 4, **changes})
        return Batches(tiny_solver(), make_examples(tmp_path, SOURCE), recipe, seed)

    return make


def test_every_example_is_seen_once_before_any_is_seen_again(batches, tmp_path):
    made = batches(dihedral=False)
    seen = np.concatenate([made.at(step)[0] for step in range(6)])
    inputs = make_examples(tmp_path, SOURCE).inputs
    for first in range(0, 24, 6):
        epoch = seen[first : first + 6]
        assert sorted(map(float, epoch.sum(axis=(1, 2, 3)))) == sorted(map(float, inputs.sum(axis=(1, 2, 3))))


def test_a_batch_depends_on_seed_and_step_alone(batches):
    steps = (5, 0, 3)
    forth, back = batches(crop=8), batches(crop=8)
    for step in steps:
        forth.at(step)
    for a, b in zip(forth.at(2), back.at(2), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(not np.array_equal(forth.at(a)[0], forth.at(b)[0]) for a, b in itertools.combinations(range(4), 2))
    assert not np.array_equal(forth.at(0)[0], batches(seed=1, crop=8).at(0)[0])


def test_inputs_targets_and_weights_are_cut_and_turned_together(batches):
    """In the tiny dataset the sample is the reference rolled by the displacement; crops and turns must not change that."""
    for step in range(20):
        inputs, targets, weights = batches(crop=10).at(step)
        assert weights.shape == (4, 1, 10, 10)
        for (reference, sample), field in zip(inputs, targets, strict=True):
            move = tuple(round(float(component.mean())) for component in field)
            assert np.abs(field - np.array(move)[:, None, None]).max() == 0
            expected = np.roll(reference, move, axis=(0, 1))
            np.testing.assert_array_equal(sample[1:-1, 1:-1], expected[1:-1, 1:-1])
