"""Searches and polish: from what the networks draw, without a part in their fit, and to the solution of a crystal."""

from __future__ import annotations

import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field.double_dip_admm import DoubleDipADMM
from prbench.algorithms.far_field.double_dip_polish import DoubleDipPolish
from prbench.backend import get_backend
from prbench.errors import UsageError

NETWORKS = {"channels": 8, "scales": 2, "iterations": 6, "starts": 2}


@pytest.fixture
def y():
    return prbench.get_dataset("crystal2d[size=16]").make(1, 0, "tune").measurement.to(get_backend("torch"))


def test_the_networks_part_is_double_dip(y):
    solver, plain = DoubleDipPolish(**NETWORKS), DoubleDipADMM(**NETWORKS)
    state = solver.advance(y, solver.init(y, np.random.default_rng(1)), 6)
    other = plain.advance(y, plain.init(y, np.random.default_rng(1)), 6)
    np.testing.assert_array_equal(solver.estimate(y, state).object, plain.estimate(y, other).object)


def test_steps_one_by_one_are_steps_together(y):
    solver = DoubleDipPolish(**NETWORKS, recipe="5*ER+5*ML")
    at_once = solver.advance(y, solver.init(y, np.random.default_rng(1)), 16)
    stepwise = solver.init(y, np.random.default_rng(1))
    for _ in range(16):
        stepwise = solver.advance(y, stepwise, 1)
    np.testing.assert_array_equal(solver.estimate(y, at_once).object, solver.estimate(y, stepwise).object)
    assert solver.total_iterations(y) == 16


def test_the_polish_explains_the_pattern_better(y):
    solver = DoubleDipPolish(**NETWORKS)
    state = solver.advance(y, solver.init(y, np.random.default_rng(1)), 6)
    before = solver.residual(y, state)
    state = solver.advance(y, state, solver.total_iterations(y) - 6)
    assert solver.residual(y, state) < 0.7 * before


def test_a_search_finds_the_crystal_and_ends_the_fit():
    problem = prbench.get_dataset("crystal2d[size=16]").make(1, 0, "tune")
    solver = DoubleDipPolish(**{**NETWORKS, "iterations": 100, "starts": 4}, search_every=10)
    found = prbench.solve(solver, problem.measurement, seed=1)
    assert prbench.score(found.reconstruction, problem, ["sa_nmse"])["sa_nmse"] < 1e-6
    assert found.cost.iterations < solver.total_iterations(problem.measurement)


def test_a_search_that_finds_nothing_changes_nothing(y):
    solver = DoubleDipPolish(**NETWORKS, search="1*ER", search_every=2)
    plain = DoubleDipPolish(**NETWORKS, search_every=0)
    answers = []
    for one in (solver, plain):
        state = one.advance(y, one.init(y, np.random.default_rng(1)), one.total_iterations(y))
        assert one.finished(y, state)
        answers.append(one.estimate(y, state).object)
    np.testing.assert_array_equal(*answers)


def test_there_is_no_search_in_photon_noise():
    noisy = prbench.get_dataset("crystal2d[size=16,photons=100]").make(1, 0, "tune").measurement.to(get_backend("torch"))
    solver = DoubleDipPolish(**NETWORKS, search_every=1)
    state = solver.init(noisy, np.random.default_rng(1))
    before = noisy.counters.ffts
    solver.advance(noisy, state, 4)
    assert noisy.counters.ffts - before == 4 * 2 * NETWORKS["starts"]
    assert state.refined is None


def test_a_recipe_without_likelihood_is_refused():
    with pytest.raises(UsageError, match=r"recipe '20\*ER' .*\bML\b"):
        DoubleDipPolish(recipe="20*ER")
