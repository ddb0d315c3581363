import dataclasses
import math
import os

import numpy as np
import pytest
import torch

import prbench
from prbench.algorithms.near_field._misfit import balance, balanced, divided, gaps, in_range, misfits, variation
from prbench.algorithms.near_field._parts import cosines, object_parts
from prbench.algorithms.near_field.ctf import ContrastTransferFunction
from prbench.algorithms.near_field.untrained import UntrainedResU2Net, UntrainedU2Net, UntrainedUNet
from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.core.network_size import parameter_count
from prbench.errors import BadInput

TORCH = get_backend("torch", "double")
SOLVERS = [UntrainedUNet, UntrainedU2Net, UntrainedResU2Net]
QUARTER = math.pi / 2


def problem(**changes):
    return prbench.get_dataset("radiograph", **{"size": 48, "distance_m": 3e-3, "padding": 16, **changes}).problem(
        0, split="tune"
    )


@pytest.fixture(scope="module")
def y():
    return problem().measurement.to(TORCH)


def begun(solver, y, seed=0, steps=0):
    state = solver.init(y, np.random.default_rng(seed))
    for _ in range(steps):
        state = solver.step(y, state)
    return state


@pytest.mark.parametrize(("size", "parameters"), [("small", (1.0e6, 1.2e6)), ("published", (7.7e6, 46e6))])
@pytest.mark.parametrize("solver", SOLVERS)
def test_networks_have_the_size_that_they_say(solver, size, parameters):
    with torch.device("meta"):
        network, last = solver(size=size).network(2, 1, 440)
    assert parameters[0] < parameter_count(network) < parameters[1]
    assert last.out_channels == 1


@pytest.mark.parametrize("ends", [(0.0, QUARTER), (-1.0, math.inf), (-math.inf, 0.5), None])
def test_whatever_a_network_answers_the_phase_is_in_its_range(y, ends):
    told = y._derived(phase_range=ends)
    parts = object_parts(told, None)
    raw = 20 * torch.randn((1, *y.shape), dtype=torch.double, generator=torch.Generator().manual_seed(0))
    phase, transmission = parts.object_of(parts.maps(raw))
    low, high = ends or (-math.inf, math.inf)
    assert phase.min() >= low
    assert phase.max() <= high
    assert phase.std() > 0
    assert transmission is None


@pytest.mark.parametrize("ends", [(0.0, QUARTER), (-1.0, math.inf), (-math.inf, 0.5), None])
def test_an_answer_of_nothing_is_the_start(y, ends):
    told = y._derived(phase_range=ends)
    picture = 0.6 * torch.rand(y.shape, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    parts = object_parts(told, Reconstruction(phase=picture))
    maps = parts.maps(torch.zeros((1, *y.shape), dtype=torch.double))
    moved = in_range(picture, ends)
    torch.testing.assert_close(maps[0], moved, atol=0.08, rtol=0)  # a start is kept off the ends of its range
    torch.testing.assert_close(moved - moved.mean(), picture - picture.mean())


@pytest.mark.parametrize("ends", [(0.6, 1.0), (0.0, 1.0), (0.5, math.inf)])
def test_whatever_a_network_answers_the_transmission_is_in_its_range(y, ends):
    told = y._derived(pure_phase=False, amplitude_range=ends)
    parts = object_parts(told, None)
    raw = 20 * torch.randn((2, *y.shape), dtype=torch.double, generator=torch.Generator().manual_seed(0))
    _, transmission = parts.object_of(parts.maps(raw))
    assert ends[0] <= transmission.min() < transmission.max() <= ends[1]
    _, nothing = parts.object_of(parts.maps(0 * raw))
    assert 0.95 < nothing.min() <= nothing.max() < 1.06  # as near to the empty beam as a start may come to an end


def test_an_object_that_may_absorb_has_a_transmission(y):
    free = y._derived(pure_phase=False)
    start = Reconstruction(
        phase=torch.zeros(y.shape, dtype=torch.double), transmission=torch.full(y.shape, 0.8, dtype=torch.double)
    )
    parts = object_parts(free, start)
    assert parts.outputs == 2
    _, transmission = parts.object_of(parts.maps(torch.zeros((2, *y.shape), dtype=torch.double)))
    torch.testing.assert_close(transmission, start.transmission)


def test_the_transmission_of_one_material_follows_its_phase():
    made = problem(delta_beta=20)
    y = made.measurement.to(TORCH)
    parts = object_parts(y, None)
    assert parts.outputs == 1
    _, transmission = parts.object_of(torch.as_tensor(made.truth.phase, dtype=torch.double)[None])
    np.testing.assert_allclose(transmission.numpy(), made.truth.transmission, rtol=1e-5)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_fit_begins_with_the_linear_answer(y, solver):
    one = solver(start="ctf", holdout=0)
    state = begun(one, y)
    linear = in_range(ContrastTransferFunction().solve(y, np.random.default_rng(0)).phase, y.phase_range)
    inside = (linear > 0.1) & (linear < QUARTER - 0.1)
    assert inside.any()
    torch.testing.assert_close(one.estimate(y, state).phase[inside], linear[inside])


@pytest.mark.parametrize("model", ["angular-spectrum", "fresnel", "fourier-born"])
def test_the_truth_has_no_misfit_under_its_model(model):
    made = problem(model=model, strength=0.5 if model == "angular-spectrum" else 0.001)
    y = made.measurement.to(TORCH)
    gaps = misfits(y, torch.as_tensor(made.truth.phase, dtype=torch.double), None)
    assert gaps.mean() < 1e-3 * (torch.sqrt(y.intensity) - 1).square().mean()


def test_without_weights_worth_the_name_all_waves_of_a_misfit_count_alike(y):
    gap = torch.randn(y.shape, dtype=torch.double, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(balanced(gap, balance(y, 1e12)), gap.square().sum())


def test_equally_high_waves_of_a_phase_are_missed_equally(y):
    missed = []
    turns = 2 * math.pi * torch.arange(y.shape[1], dtype=torch.double) / y.shape[1]
    for waves in (1, 3):
        phase = 1e-5 * torch.cos(waves * turns).repeat(y.shape[0], 1)
        told = y._derived(intensity=torch.ones_like(phase), padding=0)
        gap = gaps(told, phase, None)
        missed.append((float(balanced(gap, balance(told, 1e-9))), float(gap.square().sum())))
    assert missed[0][1] < 0.05 * missed[1][1]
    assert missed[0][0] == pytest.approx(missed[1][0], rel=0.01)


def test_the_slowest_waves_are_orthonormal():
    found = cosines(50, 9, torch.double, torch.device("cpu"))
    torch.testing.assert_close(found @ found.T / 50, torch.eye(9, dtype=torch.double))


def test_the_slow_waves_beside_a_network_are_fitted_only_where_the_response_is_known(y):
    assert begun(UntrainedUNet(slow_rate=0), y).slow is None
    free = begun(UntrainedUNet(), y._derived(pure_phase=False))
    assert free.slow is None
    assert free.weights is None
    state = begun(UntrainedUNet(), y, steps=2)
    assert state.slow is not None
    assert bool((state.slow != 0).all())


def test_variation_is_that_of_a_ramp():
    ramp = 0.3 * torch.arange(20.0)[:, None] + 0.4 * torch.arange(30.0)
    assert float(variation(ramp)) == pytest.approx(0.5, rel=1e-3)


def test_what_is_held_out_is_not_seen(y):
    """Fits to two intensities that differ where pixels are held out go the same way."""
    _, free = divided(y, 0.05, np.random.default_rng(0))
    assert 0.04 < float(free.double().mean()) < 0.06
    other = y._derived(intensity=torch.where(free, 2 * y.intensity, y.intensity))
    one = UntrainedUNet(start="ctf")
    first, second = begun(one, y, steps=3), begun(one, other, steps=3)
    assert torch.equal(first.free, second.free)
    assert torch.equal(first.mean, second.mean)
    assert not np.array_equal(first.stopping.scores, second.stopping.scores)


def test_what_stands_in_masked_pixels_does_not_matter():
    made = problem().measurement
    mask = np.ones(made.shape, bool)
    mask[10:20, 30:34] = False
    found = []
    for filling in (1.0, 50.0):
        seen = np.where(mask, made.intensity, filling)
        y = dataclasses.replace(made, intensity=seen, mask=mask).to(TORCH)
        state = begun(UntrainedUNet(), y, steps=3)
        assert state.free is not None
        assert not bool((state.free & ~y.mask).any())
        found.append(state.mean)
    assert torch.equal(*found)


@pytest.mark.parametrize(
    ("changes", "floor", "ffts"),
    [
        ({}, None, 4),
        ({}, 0.1, 5),
        ({"model": "fourier-born"}, None, 4),
        ({"pure_phase": False, "model": "fourier-born"}, 0.1, 6),
    ],
)
def test_a_step_is_one_application_of_the_model_and_one_of_its_adjoint(y, changes, floor, ffts):
    told = y._derived(**changes)
    one = UntrainedUNet(floor=floor)
    state = begun(one, told)
    before = dataclasses.replace(told.counters)
    one.step(told, state)
    assert (told.counters.operators - before.operators, told.counters.ffts - before.ffts) == (2, ffts)


def test_of_all_steps_the_one_is_kept_that_explains_best_what_was_held_out(y):
    one = UntrainedUNet(iterations=40)
    state = begun(one, y)
    scores = [float(state.stopping.scores[0])]
    for _ in range(40):
        state = one.step(y, state)
        with torch.no_grad():
            now = float(misfits(y, *state.parts.object_of(state.mean))[state.free].mean())
        if state.steps % 5 == 0:
            scores.append(now)
    assert float(state.stopping.scores[0]) == pytest.approx(min(scores))
    assert one.estimate(y, state).aux["chosen_step"] == 5 * int(np.argmin(scores))


def test_a_fit_that_gets_no_better_ends(y):
    one = UntrainedUNet(iterations=1000, patience=10, rate=1e-12, slow_rate=0, start="ctf")
    found = prbench.solve(one, y)
    assert found.cost.iterations < 100


@pytest.mark.parametrize(
    ("solver", "start", "steps"),
    [
        (UntrainedUNet, "none", 60),
        (UntrainedUNet, "least-variation", 2),
    ],
)
def test_a_network_gains_on_the_linear_answer(solver, start, steps):
    made = problem()
    found = prbench.solve(solver(start=start, start_steps=40, iterations=steps), made.measurement, seed=1)
    linear = prbench.solve("ctf", made.measurement)
    errors = [error(one.reconstruction.phase, made.truth.phase) for one in (found, linear)]
    assert errors[0] < errors[1]


@pytest.mark.parametrize(("solver", "steps"), [(UntrainedUNet, 60), (UntrainedResU2Net, 40)])
def test_a_network_that_starts_from_the_linear_answer_fits_the_measurement_better(solver, steps):
    """What the fit minimises; the phase's error after so few steps depends on the seed, 0.8 to 1.3 of the linear answer's."""
    made = problem()
    found = prbench.solve(solver(start="ctf", start_steps=40, iterations=steps), made.measurement, seed=1)
    linear = prbench.solve("ctf", made.measurement)
    misfits_ = [prbench.score(one.reconstruction, made)["intensity_residual"] for one in (found, linear)]
    assert misfits_[0] < misfits_[1]


def error(found, truth):
    return float(np.std(found - truth))


def test_frames_too_small_for_a_network_are_refused():
    made = problem().measurement
    y = dataclasses.replace(made, intensity=made.intensity[:12], mask=None)
    with pytest.raises(BadInput, match=r"unet .*\b16 x 16\b.*\(12, "):
        prbench.solve(UntrainedUNet(), y)


@pytest.mark.skipif("PRBENCH_DATA" not in os.environ, reason="PRBENCH_DATA does not say where measured data are")
def test_beads_appear_in_a_measured_hologram():
    made = prbench.get_dataset("beads").problem(0)
    found = prbench.solve(UntrainedUNet(iterations=60), made.measurement)
    assert np.corrcoef(found.reconstruction.phase.ravel(), made.truth.phase.ravel())[0, 1] > 0.6


@pytest.mark.parametrize("start", ["none", "auto", "least-variation"])
@pytest.mark.parametrize("absorbing", [False, True])
def test_its_size_is_that_of_the_network_that_it_fits(y, start, absorbing):
    told, solver = (y._derived(pure_phase=False) if absorbing else y), UntrainedUNet(start=start, start_steps=1)
    assert solver.network_size(told)[0] == parameter_count(begun(solver, told).network)
