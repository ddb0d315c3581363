import dataclasses
import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import prbench
from prbench.core import Problem, Provenance, Reconstruction
from prbench.physics.aberrations import Polynomials
from prbench.running.scoring import assess
from prbench.tasks.off_axis import Hologram
from prbench.tasks.off_axis.background import read_fringes
from prbench.tasks.off_axis.metrics import FIT_FAILED_RAD

SHAPE = (300, 320)
ROW, COLUMN = ((at - n / 2) / 160 for at, n in zip(np.indices(SHAPE), SHAPE, strict=True))
NAMES = ["fringe_residual", "background_flatness"]


def chart():
    """Bars of a radian, as on a resolution chart, blurred as an order of the spectrum blurs them."""
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


WIDTHS = (0.1, 0.2, 0.3, 0.5)


def without_aberration(gap):
    """Root mean square off the rim, a polynomial of degree 4 removed: smooth errors are those that background_flatness sees."""
    inside = np.asarray(gap, np.float64)[16:-16, 16:-16]
    rows, columns = (np.linspace(-1, 1, n) for n in inside.shape)
    terms = Polynomials(rows, columns, 4).flat_terms.T
    fitted, *_ = np.linalg.lstsq(terms, inside.ravel(), rcond=None)
    return float(np.std(inside.ravel() - terms @ fitted))


@pytest.mark.parametrize("dataset", ["offaxis-cells[photons=30]", "offaxis-cells[photons=200]", "offaxis-cells[photons=none]"])
def test_filters_are_ranked_as_their_true_errors_rank_them(dataset):
    """A narrow filter loses the object, a wide one lets noise through; what is left in a fixed band ranks by width alone."""
    made = prbench.get_dataset(dataset).problem(1, split="tune")
    true, told = [], []
    for width in WIDTHS:
        found = prbench.solve(f"fourier-filter[radius={width}]", made.measurement, seed=0, backend="numpy").reconstruction
        true.append(without_aberration(found.phase - made.truth.phase))
        told.append(assess(found, made, NAMES)[0]["fringe_residual"])
    for one in range(len(WIDTHS)):
        for other in range(one):
            if max(true[one], true[other]) > 1.3 * min(true[one], true[other]) and max(true[one], true[other]) > 0.005:
                assert (true[one] < true[other]) == (told[one] < told[other]), (true, told)
    if "none" not in dataset:
        np.testing.assert_allclose(told[1:], true[1:], rtol=0.25)


def test_noise_that_an_answer_lacks_is_no_more_than_noise_that_it_has():
    made = prbench.get_dataset("offaxis-cells[photons=30]").problem(1, split="tune")
    found = prbench.solve("fourier-filter[radius=0.3]", made.measurement, seed=0, backend="numpy").reconstruction
    truth, half = (Reconstruction(phase=share * made.truth.phase) for share in (1, 0.5))
    told, clean, wrong = (assess(answer, made, NAMES)[0]["fringe_residual"] for answer in (found, truth, half))
    assert clean < told < 0.3 * wrong


def test_an_error_that_is_not_in_the_fringes_adds_to_the_noise():
    made = prbench.get_dataset("offaxis-cells[photons=200]").problem(0, split="tune")
    found = prbench.solve("fourier-filter[radius=0.3]", made.measurement, seed=0, backend="numpy").reconstruction
    error = gaussian_filter(np.random.default_rng(0).normal(size=found.phase.shape), 4)
    error *= 0.05 / error.std()
    worse = Reconstruction(phase=found.phase + error)
    first, second = (assess(answer, made, NAMES)[0]["fringe_residual"] for answer in (found, worse))
    assert math.sqrt(second**2 - first**2) == pytest.approx(0.05, rel=0.2)
