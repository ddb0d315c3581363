"""Untrained networks as priors: their gradient, what they do not see, and where they help."""

import dataclasses

import numpy as np
import pytest
import torch

import prbench
from prbench.backend import get_backend
from prbench.errors import BadInput, UsageError
from prbench.tasks.random import RandomLinear

DOUBLE = get_backend("torch", "double")
SMALL = {"channels": 8, "scales": 2}
BOTH = pytest.mark.parametrize("name", ["dip-random", "deep-decoder"])


@pytest.fixture(scope="module")
def patterns():
    return prbench.get_dataset("coded-diffraction[size=16,patterns=3]").problem(0).measurement


def solver(name="dip-random", **settings):
    return prbench.get_solver(name, **{**SMALL, **settings})


def relative_error(name, problem, **options):
    found = prbench.solve(name, problem.measurement, **options)
    return prbench.score(found.reconstruction, problem, ["sa_nmse"])["sa_nmse"]


@BOTH
def test_the_gradient_is_that_of_the_misfit_of_moduli(name, patterns):
    """Against automatic differentiation through the transforms themselves."""
    y, chosen = patterns.to(DOUBLE), solver(name, rate=1e-30)
    state = chosen.init(y, np.random.default_rng(0))
    x = state.draw()
    z = torch.fft.fft2(y.modulations[:, 0] * x, norm="ortho")
    seen = ~state.held_out
    loss = 0.5 * (z.abs() - y.amplitude)[seen].square().sum() / y.amplitude_norm**2
    parameters = list(state.network.parameters())
    expected = torch.autograd.grad(loss, parameters)
    chosen.step(y, state)
    assert 0 < int(state.held_out.sum()) < 0.1 * y.values
    for parameter, known in zip(parameters, expected, strict=True):
        torch.testing.assert_close(parameter.grad, known, rtol=1e-8, atol=1e-14)


@BOTH
def test_a_step_costs_one_application_and_one_adjoint(name, patterns):
    y, chosen = patterns.to(get_backend("torch")), solver(name)
    state = chosen.init(y, np.random.default_rng(0))
    before = dataclasses.replace(y.counters)
    for _ in range(5):
        chosen.step(y, state)
    assert y.counters.operators - before.operators == 10
    assert y.counters.ffts - before.ffts == 10 * 3


def test_what_stands_in_unmeasured_places_does_not_matter():
    y = prbench.get_dataset("structured-map[size=8,ratio=2.5]").problem(0).measurement
    first, second = (
        prbench.solve(solver(iterations=20), dataclasses.replace(y, intensity=intensity)).reconstruction.object
        for intensity in (y.intensity, np.where(y.mask, y.intensity, 1e9))
    )
    np.testing.assert_array_equal(first, second)


def test_values_held_out_choose_and_are_not_fitted(patterns):
    """Changing them leaves the weights as they are, and changes which step is kept."""
    ends = []
    for factor in (1.0, 9.0):
        y, chosen = patterns.to(DOUBLE), solver(iterations=20)
        state = chosen.init(y, np.random.default_rng(0))
        y.amplitude[state.held_out] *= factor
        for _ in range(20):
            state = chosen.step(y, state)
        ends.append(state)
    for a, b in zip(ends[0].network.parameters(), ends[1].network.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
    assert ends[0].stopping.scores[0] < ends[1].stopping.scores[0]


def test_a_brighter_measurement_has_a_brighter_object(patterns):
    once, brighter = (
        prbench.solve(solver(iterations=20), dataclasses.replace(patterns, intensity=k * patterns.intensity), backend=DOUBLE)
        for k in (1, 4)
    )
    np.testing.assert_allclose(brighter.reconstruction.object, 2 * once.reconstruction.object, rtol=1e-6)


@pytest.mark.parametrize(("name", "steps"), [("dip-random", 100), ("deep-decoder", 600)])
def test_few_patterns_and_few_photons_are_enough_for_a_picture(name, steps):
    """Where gradient descent fails for want of values; and what the network knows is of pictures, not of this map."""
    picture, noise = (
        prbench.get_dataset("coded-diffraction", patterns=2, photons=100.0, image=image).problem(0, split="tune")
        for image in ("camera", "noise")
    )
    chosen = prbench.get_solver(name, iterations=steps, channels=16)
    assert relative_error(chosen, picture) < 0.05
    assert relative_error("reweighted-af", picture) > 0.5
    assert relative_error(chosen, noise) > 0.5


def test_a_real_object_is_answered_with_a_real_one():
    problem = prbench.get_dataset("three-regimes[regime=random,size=16]").problem(0)
    found = prbench.solve(solver(iterations=150), problem.measurement).reconstruction.object
    np.testing.assert_array_equal(found.imag, 0)
    np.testing.assert_array_equal(found[np.asarray(problem.truth.object) == 0][:10], 0)
    assert found.dtype == np.complex64


def test_it_ends_when_nothing_held_out_gets_better():
    y = prbench.get_dataset("coded-diffraction[size=16,photons=1]").problem(0).measurement
    ended = prbench.solve(solver(patience=20, iterations=2000), y)
    assert ended.status == "ok"
    assert ended.cost.iterations < 2000
    assert prbench.solve(solver(holdout=0, patience=20, iterations=200), y).cost.iterations == 200


@BOTH
@pytest.mark.parametrize("shape", [(4, 4), (5, 9), (8, 31)])
def test_small_and_oblong_images_are_solved(name, shape):
    rng = np.random.default_rng(0)
    modulations = np.exp(2j * np.pi * rng.random((4, 1, *shape)))
    y = RandomLinear(1 + rng.random((4, *shape)), modulations=modulations)
    assert prbench.solve(f"{name}[iterations=4]", y).reconstruction.object.shape == shape


@BOTH
def test_what_is_no_image_is_refused(name):
    line = prbench.get_dataset("gaussian-map[n=16]").problem(0).measurement
    with pytest.raises(UsageError, match=rf"^{name} .*\b2 axes\b.*\b1\b"):
        prbench.solve(name, line)
    thin = RandomLinear(np.ones((1, 3, 40)), modulations=np.ones((1, 1, 3, 40), complex))
    with pytest.raises(BadInput, match=rf"^{name} .*\b4 x 4\b.*\(3, 40\)"):
        prbench.solve(name, thin)
