import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from prbench.analysis import bootstrap_medians, group_medians, wilson

numbers = st.floats(-1e6, 1e6) | st.just(float("inf"))


@given(st.lists(st.tuples(st.integers(0, 4), numbers), min_size=1, max_size=60))
def test_medians_of_groups_equal_numpys(pairs):
    groups, values = (np.array(x) for x in zip(*pairs, strict=True))
    medians, counts = group_medians(values.astype(float), groups, 5)
    for g in range(5):
        inside = values[groups == g]
        assert counts[g] == len(inside)
        expected = np.sort(inside.astype(float))
        if len(inside) == 0:
            assert np.isnan(medians[g])
        else:
            assert medians[g] == pytest.approx((expected[(len(inside) - 1) // 2] + expected[len(inside) // 2]) / 2)


@pytest.mark.parametrize("n", [5, 21, 101])
def test_interval_is_the_percentile_bootstrap(n):
    rng = np.random.default_rng(n)
    values = np.sort(rng.normal(size=n))
    found = bootstrap_medians(values, np.zeros(n, int), 1)
    resampled = np.median(values[rng.integers(0, n, (40_000, n))], axis=1)
    low, high = (np.searchsorted(values, np.quantile(resampled, q, method="inverted_cdf")) for q in (0.025, 0.975))
    assert abs(np.searchsorted(values, found.low[0]) - low) <= (0 if n < 50 else 1)
    assert abs(np.searchsorted(values, found.high[0]) - high) <= (0 if n < 50 else 1)


@settings(max_examples=50)
@given(st.lists(st.floats(0.001, 1000), min_size=2, max_size=40))
def test_interval_holds_the_median_and_follows_monotone_maps(values):
    x, zero = np.array(values), np.zeros(len(values), int)
    found = bootstrap_medians(x, zero, 1)
    assert found.low[0] <= found.value[0] <= found.high[0]
    assert np.log(found.low[0]) == bootstrap_medians(np.log(x), zero, 1).low[0]
    assert np.log(found.high[0]) == bootstrap_medians(np.log(x), zero, 1).high[0]


def test_interval_covers_the_true_median_about_as_often_as_it_says():
    rng = np.random.default_rng(1)
    trials, n = 2000, 30
    found = bootstrap_medians(rng.exponential(size=trials * n), np.repeat(np.arange(trials), n), trials)
    covered = np.mean((found.low <= np.log(2)) & (np.log(2) <= found.high))
    assert 0.92 < covered < 0.985


def test_one_value_has_no_interval_and_failures_reach_its_upper_end():
    values = np.array([0.3, 0.1, 0.2, np.inf, 0.4, np.nan])
    found = bootstrap_medians(values, np.array([0, 1, 1, 1, 1, 1]), 3)
    assert found.count.tolist() == [1, 4, 0]
    assert np.isnan([found.low[0], found.high[0], found.value[2]]).all()
    assert np.isinf(found.high[1])


@pytest.mark.parametrize(("successes", "count"), [(0, 10), (3, 10), (10, 10), (2.5, 7)])
def test_wilson_ends_are_the_proportions_just_rejected(successes, count):
    found = wilson(np.array([successes]), np.array([count]))
    p = successes / count
    assert 0 <= found.low[0] <= p <= found.high[0] <= 1
    for end in (found.low[0], found.high[0]):
        if 0 < end < 1:
            assert abs(p - end) == pytest.approx(1.96 * np.sqrt(end * (1 - end) / count), rel=1e-3)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_that_of_statsmodels(trials):
    found = wilson(*(np.array([number]) for number in trials))
    low, high = proportion_confint(*trials, method="wilson")
    np.testing.assert_allclose([found.low[0], found.high[0]], [low, high], atol=1e-9)


def test_wilson_of_nothing_is_undefined():
    found = wilson(np.array([0.0]), np.array([0]))
    assert np.isnan([found.value[0], found.low[0], found.high[0]]).all()
