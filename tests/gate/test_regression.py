import math

import numpy as np
import pytest

from prbench.gate.regression import compare_versions, judge, median_ratio, steps_to_the_same_misfit

CURVE = [[0, 1.0], [10, 0.5], [20, 0.11], [30, 0.1]]


def cell(sample=0, solver="hio", **changes):
    return {
        "solver": solver,
        "dataset": "crystal2d",
        "task": "far-field",
        "sample": sample,
        "seed": 0,
        "split": "test",
        "backend": "numpy",
        "precision": "single",
        "status": "ok",
        "metrics": {"sa_nmse": 0.1},
        "ffts": 100,
        "operators": 0,
        "iterations": 50,
        "allocated_bytes": 10_000_000,
        "latency_s": [0.1] * 3,
        "latency_fft": [100.0] * 3,
        "curve": CURVE,
        **changes,
    }


def verdicts(base, head, *, stored=False, **more):
    found = compare_versions(base, head, stored=stored, **more)
    return {finding.what: finding.verdict for finding in found.findings}


def noisy(rng, cells=8, rounds=3, factor=1.0):
    """Times of a shared machine: most within a few per cent, one in ten up to four times longer."""

    def seconds():
        return factor * 100 * (1 + 0.03 * rng.standard_normal()) * (1 + 3 * rng.random() if rng.random() < 0.1 else 1)

    times = [[seconds() for _ in range(rounds)] for _ in range(cells)]
    return [cell(sample, latency_fft=t, latency_s=[1e-3 * s for s in t]) for sample, t in enumerate(times)]


def test_a_unit_measured_in_a_bad_moment_makes_no_regression():
    """Where versions are timed in turn, an FFT pair three times too slow beside all of the base's solves is not believed."""
    base, head = ([cell(n, latency_fft=[pairs] * 3) for n in range(8)] for pairs in (30.0, 100.0))
    assert verdicts(base, head)["time"] == "same"
    assert verdicts(base, head, stored=True)["time"] == "worse"
    slower = [cell(n, latency_s=[0.3] * 3) for n in range(8)]
    assert verdicts(base, slower)["time"] == "worse"
    assert verdicts(head, slower)["time"] == "unclear"


def test_equal_measurements_show_nothing():
    cells = [cell(sample) for sample in range(8)]
    found = compare_versions(cells, cells, stored=False)
    assert found.compared == 8
    assert found.regressions == ()
    assert {finding.verdict for finding in found.findings} == {"same"}
    assert {finding.what for finding in found.findings} == {"sa_nmse", "iterations to target", "time"}


@pytest.mark.parametrize("stored", [False, True])
def test_noise_alone_is_no_regression_and_a_slower_tree_is_one(stored):
    rng, alarms, misses = np.random.default_rng(0), 0, 0
    for _ in range(200):
        base = noisy(rng)
        alarms += verdicts(base, noisy(rng), stored=stored)["time"] in ("worse", "better")
        misses += verdicts(base, noisy(rng, factor=2.0), stored=stored)["time"] != "worse"
    assert alarms == 0
    assert misses <= 2


@pytest.mark.parametrize("name", ["ffts", "operators", "iterations"])
def test_one_count_more_in_one_cell_is_a_regression(name):
    base = [cell(sample) for sample in range(3)]
    more = [*base[:2], cell(2, **{name: base[2][name] + 1})]
    assert verdicts(base, more)[name] == "worse"
    assert verdicts(more, base)[name] == "better"


def test_a_cell_that_fails_now_is_a_regression():
    failed = cell(0, status="crashed", metrics={}, curve=[], latency_fft=[], ffts=None, operators=None, iterations=None)
    assert verdicts([cell(0)], [failed])["status"] == "worse"
    assert verdicts([failed], [cell(0)])["status"] == "better"


def test_allocations_beyond_the_tolerance_are_a_regression():
    assert verdicts([cell()], [cell(allocated_bytes=12_000_000)])["allocated_bytes"] == "worse"
    assert "allocated_bytes" not in verdicts([cell()], [cell(allocated_bytes=10_300_000)])
    small = cell(allocated_bytes=1000)
    assert "allocated_bytes" not in verdicts([small], [cell(allocated_bytes=3000)])


def test_quality_is_judged_over_a_group():
    base = [cell(sample, metrics={"sa_nmse": 0.1 + 0.01 * sample}) for sample in range(10)]
    worse = [{**c, "metrics": {"sa_nmse": 1.2 * c["metrics"]["sa_nmse"]}} for c in base]
    one = [worse[0], *base[1:]]
    assert verdicts(base, worse)["sa_nmse"] == "worse"
    assert verdicts(worse, base)["sa_nmse"] == "better"
    assert verdicts(base, one)["sa_nmse"] == "same"
    assert verdicts(base[:4], worse[:4])["sa_nmse"] == "unclear"


def test_a_slower_convergence_is_told():
    slow = [[2 * steps, residual] for steps, residual in CURVE]
    assert steps_to_the_same_misfit(CURVE, slow) == (20, 40)
    assert steps_to_the_same_misfit(CURVE, [[0, 1.0], [60, 0.2]]) == (20, math.inf)
    base, head = ([cell(sample, curve=curve) for sample in range(8)] for curve in (CURVE, slow))
    assert verdicts(base, head)["iterations to target"] == "worse"


def test_nothing_in_common_compares_nothing():
    found = compare_versions([cell(0)], [cell(1)], stored=False)
    assert (found.compared, found.alone, found.findings) == (0, 2, ())


def test_a_base_that_solves_nothing_compares_nothing():
    """A base that was not installed well must not let everything pass as an improvement."""
    failed = cell(0, status="crashed", metrics={}, curve=[], latency_fft=[], ffts=None, operators=None, iterations=None)
    found = compare_versions([failed], [cell(0)], stored=False)
    assert (found.compared, found.alone) == (0, 1)
    assert compare_versions([cell(0)], [failed], stored=False).compared == 1


def test_the_interval_of_a_median_covers_it():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(2000):
        _, low, high = median_ratio(np.exp(rng.laplace(size=15)))
        inside += low <= 1 <= high
    assert 0.985 <= inside / 2000 <= 1.0
    assert median_ratio([2.0] * 7)[1:] == (0.0, math.inf)
    assert median_ratio([2.0] * 8) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "verdict"),
    [(1.3, 1.1, 1.5, "worse"), (1.3, 0.9, 1.5, "unclear"), (1.05, 1.04, 1.06, "same"), (0.7, 0.6, 0.9, "better")],
)
def test_a_verdict_needs_both_size_and_certainty(ratio, low, high, verdict):
    assert judge(ratio, low, high, 0.1) == verdict
