"""The compiled passes against the same in array operations, and both against what they stand for."""

import numpy as np
import pytest
from scipy.ndimage import correlate1d, map_coordinates

from prbench.algorithms.speckle import _array_fits
from prbench.algorithms.speckle._block_search import BLOCK, repair, search, upsample
from prbench.algorithms.speckle._strips import in_strips
from prbench.algorithms.speckle._tracking import fitted, searched
from prbench.algorithms.speckle._windows import SPLINE, hamming, laplacian, local_mean, windowed
from prbench.backend import get_backend, get_threads, set_threads
from prbench.tasks.speckle import SpeckleStack

GEOMETRY = {"energy_ev": 28e3, "distance_m": 2.0, "pixel_m": 6.5e-6}


def stacks(images=5, shape=(37, 45), seed=0):
    return np.random.default_rng(seed).uniform(50, 150, (2, images, *shape))


def measurement(R, S):
    return SpeckleStack(R, S, **GEOMETRY).to(get_backend("numpy", "double"))


@pytest.mark.parametrize("means", [False, True])
@pytest.mark.parametrize("images", [1, 5, 11])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_compiled_and_array_fits_agree(images, means, library):
    R, S = stacks(images)
    M = local_mean(R, np) if means else None
    guess = np.random.default_rng(1).uniform(-3, 3, (2, *R.shape[1:]))
    compiled = fitted(measurement(R, S), R, S, M, guess, 3, [5, 9])
    xp = get_backend(library, "double").xp
    there = [None if x is None else xp.asarray(x) for x in (R, S, M, guess)]
    for mine, theirs in zip(compiled, _array_fits.warped_fit(*there, 3, [hamming(5), hamming(9)], xp), strict=True):
        np.testing.assert_allclose(mine, np.asarray(theirs), atol=1e-7)


def test_the_fit_is_the_least_squares_of_each_window():
    R, S = stacks(4, (15, 15))
    found = fitted(measurement(R, S), R, S, None, np.zeros((2, 15, 15)), 0, [3])[0]
    half = np.array([-0.5, 0, 0.5])

    def spline(x, rows, columns):
        return correlate1d(correlate1d(x, rows, axis=1, mode="nearest"), columns, axis=2, mode="nearest")

    columns = [spline(R, SPLINE, SPLINE), spline(R, half, SPLINE), spline(R, SPLINE, half), spline(S, SPLINE, SPLINE)]
    here = (slice(None), slice(6, 9), slice(8, 11))
    weights = np.broadcast_to(np.sqrt(np.outer(hamming(3), hamming(3))), (4, 3, 3)).ravel()
    value, slope, drift, sample = (weights * column[here].ravel() for column in columns)
    expected = np.linalg.lstsq(np.stack([value, slope, drift], axis=1), sample, rcond=None)[0]
    np.testing.assert_allclose(found[:, 7, 9], expected, rtol=1e-9)


def test_the_search_finds_the_best_of_all_whole_displacements():
    R, S = stacks(6, (40, 44))
    scores = _array_fits.scores(R, S, 3, np.array([0.25, 0.5, 0.25]), BLOCK, np)
    found = np.empty((2, 10, 11))
    search(R, S, 3, np.array([0.25, 0.5, 0.25]), 0, 10, found)
    rows, columns = np.divmod(scores.argmax(axis=0), 7)
    assert np.abs(found[0] - (3 - rows)).max() <= 1
    assert np.abs(found[1] - (3 - columns)).max() <= 1
    pieces = np.empty_like(found)
    for first, last in ((0, 3), (3, 4), (4, 10)):
        search(R, S, 3, np.array([0.25, 0.5, 0.25]), first, last, pieces)
    np.testing.assert_allclose(pieces, found, atol=1e-9)


def test_scores_are_what_the_cost_leaves():
    """``L = t1 - t5^2 / t3`` is the residual of the best transmission."""
    R, S = stacks(3, (8, 8))
    score = _array_fits.scores(R, S, 2, np.ones(1), BLOCK, np)
    moved, sample = R[:, 5:9, 3:7].ravel()[: 3 * 16], S[:, 4:8, 4:8]
    moved = R[:, 4 - 1 : 8 - 1, 4 + 1 - 2 : 8 + 1 - 2].ravel()
    best = moved @ sample.ravel() / (moved @ moved)
    left = np.sum((sample.ravel() - best * moved) ** 2)
    assert np.sum(sample**2) - score[(2 - 1) * 5 + (2 - 1), 1, 1] == pytest.approx(left)


def test_repair_puts_the_median_where_a_block_disagrees():
    field = np.zeros((2, 6, 7)) + np.arange(7) * 0.1
    field[1, 3, 3] = 3.0
    out = np.empty_like(field)
    repair(field, 1.0, out)
    assert out[1, 3, 3] == pytest.approx(0.3, abs=0.11)
    kept = np.ones((6, 7), bool)
    kept[3, 3] = False
    np.testing.assert_array_equal(out[:, kept], field[:, kept])


def test_a_field_linear_over_blocks_is_linear_over_pixels():
    rows, columns = np.indices((9, 10)) * BLOCK + (BLOCK - 1) / 2
    out = np.empty((2, 34, 39))
    upsample(0.1 * np.stack([rows, columns - rows]), 0, 34, out)
    inside = (slice(None), slice(8, -8), slice(8, -8))
    expected = 0.1 * np.stack([np.indices((34, 39))[0], np.diff(np.indices((34, 39)), axis=0)[0]])
    np.testing.assert_allclose(out[inside], expected[inside], atol=1e-6)


def test_strips_cover_every_row_once():
    for rows in (1, 2, 7, 304):
        for threads in (1, 2, 3):
            before = get_threads()
            set_threads(threads)
            seen = np.zeros(rows, int)

            def work(first, last, seen=seen):
                seen[first:last] += 1

            in_strips(work, rows, 40)
            set_threads(before)
            assert (seen == 1).all()


def test_windows_and_means():
    x = np.random.default_rng(0).random((2, 30, 31))
    np.testing.assert_allclose(
        windowed(x, hamming(5), np, beyond="edge"),
        correlate1d(correlate1d(x, hamming(5), axis=1, mode="nearest"), hamming(5), axis=2, mode="nearest"),
    )
    np.testing.assert_allclose(local_mean(np.full((1, 9, 50), 3.0), np), 3.0)
    rows, columns = np.indices((20, 20), dtype=float)
    np.testing.assert_allclose(laplacian(rows**2 + 2 * columns**2, np)[4:-4, 4:-4], 6)


def test_a_search_of_blocks_starts_near_the_truth(moved_speckles):
    problem = moved_speckles(images=4)
    y = problem.measurement
    near = searched(y, y.reference, y.sample, 4)
    error = np.linalg.norm(near - problem.truth.displacement, axis=0)[16:-16, 16:-16]
    assert error.max() < 0.5
    assert y.counters.operators == 81


def test_the_fit_takes_the_reference_where_the_guess_moves_it():
    R = np.exp(-0.5 * ((np.indices((40, 40)) - 20.0) ** 2).sum(axis=0) / 9)[None] * 50 + 10
    moved = map_coordinates(R[0], np.indices((40, 40)) - np.array([1.4, -0.7])[:, None, None], order=5, mode="nearest")[None]
    guess = np.broadcast_to(np.array([1.4, -0.7])[:, None, None], (2, 40, 40)).copy()
    x = fitted(measurement(R, moved), R, moved, None, guess, 2, [9])[0]
    peak = (slice(18, 24), slice(16, 22))
    np.testing.assert_allclose(x[0][peak], 1, atol=1e-3)
    np.testing.assert_allclose(x[1][peak], 0, atol=5e-3)
    np.testing.assert_allclose(x[2][peak], 0, atol=5e-3)
