"""Scores over the bound of Cramér and Rao: what the best estimate reaches, and where there is none."""

import dataclasses

import numpy as np
import pytest

import prbench
from prbench.core import Case, Reconstruction, build_plugin, load_plugin
from prbench.tasks.far_field import UNIFORM_MAGNITUDE, FarField
from prbench.tasks.far_field.bounds import (
    EXACT,
    LARGEST,
    MOST_PIXELS,
    OVER_BOUND,
    UNEXPLAINED,
    bounds_of,
    photon_excess,
    success_limit,
)


def test_the_likelihood_reaches_it_and_nothing_gets_below_by_much():
    ratios = []
    for index in range(4):
        problem = prbench.get_dataset("crystal2d[size=16,photons=1000]").problem(index)
        support = np.asarray(problem.measurement.pad(np.asarray(problem.truth.object) != 0))
        start = np.asarray(problem.measurement.pad(np.asarray(problem.truth.object)))
        known = dataclasses.replace(problem.measurement, support=support, initial=start)
        found = prbench.solve("ml[iterations=150]", known, backend="numpy").reconstruction
        ratios.append(load_plugin("metric", "bound_ratio")(Case(Reconstruction(object=found.object), problem)))
    assert 0.7 < np.mean(ratios) < 1.4


def test_what_is_too_large_has_none():
    problem = prbench.get_dataset("cell2d[size=64,photons=10]").problem(0)
    whole = np.ones((MOST_PIXELS // 50, 60), complex)
    y = FarField(np.ones((100, 120)), object_shape=whole.shape, gain=1.0)
    large = dataclasses.replace(problem, measurement=y, truth=Reconstruction(object=whole), object_region=None)
    assert np.isnan(bounds_of(large)[:2]).all()
    assert success_limit(large).value == LARGEST
    case = Case(Reconstruction(object=whole), large)
    assert np.isnan(load_plugin("metric", "bound_ratio")(case))
    assert case.notes["bound_ratio"]


def test_what_the_measurement_leaves_open_has_none():
    problem = prbench.get_dataset("crystal2d[size=16,photons=10]").problem(0)
    mask = np.zeros(problem.measurement.shape, bool)
    mask[14:18, 14:18] = True
    blind = dataclasses.replace(problem, measurement=dataclasses.replace(problem.measurement, mask=mask))
    case = Case(problem.truth, blind)
    assert np.isnan(load_plugin("metric", "bound_ratio")(case))
    assert case.notes["bound_ratio"]
    assert success_limit(blind).value == LARGEST


def test_without_noise_success_is_an_exact_answer():
    problem = prbench.get_dataset("crystal2d[size=16]").problem(0)
    assert success_limit(problem).value == EXACT


def test_noise_of_another_kind_keeps_the_threshold():
    problem = prbench.get_dataset("crystal2d[size=16,coherence=0.6]").problem(0)
    assert success_limit(problem).value == LARGEST


def test_photons_explain_a_coherent_pattern_and_no_other():
    excess = [photon_excess(prbench.get_dataset("crystal2d[size=16,photons=10]").problem(k)) for k in range(40)]
    assert abs(np.mean(excess)) < 4 / np.sqrt(40)
    assert 0.6 < np.std(excess) < 1.5
    assert max(excess) < UNEXPLAINED
    problem = prbench.get_dataset("crystal2d[size=16,photons=1000,coherence=0.6]").problem(0)
    assert photon_excess(problem) > UNEXPLAINED
    assert np.isnan(bounds_of(problem)[:2]).all()
    assert success_limit(problem).value == LARGEST
    case = Case(problem.truth, problem)
    assert np.isnan(load_plugin("metric", "noise_bound")(case))
    assert case.notes["noise_bound"] == bounds_of(problem).missing


def test_with_photon_noise_success_is_twice_the_bound_that_applies():
    problem = prbench.get_dataset("crystal2d[size=16,photons=1000]").problem(0)
    bounds = bounds_of(problem)
    assert bounds.uniform < bounds.support
    assert success_limit(problem).value == OVER_BOUND * bounds.support
    assert success_limit(problem, (UNIFORM_MAGNITUDE,)).value == OVER_BOUND * bounds.uniform


def test_an_error_is_told_over_the_bound_for_what_the_solver_knows():
    problem = prbench.get_dataset("crystal2d[size=16,photons=1000]").problem(0)
    answer = Reconstruction(object=np.asarray(problem.truth.object) * np.linspace(0.9, 1.1, 16))
    plain, told = (load_plugin("metric", "bound_ratio")(Case(answer, problem, known)) for known in ((), (UNIFORM_MAGNITUDE,)))
    bounds = bounds_of(problem)
    assert told / plain == pytest.approx(bounds.support / bounds.uniform)


def test_who_takes_cells_to_be_uniform_knows_no_more_by_it():
    problem = prbench.get_dataset("cell2d[size=16,photons=1e6]").problem(0)
    assert success_limit(problem, (UNIFORM_MAGNITUDE,)) == success_limit(problem)


def test_a_bound_above_the_threshold_does_not_raise_it():
    problem = prbench.get_dataset("crystal2d[size=16,photons=0.1]").problem(0)
    assert OVER_BOUND * bounds_of(problem).support > LARGEST
    assert success_limit(problem).value == LARGEST


@pytest.mark.parametrize("share", [0.9, 1.1])
def test_found_says_on_which_side_of_the_limit_an_answer_is(share):
    problem = prbench.get_dataset("crystal2d[size=16,photons=1000]").problem(0)
    truth = np.asarray(problem.truth.object, np.complex128)
    error = np.zeros_like(truth)
    middle = np.unravel_index(np.argmax(np.abs(truth)), truth.shape)
    error[middle] = (
        truth[middle] * np.sqrt(share * success_limit(problem).value / np.abs(truth[middle]) ** 2) * np.linalg.norm(truth)
    )
    case = Case(Reconstruction(object=truth + 1j * error), problem)
    assert load_plugin("metric", "found")(case) == (share < 1)
    assert "bound" in case.notes["found"]


@pytest.mark.parametrize(
    ("solver", "told"),
    [("hio-er-ml", False), ("hio-er-ml[magnitude=uniform]", True), ("ml[magnitude=uniform]", True), ("double-dip-admm", True)],
)
def test_solvers_say_what_they_assume(solver, told):
    assert (UNIFORM_MAGNITUDE in build_plugin("solver", solver).assumes) == told
