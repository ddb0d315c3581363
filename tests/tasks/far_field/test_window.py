"""The window of the object's frame: it loses nothing that it need not lose."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.backend import get_backend
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.window import best_window, centred_window

SHAPES = st.lists(st.integers(2, 7), min_size=2, max_size=3).map(tuple)


def held(weight: np.ndarray, corner: tuple[int, ...], size: tuple[int, ...]) -> float:
    """The sum over one periodic window, by its definition."""
    rolled = np.roll(weight, tuple(-c for c in corner), axis=tuple(range(weight.ndim)))
    return float(rolled[tuple(slice(0, m) for m in size)].sum())


@given(SHAPES, st.integers(0, 999), st.data())
def test_no_window_holds_more(shape, seed, data):
    size = tuple(data.draw(st.integers(1, n)) for n in shape)
    weight = np.random.default_rng(seed).random(shape) ** 3
    found = held(weight, best_window(weight, size), size)
    every = [held(weight, corner, size) for corner in itertools.product(*map(range, shape))]
    assert found == pytest.approx(max(every), rel=1e-9)


@given(SHAPES, st.integers(0, 999), st.data())
def test_an_object_that_fits_is_not_cut_wherever_it_stands(shape, seed, data):
    size = tuple(data.draw(st.integers(1, n)) for n in shape)
    rng = np.random.default_rng(seed)
    inside = rng.random(size) * 10.0 ** rng.integers(-12, 3, size)
    field = np.zeros(shape)
    field[tuple(slice(0, m) for m in size)] = inside
    field = np.roll(field, tuple(rng.integers(0, n) for n in shape), axis=tuple(range(len(shape))))
    corner = best_window(field, size)
    rolled = np.roll(field, tuple(-c for c in corner), axis=tuple(range(len(shape))))
    assert np.count_nonzero(rolled[tuple(slice(0, m) for m in size)]) == np.count_nonzero(field)


@pytest.mark.parametrize("shift", [(0, 0), (3, 5), (11, 2)])
def test_among_equals_the_window_about_the_middle_of_the_object_is_taken(shift):
    weight = np.zeros((12, 16))
    weight[4:7, 5:8] = 1  # five windows of 8 pixels hold it on either axis
    weight = np.roll(weight, shift, axis=(0, 1))
    assert best_window(weight, (8, 8)) == ((5 + shift[0] - 4) % 12, (6 + shift[1] - 4) % 16)
    assert best_window(weight, (8, 8)) == centred_window(weight, (8, 8))


def test_where_every_window_holds_the_same_the_choice_is_the_first():
    assert best_window(np.ones((6, 8)), (3, 4)) == best_window(np.ones((6, 8)), (3, 4))
    assert best_window(np.zeros((6, 8)), (3, 4)) == centred_window(np.zeros((6, 8)), (3, 4))


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("shift", [(0, 0), (7, 30), (40, 13)])
def test_an_object_whose_mass_is_at_its_edge_comes_back_whole(library, precision, shift):
    rng = np.random.default_rng(0)
    n = 32
    x = (0.2 + np.linspace(0, 1, n)[:, None] ** 2) * (0.5 + rng.random((n, n))) * np.exp(1j * rng.random((n, n)))
    y = FarField(np.ones((2 * n, 2 * n)), object_shape=(n, n)).to(get_backend(library, precision))
    x = x.astype(y.backend.to_numpy(y.backend.zeros((1,), y.backend.complex)).dtype)
    field = y.backend.asarray(np.roll(y.backend.to_numpy(y.pad(y.backend.asarray(x))), shift, axis=(0, 1)))
    np.testing.assert_array_equal(y.backend.to_numpy(y.crop(field)), x)
