"""Untrained priors: what a start may depend on, what is counted, which starts go on, and that crystals are solved."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import prbench
from prbench.algorithms.far_field._lagrangian import FittedPattern
from prbench.algorithms.far_field._selection import Choice
from prbench.algorithms.far_field.dip import DeepImagePrior
from prbench.algorithms.far_field.dip_polar import DeepImagePriorPolar
from prbench.algorithms.far_field.double_dip_admm import DoubleDipADMM
from prbench.algorithms.far_field.double_dip_published import DoubleDipPublished
from prbench.algorithms.far_field.double_dip_ri import DoubleDipRI
from prbench.backend import get_backend
from prbench.tasks.far_field import FarField

SMALL = {"iterations": 12, "starts": 2, "finalists": 2, "channels": 8, "scales": 2}
PRIORS = [DeepImagePrior, DeepImagePriorPolar, DoubleDipADMM, DoubleDipRI]


def measured(**changes) -> FarField:
    rng = np.random.default_rng(4)
    x = np.zeros((16, 16), complex)
    x[4:12, 3:13] = np.exp(1j * rng.standard_normal((8, 10)))
    intensity = np.fft.fftshift(abs(np.fft.fftn(x, (32, 32), (0, 1))) ** 2)
    return FarField(intensity, **changes).to(get_backend("torch", "double"))


def begun(solver, y, seeds):
    return solver.begin(y, FittedPattern.of(y), Choice(y, None), seeds)


def objects(solver, y, state) -> np.ndarray:
    return np.asarray(solver.estimates(y, state))


@pytest.mark.parametrize("prior", PRIORS)
def test_a_start_does_not_know_of_the_others(prior):
    solver, y = prior(**SMALL), measured()
    together = solver.advance(y, begun(solver, y, [7, 8, 9]), 6)
    for row, seed in enumerate([7, 8, 9]):
        alone = solver.advance(y, begun(solver, y, [seed]), 6)
        np.testing.assert_allclose(objects(solver, y, alone)[0], objects(solver, y, together)[row], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("prior", PRIORS)
def test_dropping_starts_changes_nothing_for_those_that_go_on(prior):
    y = measured()
    dropping, staying = (prior(**{**SMALL, "finalists": finalists}, screen=0.5) for finalists in (1, 4))
    few = dropping.advance(y, begun(dropping, y, [7, 8, 9, 10]), 12)
    all_ = staying.advance(y, begun(staying, y, [7, 8, 9, 10]), 12)
    assert (len(few.living), len(all_.living)) == (1, 4)
    winner = objects(staying, y, all_)[few.living[0]]
    np.testing.assert_allclose(objects(dropping, y, few)[0], winner, rtol=1e-6, atol=1e-8)


def test_the_best_go_on():
    solver, y = DoubleDipADMM(**SMALL, screen=0.5), measured()
    state = solver.advance(y, begun(solver, y, [1, 2, 3, 4]), 6)
    assert sorted(state.living) == state.living
    assert set(state.living) == set(np.argsort(state.scores)[:2])
    assert np.isfinite(state.scores).all()


@pytest.mark.parametrize("prior", PRIORS)
def test_what_stands_in_unmeasured_pixels_has_no_part(prior):
    mask = np.random.default_rng(1).random((32, 32)) < 0.9
    mask[15:18, 15:18] = False
    y = measured()
    other = np.where(mask, np.asarray(y.intensity), 1e6)
    one, two = (
        prbench.solve(prior(**SMALL), FarField(intensity, mask), seed=3) for intensity in (np.asarray(y.intensity), other)
    )
    np.testing.assert_array_equal(one.reconstruction.object, two.reconstruction.object)


def test_a_support_has_no_part():
    y = measured()
    support = np.zeros((32, 32), bool)
    support[:4, :4] = True
    one = prbench.solve(DoubleDipADMM(**SMALL), FarField(np.asarray(y.intensity)), seed=3)
    two = prbench.solve(DoubleDipADMM(**SMALL), FarField(np.asarray(y.intensity), support=support), seed=3)
    np.testing.assert_array_equal(one.reconstruction.object, two.reconstruction.object)


def test_the_same_seed_gives_the_same_answer_and_another_another():
    y = FarField(np.asarray(measured().intensity))
    one, two, other = (prbench.solve(DoubleDipADMM(**SMALL), y, seed=seed).reconstruction.object for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.allclose(one, other)


def test_an_answer_scales_with_the_measurement():
    y = np.asarray(measured().intensity)
    one, two = (prbench.solve(DoubleDipADMM(**SMALL), FarField(unit * y), seed=1).reconstruction.object for unit in (1.0, 4.0**6))
    np.testing.assert_allclose(np.asarray(two), 64 * np.asarray(one), rtol=1e-4, atol=1e-3)


def test_a_step_transforms_each_start_there_and_back():
    solver, y = DoubleDipADMM(**SMALL), measured()
    state = begun(solver, y, [1, 2, 3])
    before = y.counters.ffts
    solver.advance(y, state, 4)
    assert y.counters.ffts - before == 4 * 3 * 2
    solver.advance(y, state, 1)
    assert y.counters.ffts - before == 5 * 3 * 2 + 3, "a look transforms each start once more"


def test_pixels_are_held_out_where_there_is_shot_noise():
    plain, noisy = measured(), measured(gain=1.0)
    rng = np.random.default_rng(0)
    solver = DoubleDipADMM(**SMALL)
    assert solver.init(plain, rng).choice.held_out is None
    state = solver.init(noisy, rng)
    fitted = np.asarray(state.pattern.fitted).astype(bool)
    assert np.array_equal(~fitted, np.asarray(state.choice.held_out))
    assert 0.03 < (~fitted).mean() < 0.07
    assert DoubleDipADMM(**SMALL, holdout=0.0).init(noisy, rng).choice.held_out is None


def test_counts_that_are_held_out_have_no_part_in_the_fit():
    solver = DoubleDipADMM(**SMALL, holdout=0.1)
    y = measured(gain=1.0)
    held = np.asarray(solver.init(y, np.random.default_rng(5)).choice.held_out)
    changed = np.asarray(y.intensity) + 50 * np.fft.fftshift(held)
    other = FarField(changed, gain=1.0).to(y.backend)
    states = [solver.advance(at, solver.init(at, np.random.default_rng(5)), 5) for at in (y, other)]
    np.testing.assert_array_equal(np.asarray(states[0].objects), np.asarray(states[1].objects))


@pytest.mark.parametrize(
    ("gain", "loss", "same_as"), [(1.0, "auto", "poisson"), (None, "auto", "amplitude"), (1.0, "root", "root")]
)
def test_a_fit_ends_by_the_likelihood_of_counts_where_there_are_counts(gain, loss, same_as):
    y = measured(gain=gain)
    ends = []
    for how in (loss, same_as):
        solver = DoubleDipADMM(**SMALL, loss=how, multiplier=0.0)
        ends.append(objects(solver, y, solver.advance(y, begun(solver, y, [1]), 3)))
    np.testing.assert_array_equal(*ends)
    others = {"poisson", "amplitude", "root"} - {same_as}
    for other in others:
        solver = DoubleDipADMM(**SMALL, loss=other, multiplier=0.0)
        assert abs(objects(solver, y, solver.advance(y, begun(solver, y, [1]), 3)) - ends[0]).max() > 0


def test_the_multiplier_forgets_by_the_noise_and_nothing_without():
    for photons in (None, 100.0, 1.0):
        counts = np.asarray(measured().intensity)
        y = FarField(counts if photons is None else counts * photons / counts.mean(), gain=None if photons is None else 1.0)
        y = y.to(get_backend("torch", "double"))
        kept, all_ = (DoubleDipADMM(**SMALL, leak=leak, slack=0.0) for leak in (0.2, 0.0))
        after = [solver.step(y, begun(solver, y, [1])).multiplier for solver in (kept, all_)]
        part = 1.0 if photons is None else 1 - 0.2 * 0.5 / np.sqrt(photons)
        np.testing.assert_allclose(np.asarray(after[0]), part * np.asarray(after[1]), rtol=1e-6)
        assert abs(np.asarray(after[1])).max() > 0


def test_a_magnitude_that_is_known_is_kept():
    y = measured()
    found = prbench.solve(DoubleDipADMM(**SMALL, magnitude="uniform"), FarField(np.asarray(y.intensity))).reconstruction
    size = abs(np.asarray(found.object))
    assert size.shape == (16, 16)
    assert size.min() > 0
    assert np.ptp(size) < 1e-5 * size.max()


def test_the_published_fit_is_plain_descent_on_amplitudes():
    solver, noisy = DoubleDipPublished(**{**SMALL, "jitter": 0.0}), measured(gain=1.0)
    state = solver.init(noisy, np.random.default_rng(1))
    assert state.choice.held_out is None
    assert state.multiplier is None
    assert state.optimiser.defaults["betas"] == (0.9, 0.999)
    drawn = solver.field(state.draw(0.0))
    spectrum = torch.fft.fftn(drawn, s=noisy.shape, dim=(1, 2)).abs()
    scale = (spectrum * noisy.amplitude).sum((1, 2), keepdim=True) / spectrum.square().sum((1, 2), keepdim=True)
    misfit = (scale.detach() * spectrum - noisy.amplitude).square().sum((1, 2)) / noisy.amplitude.square().sum()
    weights = [p for network in state.networks for p in network.parameters()]
    expected = torch.autograd.grad(misfit.sum(), weights)
    solver.step(noisy, state)
    for weight, gradient in zip(weights, expected, strict=True):
        torch.testing.assert_close(weight.grad, gradient, rtol=1e-6, atol=1e-9)
    solver.advance(noisy, state, SMALL["iterations"] - 1)
    assert len(state.living) == SMALL["starts"]
    assert not state.rolls.any()


def test_a_real_part_is_nonnegative_up_to_the_global_phase():
    solver, y = DoubleDipRI(**SMALL), measured()
    found = objects(solver, y, solver.advance(y, begun(solver, y, [1]), 5))
    assert found.real.min() >= 0


def test_two_channels_of_one_network_make_the_object_that_two_networks_make():
    magnitude, phase = torch.randn((2, 3, 1, 5, 6), generator=torch.Generator().manual_seed(1))
    together = DeepImagePriorPolar().field([torch.cat([magnitude, phase], dim=1)])
    torch.testing.assert_close(together, DoubleDipADMM().field([magnitude, phase]), rtol=0, atol=0)
    torch.testing.assert_close(together, torch.polar(torch.sigmoid(magnitude[:, 0]), phase[:, 0]))
    assert (DeepImagePriorPolar().output_channels(), DoubleDipADMM().output_channels()) == ((2,), (1, 1))


@pytest.mark.parametrize("prior", PRIORS)
def test_three_dimensions_are_taken_too(prior):
    rng = np.random.default_rng(4)
    x = np.zeros((8, 9, 10), complex)
    x[2:6, 2:7, 3:8] = np.exp(1j * rng.standard_normal((4, 5, 5)))
    y = FarField(np.fft.fftshift(abs(np.fft.fftn(x, (16, 18, 20), (0, 1, 2))) ** 2))
    found = prbench.solve(prior(**SMALL), y)
    assert found.reconstruction.object.shape == (8, 9, 10)


def test_a_crystal_is_solved():
    problem = prbench.get_dataset("crystal2d[size=16]").make(3, 0, "tune")
    # A start succeeds in about one case of six with networks as small as these, and which do depends on rounding.
    found = prbench.solve("double-dip-admm[iterations=250,starts=16,scales=2,channels=16]", problem.measurement, seed=0)
    assert prbench.score(found.reconstruction, problem, ["sa_nmse"])["sa_nmse"] < 0.05
