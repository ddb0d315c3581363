"""Losses of an untrained fit: their least value, their gradient, the scale, and the multiplier."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from prbench.algorithms.far_field._lagrangian import FittedPattern
from prbench.backend import get_backend
from prbench.tasks.far_field import FarField

SHAPE = (10, 12)
LOSSES = ["amplitude", "root", "poisson"]


@pytest.fixture
def exact():
    """A measurement with hidden pixels and the spectrum that made it, in its own units."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((5, 6)) + 1j * rng.standard_normal((5, 6))
    spectrum = np.fft.fftn(x, SHAPE, (0, 1))
    mask = rng.random(SHAPE) < 0.8
    y = FarField(np.fft.fftshift(abs(spectrum) ** 2), mask, (5, 6), gain=0.5).to(get_backend("torch", "double"))
    return FittedPattern.of(y), torch.from_numpy(spectrum)[None]


def matched(pattern, spectrum, loss):
    return spectrum * pattern.scale(spectrum, loss)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_truth_at_any_scale_fits_exactly(exact, loss):
    pattern, spectrum = exact
    found = pattern.loss(matched(pattern, 7.5 * spectrum, loss), loss)
    assert found.item() == pytest.approx(0, abs=1e-9)
    torch.testing.assert_close(pattern.unit * matched(pattern, 7.5 * spectrum, loss), spectrum, rtol=1e-6, atol=0)


@pytest.mark.parametrize("loss", ["amplitude", "poisson"])
def test_no_other_scale_fits_better(exact, loss):
    pattern, spectrum = exact
    wrong = spectrum * torch.linspace(0.3, 2.0, SHAPE[1], dtype=torch.float64)
    best = matched(pattern, wrong, loss)
    for factor in (0.98, 1.02):
        assert pattern.loss(best * factor, loss).item() > pattern.loss(best, loss).item()


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_finite_where_the_model_is_dark(exact, loss):
    pattern, spectrum = exact
    start = torch.zeros_like(spectrum)
    start[0, 0, 0] = 1.0
    start.requires_grad_()
    pattern.loss(start, loss).sum().backward()
    assert torch.isfinite(torch.view_as_real(start.grad)).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_unmeasured_pixels_have_no_part(exact, loss):
    pattern, spectrum = exact
    rng = torch.Generator().manual_seed(0)
    other = spectrum + (1 - pattern.fitted) * torch.randn(spectrum.shape, generator=rng, dtype=torch.float64)
    other = (other * 0.7).requires_grad_()
    pattern.loss(other, loss).sum().backward()
    assert not other.grad[0][pattern.fitted == 0].abs().any()
    torch.testing.assert_close(pattern.scale(other.detach(), loss), pattern.scale(0.7 * spectrum, loss))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_those_of_differences(exact, loss):
    pattern, spectrum = exact
    z = (spectrum / pattern.unit + 0.3).requires_grad_()
    assert torch.autograd.gradcheck(lambda at: pattern.loss(at, loss), (z,), eps=1e-7, atol=1e-5)


def test_without_a_multiplier_the_pull_is_the_amplitudes_loss(exact):
    pattern, spectrum = exact
    z = (spectrum / pattern.unit + 0.3).requires_grad_()
    pull, _ = pattern.pull(z, torch.zeros_like(spectrum), 0.0)
    plain = pattern.loss(z, "amplitude")
    torch.testing.assert_close(pull, plain, rtol=1e-6, atol=1e-9)
    (slope,) = torch.autograd.grad(pull.sum(), z, retain_graph=True)
    (other,) = torch.autograd.grad(plain.sum(), z)
    torch.testing.assert_close(slope, other, rtol=1e-5, atol=1e-8)


def test_what_is_allowed_has_the_measured_amplitudes_and_the_given_phases(exact):
    pattern, spectrum = exact
    wrong = spectrum * torch.linspace(0.3, 2.0, SHAPE[1], dtype=torch.float64) * 1j
    allowed = pattern.allowed(wrong, 0.0)
    fitted = pattern.fitted[None] > 0
    torch.testing.assert_close(pattern.unit * allowed[fitted], 1j * spectrum[fitted], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(allowed[~fitted], wrong[~fitted])


def test_amplitudes_within_the_noise_are_allowed(exact):
    pattern, spectrum = exact
    truth = spectrum / pattern.unit
    assert pattern.noise == pytest.approx(0.5 * 0.5**0.5 / pattern.unit)
    direction = truth / truth.abs()
    within = truth + 1.9 * pattern.noise * direction
    torch.testing.assert_close(pattern.allowed(within, 2.0), within)
    beyond = truth + 5 * pattern.noise * direction
    torch.testing.assert_close(
        (beyond - pattern.allowed(beyond, 2.0)).abs(), (3 * pattern.noise * pattern.fitted)[None], rtol=1e-6, atol=1e-12
    )


def test_starts_do_not_mix(exact):
    pattern, spectrum = exact
    batch = torch.cat([spectrum + 0.2, spectrum * 1j - 0.4, 0.1 + spectrum * 2])
    multiplier = 0.1 * batch.flip(0)
    together = pattern.pull(batch, multiplier, 1.0)[0]
    for k in range(3):
        alone, _ = pattern.pull(batch[k : k + 1], multiplier[k : k + 1], 1.0)
        torch.testing.assert_close(alone[0], together[k])
