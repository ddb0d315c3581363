import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prbench.core import Case, Problem, Provenance, Reconstruction
from prbench.errors import BadInput
from prbench.metrics.surface import height_error, height_error_skewness, mesh_mse, mesh_skewness, relief_skewness, skewness
from prbench.physics.surface import equiangular_skewness, triangulate
from prbench.running.scoring import assess
from prbench.tasks.near_field import NearField

WAVELENGTH_M = 632.8e-9


def measured(shape, **physics):
    geometry = {"wavelength_m": WAVELENGTH_M, "pixel_m": 8e-6, "distance_m": 1e-3, "refractive_contrast": 0.5}
    return NearField(np.ones(shape), **{**geometry, **physics})


def case_of(truth, found, region=None, **physics):
    known = None if truth is None else Reconstruction(phase=truth)
    problem = Problem(measured(np.shape(found), **physics), known, "test", "test", Provenance("simulated", "none"))
    return Case(Reconstruction(phase=found), replace(problem, object_region=region))


def bumps(size=24, height=1.5):
    rows, columns = np.meshgrid(*2 * [np.linspace(-2, 2, size)], indexing="ij")
    return height * np.exp(-(rows**2) - (columns - 0.4) ** 2)


def test_the_height_of_a_known_error_is_found():
    truth = bumps()
    ripple = np.indices(truth.shape).sum(axis=0) % 2 * 0.2 - 0.1  # rms 0.1 rad
    per_radian = WAVELENGTH_M / (2 * math.pi * 0.5)
    assert mesh_mse(case_of(truth, truth + ripple)) == pytest.approx((0.1 * per_radian) ** 2)
    assert mesh_mse(case_of(truth, truth)) == 0
    in_reflection = case_of(truth, truth + ripple, refractive_contrast=None, reflection=True)
    assert mesh_mse(in_reflection) == pytest.approx((0.1 * WAVELENGTH_M / (4 * math.pi)) ** 2)


@given(st.floats(-100, 100), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_no_score_sees_an_offset(offset, seed):
    truth = bumps()
    found = truth + 0.3 * np.random.default_rng(seed).normal(size=truth.shape)
    for metric in (mesh_mse, mesh_skewness, relief_skewness, height_error_skewness):
        assert metric(case_of(truth, found + offset)) == pytest.approx(metric(case_of(truth, found)), rel=1e-6)


def test_a_steeper_surface_has_worse_triangles():
    meshes = [triangulate(scale * 1e-7 * bumps(), 1e-6) for scale in (0.0, 1.0, 10.0, 100.0)]
    values = [float(equiangular_skewness(mesh).mean()) for mesh in meshes]
    assert values[0] == pytest.approx(0.25)
    assert values == sorted(values)
    assert values[-1] > 0.3


def test_the_mesh_of_a_wrong_surface_is_told_from_the_truths():
    """Truth, constant and noise all have 0.25 where heights stand on pixels as they are."""
    truth = bumps(size=48, height=3.0)
    noise = np.random.default_rng(0).normal(scale=1.0, size=truth.shape)
    answers = (truth + 0.01 * noise, 0 * truth, noise, 0.5 * truth)
    nearly, flat, rough, half = (mesh_skewness(case_of(truth, found)) for found in answers)
    assert mesh_skewness(case_of(truth, truth)) == 0
    assert mesh_skewness(case_of(truth, truth + 7.0)) < 1e-9
    assert 0 < nearly < 0.002 < half < flat < rough
    assert mesh_skewness(case_of(truth, -truth)) == pytest.approx(0), "a mirror image has the same triangles"


def test_the_exaggeration_makes_the_truth_a_tenth_as_high_as_its_region_is_long():
    ramp = np.broadcast_to(np.linspace(0, 1, 41), (16, 41))  # a run of 40 pixels rises by 4 of them: a tenth per pixel
    case = case_of(ramp, 0 * ramp)
    slope = 0.1
    legs = np.array([[1.0, 0, slope], [0, 1.0, 0]])
    a, b = legs
    angles = [
        math.degrees(math.acos(u @ v / np.linalg.norm(u) / np.linalg.norm(v))) for u, v in ((a, b), (-a, b - a), (-b, a - b))
    ]
    tilted = max((max(angles) - 60) / 120, (60 - min(angles)) / 60)
    assert mesh_skewness(case) == pytest.approx(abs(tilted - 0.25), rel=1e-6)
    assert len(re.findall(r"\d[\d.]*", case.notes["mesh_skewness"])) == 1
    finer = case_of(ramp, 0 * ramp, pixel_m=16e-6)
    assert mesh_skewness(finer) == pytest.approx(mesh_skewness(case)), "the exaggeration takes the scale of heights away"
    level = case_of(0 * ramp, ramp)
    assert math.isnan(mesh_skewness(level))
    assert "flat" in level.notes["mesh_skewness"]


def test_a_relief_is_as_high_as_its_grey_levels():
    ramp = np.broadcast_to(np.linspace(0, 1, 256), (16, 256))  # a level a pixel: legs of 1 and sqrt(2)
    angle = math.degrees(math.atan(1 / math.sqrt(2)))
    assert relief_skewness(case_of(7.0 * ramp, 7.0 * ramp + 3.0)) == pytest.approx((60 - angle) / 60)
    assert relief_skewness(case_of(7.0 * ramp, 7.0 * ramp)) == pytest.approx(relief_skewness(case_of(ramp, ramp)))
    known, unknown = case_of(ramp, ramp, refractive_contrast=None), case_of(None, ramp, refractive_contrast=None)
    assert relief_skewness(unknown) == pytest.approx(relief_skewness(known), rel=0.02)  # white is the percentile 99.5 then
    level = case_of(np.ones((16, 16)), np.eye(16))
    assert math.isnan(relief_skewness(level))
    assert "1 rad" in level.notes["relief_skewness"]


def test_only_the_region_counts():
    truth, region = bumps(), np.ones((24, 24), bool)
    region[:, :8] = False
    found = np.where(region, truth, truth + np.random.default_rng(0).normal(size=truth.shape))
    assert mesh_mse(case_of(truth, found, region)) == pytest.approx(0, abs=1e-30)
    assert mesh_skewness(case_of(truth, found, region)) == pytest.approx(mesh_skewness(case_of(truth, truth, region)))


def test_errors_that_are_seldom_and_large_are_skew():
    truth, spikes = np.zeros((24, 24)), np.zeros((24, 24))
    spikes[::6, ::6] = 1.0
    share = float((spikes > 0).mean())
    expected = (1 - 2 * share) / math.sqrt(share * (1 - share))  # of a coin
    for sign, word in ((1, "positive"), (-1, "negative")):
        case = case_of(truth, sign * spikes)
        assert height_error_skewness(case) == pytest.approx(expected)
        assert case.notes["height_error_skewness"] == word
    assert math.isnan(height_error_skewness(case_of(truth, truth)))
    assert skewness(1e-9 * np.array([-1.0, 0, 1])) == 0


def test_a_wrapped_phase_is_unwrapped_and_a_true_wall_is_left_standing():
    truth = bumps(size=48, height=14.0)
    wrapped = case_of(truth, np.angle(np.exp(1j * truth)))
    assert mesh_mse(wrapped) == pytest.approx(0, abs=1e-25)
    assert wrapped.notes["phase"] == "unwrapped"
    wall = np.where(np.arange(24) < 12, 0.0, 4.0) * np.ones((24, 1))
    case = case_of(wall, wall)
    assert mesh_mse(case) == 0
    assert case.notes["phase"] == "as reconstructed"


def test_without_a_height_of_a_radian_there_is_no_score():
    scores, notes = assess(
        Reconstruction(phase=bumps()),
        case_of(bumps(), bumps(), refractive_contrast=None).problem,
        ["mesh_mse", "mesh_skewness", "height_error_skewness"],
    )
    assert all(math.isnan(value) for value in scores.values())
    assert len(scores) == 3
    assert "reconstructed" in notes.pop("phase")
    assert notes.keys() == scores.keys()
    assert all("radian" in note for note in notes.values())


def test_the_record_states_what_turns_phase_into_height():
    assert measured((16, 16)).describe()["refractive_contrast"] == 0.5
    with pytest.raises(BadInput, match=r"\brefractive_contrast\b.*\breflection\b"):
        measured((16, 16), reflection=True)
    with pytest.raises(BadInput, match=r"^refractive_contrast .*\b0\.0"):
        measured((16, 16), refractive_contrast=0.0)


def test_heights_of_different_frames_are_refused():
    with pytest.raises(BadInput, match=r"\(4, 4\), \(4, 5\)"):
        height_error(np.zeros((4, 4)), np.zeros((4, 5)))
    with pytest.raises(BadInput, match="empty"):
        height_error(np.zeros((4, 4)), np.zeros((4, 4)), np.zeros((4, 4), bool))
