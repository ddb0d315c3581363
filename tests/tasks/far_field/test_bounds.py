"""Scores over the bound of Cramér and Rao: what the best estimate reaches, and where there is none."""

import dataclasses

import numpy as np

import prbench
from prbench.core import Case, Reconstruction, load_plugin
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.bounds import MOST_PIXELS, bound_of


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
    assert bound_of(large) is None
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
