"""Power of the gate on scores, planted in measurements of eight samples."""

import math

import numpy as np
import pytest
from gate_cells import cells, scored

from prbench.analysis.goals import smallest_difference
from prbench.core import Goal, load_plugin
from prbench.gate.regression import compare_versions
from prbench.gate.scores import factor


def regressions(base, head, **more):
    found = compare_versions(base, head, **{"stored": False, **more})
    return {finding.what for finding in found.regressions}


def verdicts(base, head, **more):
    found = compare_versions(base, head, **{"stored": False, **more})
    return {(finding.what, finding.verdict) for finding in found.findings}


def test_equal_measurements_show_nothing():
    for more in ({}, {"stored": True}, {"stored": True, "same_class": False}):
        found = compare_versions(cells(), cells(), **{"stored": False, **more})
        assert found.compared == 8
        assert found.passes
        assert {finding.verdict for finding in found.findings} == {"same"}


@pytest.mark.parametrize("count", [1, 4, 7, 8])
@pytest.mark.parametrize("stored", [False, True])
def test_ruined_samples_are_caught_on_one_class(count, stored):
    """Power 1: one sample of eight is enough, by as little as a factor of two."""
    base = cells()
    for head in (scored(base, count, to=1.0), scored(base, count, by=2.0)):
        assert "sa_nmse" in regressions(base, head, stored=stored)


@pytest.mark.parametrize(("count", "caught"), [(1, False), (4, False), (7, True), (8, True)])
def test_ruined_samples_are_caught_on_another_class_from_seven_of_eight_on(count, caught):
    """Power 0 up to four ruined samples of eight and 1 from seven on: four may be the draw of the seeds."""
    base = cells()
    head = scored(base, count, to=1.0)
    assert ("sa_nmse" in regressions(base, head, stored=True, same_class=False)) is caught


def test_a_chaotic_solver_passes_on_another_class_and_not_on_its_own():
    """Scores redrawn from one wide distribution: 100 checks raise at most one alarm."""
    rng, alarms = np.random.default_rng(0), 0
    for _ in range(100):
        base, head = (
            [
                {**c, "metrics": {"sa_nmse": float(10 ** rng.normal(-2, 1.5))}, "iterations": int(rng.integers(100, 300))}
                for c in cells()
            ]
            for _ in range(2)
        )
        alarms += bool(regressions(base, head, stored=True, same_class=False))
        assert regressions(base, head, stored=True, same_class=True)
    assert alarms <= 1


@pytest.mark.parametrize("lost", [math.nan, None])
@pytest.mark.parametrize("count", [1, 8])
def test_a_score_that_is_no_number_is_a_regression(lost, count):
    base = cells()
    head = scored(base, count, to=lost)
    for more in ({}, {"stored": True, "same_class": False}):
        assert "sa_nmse" in regressions(base, head, **more)
    assert ("sa_nmse", "better") in verdicts(head, base)


def test_a_lost_metric_is_a_regression_whatever_it_ranks():
    base = cells()
    for name in ("sa_nmse", "r_factor"):
        head = [{**c, "metrics": {k: v for k, v in c["metrics"].items() if k != name}} for c in base]
        assert name in regressions(base, head)
    assert regressions(base, [{**c, "metrics": {}} for c in base]) >= {"sa_nmse", "r_factor"}


def test_a_metric_that_does_not_rank_is_watched_sample_by_sample():
    base = cells()
    assert regressions(base, scored(base, 1, name="r_factor", by=5)) == {"r_factor"}


def test_a_drift_of_all_samples_is_caught_and_of_some_is_not_shown():
    """Power on +20 % of the error: 1 for eight and for seven samples of eight, 0 for four, where signs may fall so by chance."""
    base = cells()
    caught = {count: "sa_nmse" in regressions(base, scored(base, count, by=1.2)) for count in (4, 7, 8)}
    assert caught == {4: False, 7: True, 8: True}
    assert ("sa_nmse", "unclear") in verdicts(base, scored(base, 4, by=1.2))
    assert ("sa_nmse", "same") in verdicts(base, scored(base, 8, by=1.04))
    assert ("sa_nmse", "better") in verdicts(base, scored(base, 8, by=0.8))


def test_magnitudes_count_and_not_signs_alone():
    """One large improvement does not outweigh seven small changes for the worse, but seven small ones outweigh no large one."""
    base = cells()
    one_better = scored(scored(base, 8, by=1.3), 1, by=1 / 1.35)
    mixed = scored(scored(base, 8, by=1.07), 2, by=1 / 1.9)
    assert "sa_nmse" in regressions(base, one_better)
    assert "sa_nmse" not in regressions(base, mixed)


def test_a_success_lost_counts_even_below_what_is_worth_naming():
    """Where a relative error of 1e-5 is a success, 1e-9 against 1e-12 is none, small as the difference is."""
    base = [{**c, "task": "random", "metrics": {"sa_nmse": 1e-12}} for c in cells()]
    assert "success" in regressions(base, scored(base, 1, to=1e-9))
    assert "success" not in regressions(base, scored(base, 1, to=5e-11))
    assert ("success", "better") in verdicts(scored(base, 1, to=1e-9), base)


def test_successes_on_another_class_are_tested_by_their_number():
    """Power 1 from eight successes to one, 0 to four."""
    base = cells(metrics={"sa_nmse": 0.01})
    for lost, caught in ((4, False), (7, True)):
        assert ("success" in regressions(base, scored(base, lost, to=0.06), stored=True, same_class=False)) is caught


def test_answers_that_do_not_repeat_are_not_compared_one_by_one():
    base = [{**c, "repeats": False} for c in cells()]
    assert "sa_nmse" not in regressions(base, scored(base, 1, by=3.0))
    assert "sa_nmse" in regressions(base, scored(base, 8, by=3.0))


@pytest.mark.parametrize(
    ("name", "before", "now", "expected"),
    [
        ("sa_nmse", 0.1, 0.2, 2.0),
        ("psnr", 20.0, 14.0, 10 ** (6 / 20)),
        ("ssim", 0.9, 0.8, 2.0),
        ("ssim", 0.8, 0.9, 0.5),
        ("sa_nmse", 0.25, 0.25 + 1e-9, 1.0),
        ("psnr", 30.0, 30.005, 1.0),
        ("brisque", -10.0, 10.0, 3.0),
    ],
)
def test_scores_become_factors_of_error(name, before, now, expected):
    smallest = smallest_difference(Goal(name, load_plugin("metric", name).info.better))
    assert factor(name, smallest, before, now) == pytest.approx(expected)


def test_successes_are_counted_by_a_rule_that_both_sides_know():
    """A baseline of before records said what is found keeps its threshold; two new ones go by what they say."""
    base = cells()
    head = scored(base, 8, "found", to=0.0)
    assert {what for what, _ in verdicts(base, head)}.isdisjoint({"success"})
    assert "success" in regressions(scored(base, 8, "found", to=1.0), head)
