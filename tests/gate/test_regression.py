"""Power of the gate on statuses, counts, memory and convergence."""

import math

import pytest
from gate_cells import CURVE, cell, cells

from prbench.gate.regression import compare_versions
from prbench.gate.timing import steps_to_the_same_misfit

FAILED = {"status": "crashed", "metrics": {}, "curve": [], "latency_fft": [], "ffts": None, "operators": None, "iterations": None}


def verdicts(base, head, **more):
    found = compare_versions(base, head, **{"stored": False, **more})
    return {finding.what: finding.verdict for finding in found.findings}


@pytest.mark.parametrize("same_class", [True, False])
@pytest.mark.parametrize(
    ("before", "now"), [("ok", "time_limit"), ("time_limit", "diverged"), ("ok", "crashed"), ("diverged", "out_of_memory")]
)
def test_a_worse_status_of_one_cell_is_a_regression(before, now, same_class):
    base, head = cells(status=before), [*cells(7, status=before), cell(7, status=now)]
    assert verdicts(base, head, stored=True, same_class=same_class)["status"] == "worse"
    assert verdicts(head, base, stored=True, same_class=same_class)["status"] == "better"


def test_a_cell_that_the_head_has_not_is_a_regression():
    found = compare_versions(cells(), cells(1), stored=False)
    assert len(found.regressions) == 7
    assert {finding.head for finding in found.regressions} == {"missing"}


@pytest.mark.parametrize("name", ["ffts", "operators", "iterations"])
def test_one_count_more_in_one_cell_is_a_regression_on_one_class(name):
    base = cells()
    more = [*base[:7], {**base[7], name: base[7][name] + 1}]
    for stored in (False, True):
        assert verdicts(base, more, stored=stored)[name] == "worse"
        assert verdicts(more, base, stored=stored)[name] == "better"
    assert name not in verdicts(base, more, stored=True, same_class=False)


def test_counts_of_another_class_are_compared_as_distributions():
    """A stopping rule that ends later everywhere is caught; one that ends after 150 or 200 steps as rounding decides is not."""
    base = [cell(n, iterations=150) for n in range(8)]
    some = [cell(n, iterations=200 if n % 2 else 150) for n in range(8)]
    assert verdicts(base, [cell(n, iterations=200) for n in range(8)], stored=True, same_class=False)["iterations"] == "worse"
    assert verdicts(base, some, stored=True, same_class=False)["iterations"] == "unclear"


def test_allocations_beyond_the_tolerance_are_a_regression_on_one_class():
    head = [cell(allocated_bytes=12_000_000)]
    assert verdicts([cell()], head)["allocated_bytes"] == "worse"
    assert not compare_versions([cell()], head, stored=True, same_class=False).regressions
    assert "allocated_bytes" not in verdicts([cell()], [cell(allocated_bytes=10_300_000)])
    small = cell(allocated_bytes=1000)
    assert "allocated_bytes" not in verdicts([small], [cell(allocated_bytes=3000)])


def test_a_slower_convergence_is_told():
    slow = [[2 * steps, residual] for steps, residual in CURVE]
    assert steps_to_the_same_misfit(CURVE, slow) == (20, 40)
    assert steps_to_the_same_misfit(CURVE, [[0, 1.0], [60, 0.2]]) == (20, math.inf)
    assert verdicts(cells(), cells(curve=slow))["iterations to target"] == "worse"


def test_nothing_in_common_compares_nothing():
    found = compare_versions([cell(0)], [cell(1)], stored=False)
    assert (found.compared, found.alone) == (0, 1)
    assert not found.passes


def test_a_base_that_solves_nothing_compares_nothing():
    """A base that was not installed well must not let everything pass as an improvement."""
    failed = cell(0, **FAILED)
    found = compare_versions([failed], [cell(0)], stored=False)
    assert (found.compared, found.alone) == (0, 1)
    assert not found.passes
    assert compare_versions([cell(0)], [failed], stored=False).compared == 1
