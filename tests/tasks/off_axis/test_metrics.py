import dataclasses
import math

import numpy as np
import pytest

import prbench
from prbench.core import Problem, Provenance, Reconstruction
from prbench.running.scoring import assess
from prbench.tasks.off_axis import Hologram
from prbench.tasks.off_axis.background import read_fringes
from prbench.tasks.off_axis.metrics import FIT_FAILED_RAD

SHAPE = (300, 320)
ROW, COLUMN = ((at - n / 2) / 160 for at, n in zip(np.indices(SHAPE), SHAPE, strict=True))
NAMES = ["fringe_residual", "background_flatness"]


def chart():
    """Bars of a radian, as on a resolution chart, blurred as an order of the spectrum blurs them."""
    from scipy.ndimage import gaussian_filter

    bars = np.zeros(SHAPE)
    for left in range(60, 260, 40):
        bars[60:150, left : left + 20] = 1
        bars[190:200, left : left + 30] = 1
    return gaussian_filter(bars, 2.0)


def problem(phase, curvature=0.0, **fields):
    """A hologram of a phase behind optics that are not telecentric: a curvature of so many radians at the frame's edge."""
    rows, columns = np.indices(SHAPE)
    fringes = 2 * math.pi * (0.31 * rows + 0.28 * columns)
    seen = 10 + 4 * np.cos(fringes + curvature * (ROW**2 + COLUMN**2) + phase)
    return Problem(Hologram(seen, **fields), None, "made", "test", Provenance("made", "none"))


def blotches(seed=0):
    from scipy.ndimage import gaussian_filter

    found = gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 8)
    return found / found.std()


@pytest.mark.parametrize("curvature", [0.0, 20.0, 50.0, -50.0])
def test_a_clean_phase_has_no_residual_whatever_the_optics_curve(curvature):
    """From zeros the fit ended in a local minimum at 50 rad, and blotches had less left than the chart."""
    made = problem(chart(), curvature)
    clean, _ = assess(Reconstruction(phase=chart()), made, NAMES)
    wrong, _ = assess(Reconstruction(phase=blotches()), made, NAMES)
    assert clean["fringe_residual"] < 0.05
    assert clean["background_flatness"] < 0.05
    assert wrong["fringe_residual"] > 0.4
    assert wrong["background_flatness"] > 0.5


@pytest.mark.parametrize("error", [10.0, 40.0])
def test_a_smooth_error_is_seen_in_the_background_alone(error):
    made = problem(chart(), 30.0)
    found = chart() + error * (ROW**2 - 0.5 * COLUMN)
    scores, notes = assess(Reconstruction(phase=found), made, NAMES)
    assert scores["fringe_residual"] < 0.05
    free = read_fringes(made.measurement)
    level = free.on_lattice(found)[free.free]
    assert scores["background_flatness"] == pytest.approx(np.sqrt(np.mean((level - np.median(level)) ** 2)), rel=1e-6)
    assert scores["background_flatness"] > 0.2 * error
    assert notes["free_share"] == pytest.approx(1 - np.mean(chart() > 0.1), abs=0.15)


def test_a_phase_that_no_fringes_carry_is_noted():
    made = problem(chart(), 20.0)
    noise = np.random.default_rng(0).uniform(-math.pi, math.pi, SHAPE)
    scores, notes = assess(Reconstruction(phase=noise), made, NAMES)
    assert FIT_FAILED_RAD < scores["fringe_residual"] < math.pi
    assert "aberration" in notes["fringe_residual"]
    assert "fringe_residual" not in assess(Reconstruction(phase=chart()), made, NAMES)[1]


def test_a_measured_background_takes_the_optics_away():
    empty = problem(np.zeros(SHAPE), 60.0).measurement.interferogram
    made = problem(chart(), 60.0, background=empty)
    scores, _ = assess(Reconstruction(phase=chart()), made, NAMES)
    assert scores["fringe_residual"] < 0.05


def test_the_other_sign_of_a_denser_object_has_no_residual_either():
    made = problem(chart(), 20.0, denser=True)
    for sign in (1, -1):
        assert assess(Reconstruction(phase=sign * chart()), made, NAMES)[0]["fringe_residual"] < 0.05
    told = dataclasses.replace(made, measurement=dataclasses.replace(made.measurement, denser=False))
    assert assess(Reconstruction(phase=-chart()), told, NAMES)[0]["fringe_residual"] > 0.2


def test_what_fourier_filtering_finds_is_what_the_fringes_carry():
    made = problem(chart(), 50.0)
    found = prbench.solve("fourier-filter", made.measurement, seed=0, backend="numpy").reconstruction
    scores, _ = assess(found, made, NAMES)
    assert scores["fringe_residual"] < 0.05
    assert scores["background_flatness"] < 0.05
