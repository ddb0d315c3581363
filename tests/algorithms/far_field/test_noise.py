"""The search where photons are few: batches of starts, and projections that yield to the noise."""

import dataclasses
from itertools import product

import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field._shrinkwrap import above_typical, half_shifts
from prbench.backend import get_backend
from prbench.core import build_plugin

RECIPE = "recipe='60*HIO+20*ER+40*ML+20*HIO+20*ER+40*ML'"


@pytest.mark.parametrize("index", [2, 5])
def test_a_further_batch_never_loses_by_akaikes_criterion(index):
    y = prbench.get_dataset("crystal2d[size=16,photons=10]").problem(index, split="tune").measurement
    solver = build_plugin("solver", f"hio-er-ml[batches=3,starts=2,{RECIPE}]")
    state, best = solver.init(y, np.random.default_rng(0)), []
    for _ in range(solver.batches):
        state = solver.advance(y, state, solver.recipe_steps)
        best.append(state.best_refinement(y).criterion)
    assert best == sorted(best, reverse=True)
    assert solver.total_iterations(y) == 3 * solver.recipe_steps


def test_the_weight_of_the_iterate_falls_with_the_noise():
    """As the root of the mean count: with a hundred times the counts it is a tenth, whatever the unit of the intensities."""
    y = prbench.get_dataset("crystal2d[size=16,photons=10]").problem(0).measurement
    solver = build_plugin("solver", "hio-er-ml[relaxation=0.8]")

    def weight(**changes):
        return solver.init(dataclasses.replace(y, **changes), np.random.default_rng(0)).projections.relaxation

    assert weight() == pytest.approx(0.8 / np.sqrt(y.intensity.mean() / y.gain), rel=1e-4)
    assert weight(intensity=100 * y.intensity) == pytest.approx(weight() / 10, rel=1e-4)
    assert weight(intensity=100 * y.intensity, gain=100 * y.gain) == pytest.approx(weight(), rel=1e-4)


@pytest.mark.parametrize("fault", ["half a pixel beside the grid", "on a support that lacks its corners"])
def test_the_refinement_mends_an_object(fault):
    problem = prbench.get_dataset("crystal2d[size=32,photons=10]").problem(1, split="tune")
    y = problem.measurement.to(get_backend("numpy"))
    x = y.pad(np.asarray(problem.truth.object))
    support = x != 0
    if fault == "on a support that lacks its corners":
        neighbours = sum(np.roll(support, step, axis=(0, 1)) for step in product((-1, 0, 1), repeat=2))
        support = support & (neighbours > 4)
    else:
        x = half_shifts(y, x)[-1]
        support = above_typical(y, x, support, 0.3)
    solver = build_plugin("solver", "hio-er-ml[starts=2,recipe='20*ER+3*(80*ML+20*ER)+80*ML']")
    state = solver.init(y, np.random.default_rng(0))
    s = state.projections
    s.k, s.p, s.support = solver.projections, np.stack([x, x]), np.stack([support, support])
    found = solver.estimate(y, solver.advance(y, state, solver.recipe_steps))
    assert prbench.score(found, problem, ["found"])["found"] == 1
    assert found.aux["support"].sum() == pytest.approx(np.count_nonzero(problem.truth.object), rel=0.02)


def test_without_counts_nothing_is_relaxed():
    y = prbench.get_dataset("crystal2d[size=16]").problem(0).measurement
    solver = build_plugin("solver", "hio-er-ml")
    assert solver.init(y, np.random.default_rng(0)).projections.relaxation == 0
