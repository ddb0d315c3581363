import dataclasses
import math
import re

import numpy as np
import pytest

from prbench.core import Case, Problem, Provenance, Reconstruction, load_plugin
from prbench.errors import BadInput
from prbench.tasks.near_field import NearField
from prbench.tasks.near_field.metrics import correlation

SHAPE = (32, 40)
GEOMETRY = {"wavelength_m": 632.8e-9, "pixel_m": 8e-6, "distance_m": 2e-3, "padding": 8}


def smooth(seed=0):
    rows, columns = np.meshgrid(np.linspace(0, 3, 32), np.linspace(0, 4, 40), indexing="ij")
    return np.sin(rows * (1 + seed)) * np.cos(columns)


def problem(truth: Reconstruction | None, intensity=None, **more):
    if intensity is None:
        intensity = NearField(np.ones(SHAPE), **GEOMETRY).forward(truth)
    y = NearField(intensity, **GEOMETRY, **more)
    return Problem(y, truth, "made", "test", Provenance("made", "none"))


def score(name, found, made):
    return load_plugin("metric", name)(Case(found, made))


def test_correlation_sees_neither_offset_nor_scale_but_a_sign():
    truth = smooth()
    assert correlation(truth, 3 * truth + 5) == pytest.approx(1)
    assert correlation(truth, -truth) == pytest.approx(-1)
    assert abs(correlation(truth, np.random.default_rng(0).standard_normal(SHAPE))) < 0.1
    assert correlation(truth, smooth(1)) == pytest.approx(np.corrcoef(truth.ravel(), smooth(1).ravel())[0, 1])
    assert math.isnan(correlation(truth, np.ones(SHAPE)))
    with pytest.raises(BadInput, match=re.escape(f"{SHAPE}, {truth[1:].shape}")):
        correlation(truth, truth[1:])
    with pytest.raises(BadInput, match=r"\bregion .*\bempty\b"):
        correlation(truth, truth, np.zeros(SHAPE, bool))


def test_correlation_is_taken_over_the_region():
    truth, found, region = smooth(), smooth(), np.ones(SHAPE, bool)
    found = found.copy()
    found[:8] = 100
    region[:8] = False
    made = dataclasses.replace(problem(Reconstruction(phase=truth)), object_region=region)
    assert score("phase_correlation", Reconstruction(phase=found), made) == pytest.approx(1)
    assert score("phase_correlation", Reconstruction(phase=found), dataclasses.replace(made, object_region=None)) < 0.5


def test_the_truth_has_no_residual_and_nothing_has_one():
    truth = Reconstruction(phase=smooth(), transmission=0.9 + 0.05 * smooth(1))
    made = problem(truth)
    assert score("intensity_residual", truth, made) < 1e-6
    empty = Reconstruction(phase=0 * smooth())
    assert score("intensity_residual", empty, made) == pytest.approx(1)
    assert score("intensity_residual", dataclasses.replace(truth, phase=truth.phase + 2), made) < 1e-5
    assert made.measurement.counters.operators == 0


def test_unmeasured_pixels_are_not_judged():
    truth = Reconstruction(phase=smooth())
    made = problem(truth)
    mask = np.ones(SHAPE, bool)
    mask[4:9, 7:12] = False
    broken = np.where(mask, made.measurement.intensity, 50.0)
    assert score("intensity_residual", truth, problem(truth, broken, mask=mask)) < 1e-6
    assert score("intensity_residual", truth, problem(truth, broken)) > 0.9


def test_the_residual_is_of_the_measurements_model():
    truth = Reconstruction(phase=0.5 * smooth(), transmission=np.ones(SHAPE))
    made = problem(truth, NearField(np.ones(SHAPE), model="fourier-born", **GEOMETRY).forward(truth), model="fourier-born")
    assert score("intensity_residual", truth, made) < 1e-6
    dark = dataclasses.replace(truth, transmission=np.zeros(SHAPE))
    assert math.isfinite(score("intensity_residual", dark, made))
