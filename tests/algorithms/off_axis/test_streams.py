import dataclasses
import math

import numpy as np
import pytest

import prbench
from prbench.algorithms.off_axis import _reading
from prbench.tasks.off_axis import Hologram

SIDE = 128


def phase_at(time):
    """A round object that moves, 3 rad high, zero around it."""
    rows, columns = np.indices((SIDE, SIDE))
    q = ((rows - 50 - time) ** 2 + (columns - 60 - 2 * time) ** 2) / 15**2
    return 3 * np.exp(-(q**2))


def frame(time=0, carrier=(0.17, 0.23), bend=2.0, **known):
    """A hologram of it, with a little noise of its own."""
    rows, columns = np.indices((SIDE, SIDE))
    aberration = bend * ((rows / SIDE - 0.5) ** 2 + (columns / SIDE - 0.4) ** 2)
    fringes = np.cos(2 * math.pi * (carrier[0] * rows + carrier[1] * columns) + aberration + phase_at(time))
    noise = np.random.default_rng(time).standard_normal((SIDE, SIDE))
    return Hologram((100 + 60 * fringes + 2 * noise).astype(np.float32), **known)


@pytest.fixture
def searches(monkeypatch):
    """How often a carrier has been searched for."""
    count = []
    search = _reading.find_carrier
    monkeypatch.setattr(_reading, "find_carrier", lambda *given: count.append(1) or search(*given))
    return count


def variants():
    mask = np.ones((SIDE, SIDE), bool)
    mask[90:100, 20:30] = False
    empty = frame(carrier=(0.17, 0.23)).interferogram
    return {
        "plain": frame(),
        "mask": frame(mask=mask),
        "background": dataclasses.replace(frame(time=1), background=empty),
        "hint": frame(carrier=(0.17, 0.23), denser=True),
    }


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("kind", ["plain", "mask", "background", "hint"])
def test_a_frame_has_the_same_answer_with_memory_and_without(library, kind, searches):
    y = variants()[kind]
    expected = prbench.solve("fourier-filter", y, backend=library).reconstruction
    with prbench.open("fourier-filter", backend=library) as session:
        first, second = session.solve(y), session.solve(y)
    assert len(searches) == 2
    for found in (first, second):
        np.testing.assert_array_equal(found.reconstruction.phase, expected.phase)
        np.testing.assert_array_equal(found.reconstruction.aux["carrier"], expected.aux["carrier"])
    assert first.cost.stream_fft is None
    assert second.cost.stream_fft == second.cost.cost_fft


def test_frames_of_a_camera_are_solved_by_what_the_first_one_tells(searches):
    with prbench.open("fourier-filter", backend="numpy") as session:
        for time in range(4):
            found = session.solve(frame(time)).reconstruction.phase
            gap = found - phase_at(time)
            assert np.sqrt(np.mean((gap - np.median(gap)) ** 2)) < 0.05
    assert len(searches) == 1


@pytest.mark.parametrize(
    "change", [{"carrier": (0.2, 0.2)}, {"bend": 9.0}, {"carrier": (0.17, 0.24)}], ids=["carrier", "optics", "tilt"]
)
def test_optics_that_change_are_searched_anew(change, searches):
    y = frame(1, **change)
    expected = prbench.solve("fourier-filter", y, backend="numpy").reconstruction.phase
    with prbench.open("fourier-filter", backend="numpy", like=frame()) as session:
        np.testing.assert_array_equal(session.solve(y).reconstruction.phase, expected)
    assert len(searches) == 3


def test_frames_of_another_shape_or_mask_are_searched_anew(searches):
    mask = np.ones((SIDE, SIDE), bool)
    mask[:4] = False
    small = Hologram(frame().interferogram[:100, :100])
    with prbench.open("fourier-filter", backend="numpy", like=frame()) as session:
        for y in (small, frame(mask=mask), frame(mask=mask[::-1].copy())):
            session.solve(y)
    assert len(searches) == 4


def test_a_solver_without_memory_has_no_cost_within_a_session():
    with prbench.open("sparsemask[weights=random]", backend="torch") as session:
        assert [session.solve(frame()).cost.stream_fft for _ in range(2)] == [None, None]
