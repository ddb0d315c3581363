import numpy as np
import pytest

from prbench.analysis.goals import Goal
from prbench.analysis.paired import samples_needed
from prbench.analysis.ranks import point_ranks, rank_intervals, resampled, sample_medians

LOWER, HIGHER = Goal("error", "lower"), Goal("psnr", "higher")


def solvers(shifts, samples, seed=0):
    """Errors of solvers whose medians differ by factors e^shift on problems of very different difficulty."""
    rng = np.random.default_rng(seed)
    return np.exp(3 * rng.normal(size=samples) + np.array(shifts)[:, None] + 0.5 * rng.normal(size=(len(shifts), samples)))


def test_clearly_different_solvers_have_sharp_ranks_though_problems_differ_more():
    low, high = rank_intervals(solvers([2, 0, 1], 40), LOWER)
    assert low.tolist() == high.tolist() == [3, 1, 2]
    low, high = rank_intervals(-np.log(solvers([2, 0, 1], 40)), HIGHER)
    assert low.tolist() == high.tolist() == [3, 1, 2]


def test_equal_solvers_share_all_ranks():
    x = solvers([0], 40)
    low, high = rank_intervals(np.concatenate([x, x, x]), LOWER)
    assert low.tolist() == [1, 1, 1]
    assert high.tolist() == [3, 3, 3]


def test_few_samples_leave_every_rank_open():
    low, high = rank_intervals(solvers([0, 5, 10], 5), LOWER)
    assert low.tolist() == [1, 1, 1]
    assert high.tolist() == [3, 3, 3]


def test_rank_intervals_cover_the_true_ranks():
    """Some of the solvers are equal, where a true rank counts only those truly better."""
    shifts = [0, 0, 0.3, 0.3, 1]
    true = np.array([1, 1, 3, 3, 5])
    covered = [
        (low <= true) & (true <= high) for low, high in (rank_intervals(solvers(shifts, 30, s), LOWER) for s in range(200))
    ]
    assert np.mean(covered, axis=0).min() > 0.93


def test_a_solver_that_fails_everywhere_is_last_and_never_best():
    x = np.concatenate([solvers([0, 1], 20), np.full((1, 20), np.inf)])
    low, high = rank_intervals(x, LOWER)
    assert low[2] == high[2] == 3
    iqm, best = resampled(x[..., None], LOWER)
    assert best[2] == 0
    assert np.isinf(iqm[2])
    assert best.sum() == 1


def test_being_best_is_asked_of_the_samples_that_all_have():
    x = solvers([0, 0.2], 30)[..., None]
    part = x.copy()
    part[0, 10:] = np.nan
    iqm, best = resampled(part, LOWER)
    np.testing.assert_array_equal(best, resampled(x[:, :10], LOWER)[1])
    assert iqm[1] == resampled(x, LOWER)[0][1]
    assert iqm[0] == resampled(x[:, :10], LOWER)[0][0]
    part[0, 9:] = np.nan
    assert np.isnan(resampled(part, LOWER)[1]).all()


def test_medians_over_seeds_leave_missing_cells_out_and_keep_failures():
    x = np.array([[[1.0, np.inf, 3], [2, np.nan, np.nan], [np.nan, np.nan, np.nan]]])
    np.testing.assert_array_equal(sample_medians(x), [[3, 2, np.nan]])


def test_no_rank_rests_on_a_difference_too_small_to_name():
    """The second solver is lower on every sample, by 1e-5."""
    x = 0.25 + 0.01 * np.random.default_rng(0).random(30)
    close = np.stack([x, x - 1e-5])
    assert rank_intervals(close, LOWER)[0].tolist() == [2, 1]
    low, high = rank_intervals(close, LOWER, smallest=0.001)
    assert (low.tolist(), high.tolist()) == ([1, 1], [2, 2])
    assert rank_intervals(np.stack([x, x - 0.002]), LOWER, smallest=0.001)[0].tolist() == [2, 1]


def test_medians_closer_than_the_smallest_difference_share_a_rank():
    medians = np.array([0.25, 0.2504, 0.3, np.inf, np.inf])
    assert point_ranks(medians, LOWER, 0.001).tolist() == [1, 1, 3, 4, 4]
    assert point_ranks(medians, LOWER).tolist() == [1, 2, 3, 4, 4]
    assert point_ranks(np.array([30.0, 30.005, 25, -np.inf]), HIGHER, 0.01).tolist() == [1, 1, 3, 4]


def test_a_bootstrap_share_is_told_from_ten_samples_on():
    x = np.random.default_rng(0).lognormal(size=(2, 10, 1))
    assert np.isnan(resampled(x[:, :9], LOWER)[1]).all()
    assert resampled(x, LOWER)[1].sum() == 1


@pytest.mark.parametrize(("number", "needed"), [(2, 6), (3, 7), (5, 8), (6, 8), (8, 9), (20, 10)])
def test_so_many_samples_are_needed_before_ranks_can_differ(number, needed):
    """Each solver beats the next one by far on every sample: with one sample less nothing is shown."""
    x = 10.0 ** np.arange(number)[:, None] * np.linspace(1, 2, needed)
    assert samples_needed(number) == needed
    low, high = rank_intervals(x, LOWER)
    assert low.tolist() == high.tolist() == list(range(1, number + 1))
    low, high = rank_intervals(x[:, :-1], LOWER)
    assert (low[0], high[0]) == (1, number)


@pytest.mark.parametrize(("number", "samples"), [(2, 6), (2, 8), (5, 8), (5, 20)])
def test_equal_solvers_are_rarely_told_apart(number, samples):
    """False alarms: a solver is said to be better or worse than one that is equal to it."""
    goal, rng = LOWER, np.random.default_rng(3)
    alarms = []
    for _ in range(400):
        difficulty = rng.lognormal(0, 2, samples)
        x = difficulty * rng.lognormal(0, 0.5, (number, samples))
        x[rng.random(x.shape) < 0.1] = np.inf
        low, high = rank_intervals(x, goal)
        alarms.append((low > 1) | (high < number))
    assert np.mean(alarms, axis=0).max() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
