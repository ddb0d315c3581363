import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from prbench.analysis.paired import LEAST_PAIRS, differences, holm, signed_rank, worth_naming

probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.mark.parametrize("n", [3, 10, 25])
def test_p_values_are_scipys_exact_ones(n):
    d = np.random.default_rng(n).normal(0.4, 1, (20, n))
    expected = [stats.wilcoxon(row, method="exact").pvalue for row in d]
    np.testing.assert_allclose(signed_rank(d).p, expected, rtol=1e-9)


@pytest.mark.parametrize("n", [60, 200])
def test_p_values_of_many_pairs_are_scipys_normal_ones_with_ties_and_zeros(n):
    d = np.round(np.random.default_rng(n).normal(0.1, 1, (20, n)), 1)
    expected = [stats.wilcoxon(row, zero_method="pratt", method="approx").pvalue for row in d]
    np.testing.assert_allclose(signed_rank(d).p, expected, rtol=1e-9)


def test_p_values_of_few_pairs_with_ties_and_zeros_count_all_signs():
    d = np.array([[0.0, 1, 1, -1, 2, 3, 0], [np.inf, 1, -0.5, np.inf, 2, 0, np.nan]])
    found = signed_rank(d)
    for row, p in zip(d, found.p, strict=True):
        row = row[~np.isnan(row)]  # noqa: PLW2901
        ranks = stats.rankdata(np.minimum(np.abs(row), 1e300))[row != 0]
        up = ranks[row[row != 0] > 0].sum()
        sums = [np.dot(ranks, signs) for signs in itertools.product([0, 1], repeat=len(ranks))]
        assert p == pytest.approx(min(1, 2 * min(np.mean(np.array(sums) <= up), np.mean(np.array(sums) >= up))))


@given(st.lists(st.floats(-10, 10) | st.sampled_from([np.inf, -np.inf, 0.0]), min_size=1, max_size=20))
def test_swapping_the_sides_keeps_p_and_turns_the_effect(values):
    d = np.array([values])
    there, back = signed_rank(d), signed_rank(-d)
    assert there.p[0] == pytest.approx(back.p[0])
    assert there.effect[0] == pytest.approx(-back.effect[0])
    assert there.superiority[0] == pytest.approx(1 - back.superiority[0])
    assert 0 < there.p[0] <= 1
    assert -1 <= there.effect[0] <= 1


def test_the_effect_is_one_where_all_pairs_agree_and_none_where_nothing_differs():
    found = signed_rank(np.array([[1.0, 2, 3], [0, 0, 0], [np.nan, np.nan, np.nan]]))
    assert found.effect[:2].tolist() == [1, 0]
    assert found.superiority[:2].tolist() == [1, 0.5]
    assert found.p[1] == 1
    assert np.isnan([found.p[2], found.effect[2], found.superiority[2]]).all()
    assert found.count.tolist() == [3, 3, 0]


def test_below_the_least_number_of_pairs_nothing_can_be_shown():
    assert signed_rank(np.ones((1, LEAST_PAIRS - 1))).p[0] > 0.05
    assert signed_rank(np.ones((1, LEAST_PAIRS))).p[0] <= 0.05


def test_a_test_at_five_per_cent_errs_in_five_per_cent():
    d = np.random.default_rng(0).normal(size=(4000, 12))
    assert 0.035 < np.mean(signed_rank(d).p <= 0.05) < 0.055


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_holm_is_that_of_statsmodels(n):
    p = np.round(np.random.default_rng(n).random(n) ** 3, 2)
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], atol=1e-12)


@given(probabilities)
def test_holm_keeps_the_order_and_lowers_nothing(p):
    p = np.array(p)
    adjusted = holm(p)
    assert (adjusted >= p).all()
    order = np.argsort(p, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_holm_takes_rows_for_families_and_counts_no_missing_test():
    p = np.array([[0.01, np.nan, 0.02], [0.5, 0.04, 0.03]])
    np.testing.assert_allclose(holm(p), [[0.02, np.nan, 0.02], [0.5, 0.09, 0.09]])


def test_differences_of_failures():
    a, b = np.array([1.0, np.inf, np.inf, 2, np.nan, 0]), np.array([2.0, np.inf, 1, np.inf, 1, 0])
    found = differences(a, b, ratio=True)
    assert found[:4].tolist() == [np.log(2), 0, -np.inf, np.inf]
    assert np.isnan(found[4])
    assert differences(a, b, ratio=False)[:4].tolist() == [1, 0, -np.inf, np.inf]


@pytest.mark.parametrize("ratio", [True, False])
def test_differences_too_small_to_name_are_ties(ratio):
    first, second = np.array([0.25, 0.25, 0.25, np.inf, 0.25, np.nan]), np.array([0.2501, 0.251, 0.249, np.inf, np.inf, 1])
    found = differences(first, second, ratio=ratio, smallest=0.001)
    assert found[[0, 3]].tolist() == [0, 0]
    plain = differences(first, second, ratio=ratio)
    np.testing.assert_array_equal(found[[1, 2, 4, 5]], plain[[1, 2, 4, 5]])
    assert plain[0] > 0


def test_a_difference_is_worth_naming_by_the_mean_distance_and_failures_always_are():
    same = np.full(100, 0.25)
    few, failed, many = same.copy(), same.copy(), same + 0.002
    few[:6] += 0.01  # 0.0006 on average
    failed[0] = np.inf
    assert worth_naming(np.stack([same] * 4), np.stack([same, few, failed, many]), 0.001).tolist() == [False, False, True, True]
    assert worth_naming(same, same, 0).all()
    assert not worth_naming(np.array([np.nan, np.inf]), np.array([1.0, np.inf]), 0.001)
