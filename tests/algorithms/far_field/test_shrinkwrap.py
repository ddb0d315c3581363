import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.algorithms.far_field._shrinkwrap import blur, half_shifts, shrink
from prbench.backend import get_backend

SHAPES = st.lists(st.integers(4, 13), min_size=2, max_size=3).map(tuple)


def in_direct_space(x: np.ndarray, sigma: float) -> np.ndarray:
    """Periodic convolution with a sampled Gaussian summed over images of the grid: the definition."""
    for axis in range(1, x.ndim):
        n = x.shape[axis]
        distance = np.arange(n)[:, None] + n * np.arange(-30, 31)[None]
        kernel = np.exp(-(distance**2) / (2 * sigma**2)).sum(1)
        kernel /= kernel.sum()
        matrix = kernel[(np.arange(n)[:, None] - np.arange(n)) % n]
        x = np.moveaxis(np.tensordot(matrix, x, axes=(1, axis)), 0, axis)
    return x


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_blur_keeps_the_mean_and_the_symmetry(name):
    backend = get_backend(name, "double")

    @given(SHAPES, st.floats(0.1, 6), st.integers(0, 99))
    def law(shape, sigma, seed):
        x = np.random.default_rng(seed).random((2, *shape))
        axes = tuple(range(1, len(shape) + 1))
        found = backend.to_numpy(blur(backend, backend.asarray(x), sigma))
        assert found.shape == x.shape
        np.testing.assert_allclose(found.mean(axis=axes), x.mean(axis=axes))
        assert (found.var(axis=axes) <= x.var(axis=axes) * (1 + 1e-9)).all()
        moved = backend.to_numpy(blur(backend, backend.asarray(np.roll(x, 2, axis=-1)), sigma))
        np.testing.assert_allclose(moved, np.roll(found, 2, axis=-1), atol=1e-12)

    law()


@pytest.mark.parametrize("shape", [(24, 31), (14, 15, 16)])
@pytest.mark.parametrize("sigma", [1.0, 2.0, 3.0])
def test_a_blurred_point_is_a_gaussian(library, precision, shape, sigma):
    backend = get_backend(library, precision)
    x = np.zeros((1, *shape))
    x[(0, *(n // 2 for n in shape))] = 1
    found = backend.to_numpy(blur(backend, backend.asarray(x), sigma))
    np.testing.assert_allclose(found, in_direct_space(x, sigma), atol=1e-4 * found.max() if sigma > 1 else 0.02 * found.max())


@given(st.floats(1, 3), st.floats(1, 3))
def test_two_blurs_are_one(first, second):
    backend = get_backend("numpy", "double")
    x = np.random.default_rng(0).random((1, 12, 17))
    twice = blur(backend, blur(backend, x, first), second)
    np.testing.assert_allclose(twice, blur(backend, x, np.hypot(first, second)), atol=1e-12)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.8])
def test_the_support_is_what_exceeds_the_threshold(solved, threshold):
    g = solved.random(3)
    found = solved.host(shrink(solved.y, solved.there(g), 1.5, threshold))
    smooth = solved.host(blur(solved.y.backend, solved.there(np.abs(g)), 1.5))
    for one, inside in zip(smooth, found, strict=True):
        assert inside.dtype == bool
        assert (one[inside] >= threshold * one.max() * (1 - 1e-5)).all()
        assert (one[~inside] <= threshold * one.max() * (1 + 1e-5)).all()
        assert inside.any()


def test_phases_sizes_and_places_do_not_change_a_support(make_solved):
    solved = make_solved()
    g = solved.random(1)
    found = solved.host(shrink(solved.y, solved.there(g), 2.0, 0.3))
    turned = 7 * np.abs(np.roll(g, (3, 5), axis=(1, 2))) * np.exp(0.4j)
    np.testing.assert_array_equal(
        solved.host(shrink(solved.y, solved.there(turned), 2.0, 0.3)), np.roll(found, (3, 5), axis=(1, 2))
    )


def test_a_higher_threshold_keeps_less(make_solved):
    solved = make_solved()
    g = solved.there(solved.random(1))
    supports = [solved.host(shrink(solved.y, g, 1.0, t)) for t in (0.1, 0.3, 0.5, 0.9)]
    for larger, smaller in itertools.pairwise(supports):
        assert (larger | smaller == larger).all()
    assert supports[0].sum() > supports[-1].sum()


@pytest.mark.parametrize("area", [0.001, 0.1, 0.5, 0.9, 1.0])
def test_by_area_the_right_number_of_pixels_is_kept(solved, area):
    found = solved.host(shrink(solved.y, solved.there(solved.random(3)), 0.8, 0.5, area))
    size = found[0].size
    for inside in found:
        assert inside.sum() == max(1, round(area * size))


def test_by_area_the_largest_pixels_are_kept(make_solved, library):
    solved = make_solved(library=library)
    g = solved.random(1)
    inside = solved.host(shrink(solved.y, solved.there(g), 1.0, 0.5, 0.25))[0]
    smooth = solved.host(blur(solved.y.backend, solved.there(np.abs(g)), 1.0))[0]
    assert smooth[inside].min() > smooth[~inside].max()


def test_an_update_of_the_support_counts_one_transform_a_start(make_solved):
    solved = make_solved()
    solved.y.counters.reset()
    shrink(solved.y, solved.there(solved.random(3)), 1.0, 0.2)
    assert solved.y.counters.ffts == 3


def test_two_half_shifts_are_a_shift_by_a_pixel(make_solved, library):
    solved = make_solved((9, 11), library)
    x = solved.random(1)[0]
    moved = half_shifts(solved.y, solved.there(x))
    np.testing.assert_allclose(solved.host(moved[0]), x)
    for once, steps in zip(moved, [(0, 0), (1, 0), (0, 1), (1, 1)], strict=True):
        row = steps[0] + 2 * steps[1]
        twice = solved.host(half_shifts(solved.y, once)[row])
        np.testing.assert_allclose(twice, np.roll(x, steps, axis=(0, 1)), atol=1e-10)
