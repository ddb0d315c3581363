"""Moving a frame with the object in it: what it finds, what it leaves as it was, and that a fit's objects come to the middle."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prbench.algorithms.far_field._centring import off_centre, ramped, rolled
from prbench.algorithms.far_field._lagrangian import FittedPattern
from prbench.algorithms.far_field._selection import Choice
from prbench.algorithms.far_field.double_dip_admm import DoubleDipADMM
from prbench.algorithms.far_field.double_nir import DoubleNir
from prbench.backend import get_backend
from prbench.tasks.far_field import FarField


def blobs(*shape: int) -> torch.Tensor:
    """One object each, of a quarter of the frame, anywhere; some of them over an edge."""
    rng = np.random.default_rng(3)
    objects = np.zeros(shape)
    objects[(slice(None), *(slice(0, n // 2) for n in shape[1:]))] = rng.uniform(0.5, 1, [shape[0], *(n // 2 for n in shape[1:])])
    rolls = rng.integers(0, 64, (shape[0], len(shape) - 1))
    return rolled(torch.as_tensor(objects), rolls)


@pytest.mark.parametrize("shape", [(9, 12, 15), (5, 8, 9, 10)])
def test_a_centred_object_stays(shape):
    objects = blobs(*shape)
    rolls = off_centre(objects)
    assert rolls.any()
    assert (abs(rolls) <= np.array(shape[1:]) / 2).all()
    assert not off_centre(rolled(objects, rolls)).any()


@pytest.mark.parametrize("side", [12, 15])
def test_a_single_pixel_comes_to_the_middle_on_the_shorter_way(side):
    for column in range(side):
        line = torch.zeros(1, side)
        line[0, column] = 2.0
        (roll,) = off_centre(line)[0]
        assert (column + roll) % side in ({side // 2} if side % 2 else {side // 2 - 1, side // 2})


def test_what_has_no_middle_stays():
    weights = torch.stack([torch.ones(9, 9), torch.full((9, 9), torch.nan), torch.zeros(9, 9)])
    weights[0, 2] += 1.0  # a middle along the first axis alone
    np.testing.assert_array_equal(off_centre(weights), [[2, 0], [0, 0], [0, 0]])


def test_the_ramp_is_what_rolling_does_to_a_spectrum():
    rng = np.random.default_rng(0)
    objects = torch.as_tensor(rng.standard_normal((3, 12, 9)) + 1j * rng.standard_normal((3, 12, 9)))
    rolls = rng.integers(-6, 6, (3, 2))
    expected = torch.fft.fftn(rolled(objects, rolls), dim=(1, 2))
    np.testing.assert_allclose(ramped(torch.fft.fftn(objects, dim=(1, 2)), rolls), expected, atol=1e-12)


def measured(**changes) -> FarField:
    x = np.zeros((24, 24), complex)
    x[6:15, 8:18] = np.exp(1j * np.hypot(*np.indices((9, 10))) / 4)
    return FarField(np.fft.fftshift(abs(np.fft.fftn(x, (48, 48), (0, 1))) ** 2), **changes).to(get_backend("torch"))


def begun(solver, seeds=(1, 2, 3)):
    y = measured()
    return y, solver.begin(y, FittedPattern.of(y), Choice(y, None), list(seeds))


@pytest.mark.parametrize(
    "solver", [DoubleDipADMM(channels=8, scales=2, jitter=0.0), DoubleNir(channels=16)], ids=["double-dip-admm", "double-nir"]
)
def test_a_move_rolls_what_is_drawn(solver):
    y, state = begun(solver)
    before = np.asarray(solver.estimates(y, state))[:, :24, :24]
    state.objects = None
    solver.move(state, np.array([[3, -2], [0, 0], [-5, 4]]))
    after = np.asarray(solver.estimates(y, state))[:, :24, :24]
    inside = (slice(6, 18), slice(6, 18))
    for one, moved, (down, right) in zip(before, after, [(3, -2), (0, 0), (-5, 4)], strict=True):
        expected = np.roll(one, (down, right), (0, 1))[inside]
        scale = np.vdot(moved[inside], expected) / np.vdot(moved[inside], moved[inside])  # each fits the pattern at its own
        np.testing.assert_allclose(scale * moved[inside], expected, rtol=1e-3, atol=1e-4 * abs(expected).max())


def off_middle(objects: torch.Tensor) -> np.ndarray:
    """Pixels by which each object is off the middle of its frame, along the axis on which it is farther."""
    return abs(off_centre(objects.abs().square())).max(axis=1)


MOVING = pytest.mark.parametrize(
    ("solver", "settings"),
    [(DoubleDipADMM, {"iterations": 200, "channels": 16, "scales": 2}), (DoubleNir, {"iterations": 200, "channels": 32})],
    ids=["double-dip-admm", "double-nir"],
)


@MOVING
def test_a_move_puts_what_is_drawn_in_the_middle_and_the_multiplier_with_it(solver, settings):
    solver = solver(**settings, jitter=0.0)
    y, state = begun(solver, range(1, 9))
    state = solver.advance(y, state, 5)
    state.objects = None  # what the networks draw after the step
    before = off_middle(solver._objects(y, state))
    assert np.median(before) >= 2
    rolls, memory = off_centre(state.objects.abs().square()), torch.fft.ifftn(state.multiplier, dim=(1, 2))
    solver._centre(state)
    state.objects = None
    after = off_middle(solver._objects(y, state))
    if isinstance(solver, DoubleNir):  # what lies beyond an edge is drawn anew, and has a share in the middle
        assert np.median(after) <= np.median(before) / 2
    else:
        assert not after.any()
    np.testing.assert_allclose(torch.fft.ifftn(state.multiplier, dim=(1, 2)), rolled(memory, rolls), rtol=1e-4, atol=1e-7)


@MOVING
def test_objects_come_to_the_middle_where_frames_move_and_not_where_they_stay(solver, settings):
    """The median of 16 starts: where a single one stands after 120 steps depends on rounding, which CPUs do differently."""
    off = {}
    for centring in (10, 0):
        moving = solver(**settings, centring=centring)
        y, state = begun(moving, range(1, 17))
        state = moving.advance(y, state, 120)
        assert state.multiplier is not None
        off[centring] = np.median(off_middle(state.objects))
    assert off[10] <= 3
    assert off[0] >= 5  # an object of 9 by 10 pixels touches the edge of its frame of 24 at 7


@pytest.mark.parametrize("how", [{"magnitude": "uniform"}, {"centring": 0}])
def test_a_frame_that_its_object_fills_or_that_is_to_stay_is_not_moved(how):
    solver = DoubleDipADMM(iterations=200, channels=8, scales=2, **how)
    y, state = begun(solver)
    assert not solver.advance(y, state, 20).rolls.any()
