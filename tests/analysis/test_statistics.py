import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from prbench.analysis import clopper_pearson, group_medians, medians, wilson
from prbench.analysis.statistics import LEAST_SAMPLES, order_statistic

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


@pytest.mark.parametrize("n", [6, 7, 8, 9, 10, 20, 21, 50, 101, 1000])
def test_interval_ends_are_the_order_statistics_that_scipys_test_accepts(n):
    values = np.random.default_rng(n).normal(size=n)
    found = medians(values, np.zeros(n, int), 1)
    expected = stats.quantile_test(values, p=0.5).confidence_interval(0.95)
    assert (found.low[0], found.high[0]) == (expected.low, expected.high)


def test_levels_attained_are_the_binomials():
    assert {n: order_statistic(n)[0] for n in (6, 8, 9, 10, 20, 50)} == {6: 1, 8: 1, 9: 2, 10: 2, 20: 6, 50: 18}
    for n in range(LEAST_SAMPLES, 200):
        k, level = order_statistic(n)
        assert level == pytest.approx(1 - 2 * stats.binom.cdf(k - 1, n, 0.5))
        assert level >= 0.95 > 1 - 2 * stats.binom.cdf(k, n, 0.5)  # one further in would not cover
    assert order_statistic(6)[1] == 0.96875


@settings(max_examples=50)
@given(st.lists(st.floats(0.001, 1000), min_size=6, max_size=40))
def test_interval_holds_the_median_and_follows_monotone_maps(values):
    x, zero = np.array(values), np.zeros(len(values), int)
    found = medians(x, zero, 1)
    assert found.low[0] <= found.value[0] <= found.high[0]
    assert np.log(found.low[0]) == medians(np.log(x), zero, 1).low[0]
    assert np.log(found.high[0]) == medians(np.log(x), zero, 1).high[0]


@pytest.mark.parametrize("n", [6, 8, 10, 20, 50])
@pytest.mark.parametrize("kind", ["normal", "lognormal", "failures"])
def test_interval_covers_the_true_median_as_often_as_it_says(n, kind):
    rng = np.random.default_rng(1)
    trials = 4000
    x = rng.normal(size=(trials, n))
    true = 0.0
    if kind == "lognormal":
        x, true = np.exp(2 * x), 1.0
    if kind == "failures":  # a fifth fails; the median of the rest and the failures is a quantile of 0.625 of the rest
        x, true = np.where(rng.random((trials, n)) < 0.2, np.inf, x), float(stats.norm.ppf(0.625))
    found = medians(x.ravel(), np.repeat(np.arange(trials), n), trials)
    covered = np.mean((found.low <= true) & (true <= found.high))
    assert covered == pytest.approx(found.level[0], abs=0.015)
    assert covered > 0.945


def test_below_six_samples_there_is_no_interval_and_failures_reach_its_upper_end():
    values = np.array([0.3, 0.1, 0.2, np.inf, 0.4, np.nan, 1, 2, 3, 4, 5, np.inf])
    found = medians(values, np.array([0, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3]), 4)
    assert found.count.tolist() == [1, 4, 0, 6]
    assert np.isnan([*found.low[:3], *found.high[:3], *found.level[:3], found.value[2]]).all()
    assert (found.low[3], found.high[3]) == (1, np.inf)


@given(st.integers(6, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_clopper_pearson_is_that_of_statsmodels(trials):
    found = clopper_pearson(*(np.array([number]) for number in trials))
    low, high = proportion_confint(*trials, method="beta")
    np.testing.assert_allclose([found.low[0], found.high[0]], [low, high], atol=1e-9)


@pytest.mark.parametrize("n", [6, 8, 10, 20, 50])
def test_clopper_pearson_covers_every_proportion_where_wilson_does_not(n):
    k = np.arange(n + 1)
    covered = {}
    for form in (clopper_pearson, wilson):
        found = form(k, np.full(n + 1, n))
        shares = np.linspace(0.01, 0.99, 197)
        covered[form] = min(stats.binom.pmf(k, n, p)[(found.low <= p) & (p <= found.high)].sum() for p in shares)
    assert covered[clopper_pearson] >= 0.95
    assert covered[wilson] < 0.93


def test_fractions_widen_a_proportions_interval_and_few_samples_have_none():
    whole = clopper_pearson(np.array([5, 6]), np.array([8, 8]))
    part = clopper_pearson(np.array([5.5]), np.array([8]))
    assert (part.low[0], part.high[0]) == (whole.low[0], whole.high[1])
    few = clopper_pearson(np.array([2, 0]), np.array([5, 0]))
    assert few.value[0] == 0.4
    assert np.isnan([*few.low, *few.high, few.value[1]]).all()


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
