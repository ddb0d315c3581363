import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.core import Case, NearField, Problem, Provenance, Reconstruction
from prbench.errors import BadInput
from prbench.metrics import naturalness
from prbench.metrics._brisque import BRISQUE_WORST, brisque_enlargement
from prbench.metrics._niqe import NIQE_WORST, niqe_enlargement
from prbench.metrics.naturalness import as_8bit, brisque, brisque_of_phase, niqe, niqe_of_phase
from prbench.running.scoring import assess


def problem_of(shape, truth=None, region=None):
    y = NearField(np.ones(shape), wavelength_m=632.8e-9, pixel_m=8e-6, distance_m=1e-3)
    known = None if truth is None else Reconstruction(phase=truth)
    return Problem(y, known, "test", "test", Provenance("simulated", "none"), object_region=region)


def judged(monkeypatch, found, **problem):
    """The image that a metric hands to its judge, and the notes."""
    seen = []
    monkeypatch.setattr(naturalness, "brisque", lambda image: seen.append(image) or 1.0)
    case = Case(Reconstruction(phase=found), problem_of(found.shape, **problem))
    assert brisque_of_phase(case) == 1.0
    return seen[0], case.notes


def picture(side, seed=0):
    """Smooth structure with some noise, so that every statistic is defined."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((side, side)) / side
    return np.sin(9 * rows) * np.cos(7 * columns + rows) + 0.1 * rng.normal(size=(side, side))


def test_a_phase_is_scored_as_its_image():
    truth = picture(192)
    case = Case(Reconstruction(phase=truth + 5.0), problem_of(truth.shape, truth=truth))
    levels = as_8bit(255 * (truth - truth.min()) / np.ptp(truth))
    assert niqe_of_phase(case) == pytest.approx(niqe(levels))
    assert brisque_of_phase(case) == pytest.approx(brisque(levels))
    assert not {"niqe", "brisque"} & set(case.notes)


@pytest.mark.parametrize("judge", [brisque, niqe])
def test_what_is_no_8_bit_image_is_refused(judge):
    for wrong in (np.zeros((200, 200)), np.zeros((3, 200, 200), np.uint8), np.zeros((0, 200), np.uint8)):
        with pytest.raises(BadInput, match="uint8"):
            judge(wrong)


def test_grey_levels_are_rounded_and_clipped():
    levels = as_8bit(np.array([[-900.0, -0.4, 0.6, 127.5, 255.4, 1e9]]))
    assert levels.tolist() == [[0, 0, 1, 128, 255, 255]]


def test_with_truth_its_range_is_black_to_white_and_the_offset_is_removed(monkeypatch):
    truth = np.random.default_rng(0).uniform(2, 3, (40, 50))
    image, notes = judged(monkeypatch, truth - 7.0, truth=truth)
    assert np.array_equal(image, as_8bit(255 * (truth - truth.min()) / np.ptp(truth)))
    assert (notes["grey_0_rad"], notes["grey_255_rad"]) == (truth.min(), truth.max())
    assert "truth" in notes["grey_levels"]


def test_without_truth_percentiles_are_black_and_white(monkeypatch):
    phase = np.linspace(0, 1, 2000).reshape(40, 50)
    image, notes = judged(monkeypatch, phase)
    assert notes["grey_0_rad"] == pytest.approx(0.005, abs=1e-3)
    assert notes["grey_255_rad"] == pytest.approx(0.995, abs=1e-3)
    assert (image.min(), image.max()) == (0, 255)


def test_the_image_is_the_rectangle_about_the_region(monkeypatch):
    region = np.zeros((40, 50), bool)
    region[3:39, 5:48] = True
    phase = np.random.default_rng(0).uniform(size=(40, 50))
    assert judged(monkeypatch, phase, region=region)[0].shape == (36, 43)


def test_a_truth_without_range_gives_no_score():
    scores, notes = assess(Reconstruction(phase=np.eye(40)), problem_of((40, 40), truth=np.ones((40, 40))), ["brisque"])
    assert math.isnan(scores["brisque"])
    assert "1 rad" in notes["brisque"]


@pytest.mark.parametrize("with_truth", [True, False])
@pytest.mark.parametrize("side", [192, 40])
def test_a_flat_phase_gets_the_worst_score_and_a_note(with_truth, side):
    truth = picture(side) if with_truth else None
    scores, notes = assess(Reconstruction(phase=np.full((side, side), 0.3)), problem_of((side, side), truth), ["brisque", "niqe"])
    assert scores == {"brisque": BRISQUE_WORST, "niqe": NIQE_WORST}
    for name in scores:
        assert "structure" in notes[name]


def test_a_phase_flat_but_for_a_few_pixels_is_flat_where_percentiles_set_its_levels():
    phase = np.zeros((192, 192))
    phase[50, 60] = 1.0
    scores, _ = assess(Reconstruction(phase=phase), problem_of(phase.shape), ["brisque", "niqe"])
    assert scores == {"brisque": BRISQUE_WORST, "niqe": NIQE_WORST}


def test_a_small_phase_is_scored_and_noted():
    phase = picture(110)
    scores, notes = assess(Reconstruction(phase=phase), problem_of(phase.shape, phase), ["brisque", "niqe"])
    assert all(math.isfinite(value) for value in scores.values())
    assert "110x110" in notes["niqe"]
    assert "2 times" in notes["niqe"]
    assert "brisque" not in notes
    levels = as_8bit(255 * (phase - phase.min()) / np.ptp(phase))
    assert scores["niqe"] == niqe(np.pad(levels, (0, 110), mode="symmetric"))


@given(st.integers(1, 300), st.integers(1, 300))
def test_an_image_is_enlarged_no_more_than_it_needs(rows, columns):
    def blocks(times):
        return (times * rows // 96) * (times * columns // 96)

    times = niqe_enlargement((rows, columns))
    assert blocks(times) >= 2 > (blocks(times - 1) if times > 1 else 0)
    times = brisque_enlargement((rows, columns))
    assert times * min(rows, columns) >= 32 > (times - 1) * min(rows, columns)


def test_a_reconstruction_without_phase_has_no_score():
    case = Case(Reconstruction(image=np.ones((192, 192))), problem_of((192, 192)))
    assert math.isnan(brisque_of_phase(case))
    assert math.isnan(niqe_of_phase(case))
