"""Coordinate networks as a prior: what a start may depend on, where points lie, 2D and 3D, and that a crystal is solved."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import prbench
from prbench.algorithms.far_field._lagrangian import FittedPattern
from prbench.algorithms.far_field._selection import Choice
from prbench.algorithms.far_field.double_nir import DoubleNir
from prbench.backend import get_backend
from prbench.tasks.far_field import FarField

SMALL = {"iterations": 12, "starts": 2, "finalists": 2, "channels": 8, "layers": 2}
ENCODINGS = ["sine", "fourier"]


def pattern_of(*shape: int) -> FarField:
    rng = np.random.default_rng(4)
    x = np.zeros(shape, complex)
    inside = tuple(slice(n // 4, n - n // 8) for n in shape)
    x[inside] = np.exp(1j * rng.standard_normal(x[inside].shape))
    doubled = [2 * n for n in shape]
    return FarField(np.fft.fftshift(abs(np.fft.fftn(x, doubled, range(len(shape)))) ** 2))


@pytest.fixture
def y() -> FarField:
    return pattern_of(16, 16).to(get_backend("torch", "double"))


def begun(solver, y, seeds):
    return solver.begin(y, FittedPattern.of(y), Choice(y, None), seeds)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("jitter", [0.0, 0.05])
def test_a_start_does_not_know_of_the_others(y, encoding, jitter):
    solver = DoubleNir(**SMALL, encoding=encoding, jitter=jitter)
    together = solver.estimates(y, solver.advance(y, begun(solver, y, [7, 8, 9]), 6))
    for row, seed in enumerate([7, 8, 9]):
        alone = solver.estimates(y, solver.advance(y, begun(solver, y, [seed]), 6))
        torch.testing.assert_close(alone[0], together[row], rtol=1e-6, atol=1e-8)
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_dropping_starts_changes_nothing_for_those_that_go_on(y, encoding):
    dropping, staying = (DoubleNir(**{**SMALL, "finalists": finalists}, encoding=encoding, screen=0.5) for finalists in (1, 4))
    few = dropping.advance(y, begun(dropping, y, [7, 8, 9, 10]), 12)
    all_ = staying.advance(y, begun(staying, y, [7, 8, 9, 10]), 12)
    assert (len(few.living), len(all_.living)) == (1, 4)
    torch.testing.assert_close(dropping.estimates(y, few)[0], staying.estimates(y, all_)[few.living[0]], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_seed_gives_the_same_answer_and_another_another(encoding):
    y = pattern_of(16, 16)
    one, two, other = (
        prbench.solve(DoubleNir(**SMALL, encoding=encoding), y, seed=seed).reconstruction.object for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert not np.allclose(one, other)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("shape", [(12, 17), (8, 9, 10)])
def test_an_answer_has_the_objects_shape_in_two_and_three_dimensions(encoding, shape):
    found = prbench.solve(DoubleNir(**SMALL, encoding=encoding), pattern_of(*shape)).reconstruction
    assert found.object.shape == shape
    assert np.iscomplexobj(found.object)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_what_stands_in_unmeasured_pixels_has_no_part(encoding):
    mask = np.random.default_rng(1).random((32, 32)) < 0.9
    mask[15:18, 15:18] = False
    plain = np.asarray(pattern_of(16, 16).intensity)
    one, two = (
        prbench.solve(DoubleNir(**SMALL, encoding=encoding), FarField(intensity, mask), seed=3).reconstruction.object
        for intensity in (plain, np.where(mask, plain, 1e6))
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("frame", [(8, 8), (9, 12), (4, 6, 5)])
def test_points_lie_on_a_lattice_of_one_spacing_round_the_centre(frame):
    points = DoubleNir().code(frame, torch.Generator())
    assert points.shape == (len(frame), *frame)
    torch.testing.assert_close(points.mean(dim=tuple(range(1, points.ndim))), torch.zeros(len(frame)))
    assert float(points.abs().max()) < 1
    for axis in range(len(frame)):
        steps = points[axis].diff(dim=axis)
        torch.testing.assert_close(steps, torch.full_like(steps, 2 / max(frame)))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_gradients_reach_every_weight_of_both_networks(y, encoding):
    solver = DoubleNir(**SMALL, encoding=encoding)
    state = solver.step(y, begun(solver, y, [1, 2]))
    magnitude, phase = (dict(network.named_parameters()) for network in state.networks)
    phase.popitem()  # the offset of the phase is a global phase, which no pattern sees: its gradient is rounding, or zero
    for name, parameter in [*magnitude.items(), *phase.items()]:
        assert all(bool(part.abs().max() > 1e-9) for part in parameter.grad), name


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_crystal_is_solved(encoding):
    problem = prbench.get_dataset("crystal2d[size=16]").make(3, 0, "tune")
    found = prbench.solve(f"double-nir[encoding={encoding},iterations=300,starts=4]", problem.measurement, seed=0)
    assert prbench.score(found.reconstruction, problem, ["sa_nmse"])["sa_nmse"] < 0.05
