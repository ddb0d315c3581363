import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from prbench.analysis.resampling import chances_of_best, interquartile_means, resample
from prbench.analysis.statistics import hierarchical_medians, middle_pairs


def brute(scores, resamples, seed=1):
    """The hierarchical bootstrap as one writes it down: (B, P) medians over seeds of the samples drawn."""
    samples, seeds = scores.shape
    rng = np.random.default_rng(seed)
    i = rng.integers(0, samples, (resamples, samples))
    j = rng.integers(0, seeds, (resamples, samples, seeds))
    return np.median(scores[i[..., None], j], axis=2)


def nested(samples, seeds, seed=0):
    rng = np.random.default_rng(seed)
    return rng.lognormal(size=(samples, 1)) * rng.lognormal(0, 0.5, (samples, seeds))


@pytest.mark.parametrize("seeds", [1, 2, 3, 4, 18, 19])
def test_resamples_are_distributed_as_those_of_the_hierarchical_bootstrap(seeds):
    scores = nested(11, seeds)
    drawn, expected = resample(scores[None], 4000), brute(scores, 4000)
    assert stats.ks_2samp(drawn[:, 0], np.median(expected, axis=1)).statistic < 0.06


def middles(k):
    """The median of each of many resamples of 0, 1, ..., k - 1."""
    drawn = np.sort(np.random.default_rng(0).integers(0, k, (100_000, k)), axis=1)
    return (drawn[:, (k - 1) // 2] + drawn[:, k // 2]) / 2


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7, 41])
def test_middles_of_resamples_are_counted_right(k):
    low, high, weight = middle_pairs(k)
    assert weight.sum() == pytest.approx(1)
    assert (weight >= -1e-15).all()
    for middle in np.unique(middles(k)):
        share = np.mean(middles(k) == middle)
        assert weight[(low + high) / 2 == middle].sum() == pytest.approx(share, abs=5 * np.sqrt(share / 100_000))


@pytest.mark.parametrize("k", [6, 10, 40])
def test_the_middle_of_one_value_more_spreads_little_more(k):
    low, _, weight = middle_pairs(k)
    mean = np.dot(weight, low)
    assert mean == pytest.approx((k - 1) / 2)
    assert 1 <= np.sqrt(np.dot(weight, (low - mean) ** 2)) / middles(k).std() < 1.04


def test_seeds_of_different_numbers_are_allowed_and_missing_samples_are_not():
    scores = np.array([[[1.0, 2, 3], [4, np.nan, np.nan], [5, 6, np.nan]]])
    drawn = resample(scores, 2000)
    assert set(np.unique(drawn)) <= {1, 2, 3, 4, 5, 5.5, 6}
    with pytest.raises(ValueError, match=r"^scores .*\bfinite\b"):
        resample(np.array([[[1.0], [np.nan]]]))


def test_failures_reach_the_statistics_that_they_reach():
    scores = np.array([[[1.0], [2], [np.inf], [np.inf]], [[1.0], [2], [3], [4]]])
    drawn = resample(scores, 2000)
    assert np.isinf(drawn[:, 0]).any()
    assert not np.isnan(drawn).any()
    assert np.isfinite(drawn[:, 1]).all()


def test_one_resample_gives_all_solvers_the_same_samples():
    x = nested(20, 1)
    drawn = resample(np.stack([x, 2 * x]), 500)
    np.testing.assert_allclose(drawn[:, 1], 2 * drawn[:, 0])
    assert chances_of_best(drawn).tolist() == [1, 0]
    assert chances_of_best(drawn, lower=False).tolist() == [0, 1]


def test_ties_share_and_nobody_is_best_where_all_have_failed():
    assert chances_of_best(np.array([[1.0, 1, 2], [np.inf, np.inf, np.inf]])).tolist() == [0.25, 0.25, 0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_interquartile_mean_is_scipys_trimmed_mean(values):
    assert interquartile_means(np.array([values]))[0] == pytest.approx(stats.trim_mean(values, 0.25), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("samples", [6, 8, 25])
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_intervals_cover_the_truth_as_often_as_they_say(samples, seeds):
    """Problems and seeds on a logarithmic scale, symmetric about 0: so are the medians of samples, and their median is 0."""
    rng = np.random.default_rng(2)
    trials = 3000
    scores = rng.normal(size=(trials, samples, 1)) + 0.7 * rng.normal(size=(trials, samples, seeds))
    sample = np.repeat(np.arange(trials * samples), seeds)
    found = hierarchical_medians(scores.ravel(), sample, np.repeat(np.arange(trials), samples), trials)
    assert np.mean((found.low <= 0) & (found.high >= 0)) == pytest.approx(found.level[0], abs=0.015)
