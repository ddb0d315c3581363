import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.analysis.profiles import costs_to_solve, data_profiles, performance_profiles
from prbench.errors import UsageError

costs = st.integers(1, 6).flatmap(
    lambda p: st.lists(st.lists(st.floats(1e-3, 1e6) | st.just(float("inf")), min_size=p, max_size=p), min_size=1, max_size=4)
)


def table(values):
    return pd.DataFrame(np.array(values), index=[f"s{i}" for i in range(len(values))])


@given(costs)
def test_a_profile_rises_from_zero_to_the_share_solved(values):
    values = table(values)
    solved = np.isfinite(values.to_numpy()).mean(axis=1)
    x = np.concatenate([[0], np.geomspace(1e-3, 1e12, 50)])
    for profiles in (performance_profiles(values, "latency_s"), data_profiles(values, "latency_s")):
        y = profiles.at(x)
        assert (y[:, 0] == 0).all()
        assert (np.diff(y, axis=1) >= 0).all()
        np.testing.assert_allclose(y[:, -1], solved)


@given(costs)
def test_at_one_a_performance_profile_counts_the_wins(values):
    x = table(values).to_numpy()
    wins = ((x == x.min(axis=0)) & np.isfinite(x)).mean(axis=1)
    np.testing.assert_allclose(performance_profiles(table(values), "latency_s").at(np.array([1.0]))[:, 0], wins)


def test_the_example_of_two_solvers():
    found = performance_profiles(table([[1, 4, np.inf], [2, 1, np.inf]]), "latency_fft")
    np.testing.assert_allclose(found.at(np.array([1, 2, 4])), [[1 / 3, 1 / 3, 2 / 3], [1 / 3, 2 / 3, 2 / 3]])
    found = data_profiles(table([[1, 4, np.inf], [2, 1, np.inf]]), "latency_fft")
    np.testing.assert_allclose(found.at(np.array([1, 2, 4])), [[1 / 3, 1 / 3, 2 / 3], [1 / 3, 2 / 3, 2 / 3]])


def records():
    return pd.DataFrame(
        {
            "task": "far-field",
            "solver": ["er", "er", "er", "er", "hio", "hio"],
            "dataset": ["a", "a", "a", "b", "a", "b"],
            "sample": [0, 0, 0, 0, 0, 0],
            "seed": [0, 1, 2, 0, 0, 0],
            "status": ["ok", "ok", "crashed", "ok", "ok", "ok"],
            "sa_nmse": [0.01, 0.02, np.nan, np.nan, 0.2, np.nan],
            "r_factor": [0.1, 0.1, np.nan, 0.1, 0.1, 0.2],
            "latency_fft": [100.0, 300, 5, 40, 10, 30],
        }
    )


def test_only_what_is_solved_has_a_cost():
    found = costs_to_solve(records(), "far-field")
    assert found.loc["er", ("a", 0)] == 300  # of 100, 300 and a crash
    assert np.isinf(found.loc["hio", ("a", 0)])


def test_without_a_threshold_the_best_of_all_says_what_is_solved():
    found = costs_to_solve(records(), "far-field")
    assert found.loc["er", ("b", 0)] == 40
    assert np.isinf(found.loc["hio", ("b", 0)])


def test_refuses_what_no_record_tells():
    with pytest.raises(UsageError, match=r"\btask 'far-field'.*\boperators$"):
        costs_to_solve(records(), "far-field", "operators")
    with pytest.raises(UsageError, match=r"^cost .*\boperators\b.*'money'"):
        costs_to_solve(records(), "far-field", "money")
