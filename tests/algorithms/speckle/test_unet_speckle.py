import dataclasses

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import prbench
from prbench.algorithms.speckle.unet_speckle import GAIN, NOISE
from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.core.dihedral import SYMMETRIES_OF_THE_SQUARE, rotated
from prbench.tasks.speckle import SpeckleStack

TORCH = get_backend("torch")
GEOMETRY = {"energy_ev": 28e3, "distance_m": 2.0, "pixel_m": 6.5e-6}


def solver(**settings):
    return prbench.get_solver("unet-speckle", **{"weights": "random", "width": 4, **settings})


def stack(images=2, shape=(48, 40), displacement=(0.4, -0.7), transmission=0.8):
    rng = np.random.default_rng(0)
    ripple = gaussian_filter(rng.standard_normal((images, *shape)), (0, 1.7, 1.7), mode="wrap")
    reference = 1000 * (1 + 0.2 * ripple / ripple.std())
    field = np.broadcast_to(np.array(displacement)[:, None, None], (2, *shape)).copy()
    flat = np.ones(shape)
    y = SpeckleStack(reference, reference, **GEOMETRY)
    truth = Reconstruction(displacement=field, transmission=transmission * flat, phase=flat)
    return dataclasses.replace(y, sample=y.forward(truth)), truth


def test_the_input_is_blind_to_the_exposure():
    y, _ = stack()
    seen = solver().network_input(y.to(TORCH))
    bright = dataclasses.replace(y, reference=37.0 * y.reference, sample=37.0 * y.sample)
    torch.testing.assert_close(solver().network_input(bright.to(TORCH)), seen, rtol=1e-4, atol=1e-4)
    assert seen.shape == (1, 2, 48, 40)
    assert float(seen[:, 0].square().mean()) == pytest.approx(1, rel=1e-4)


def test_the_input_is_nearly_blind_to_the_beams_profile():
    y, _ = stack(shape=(128, 128))
    profile = 1 + 0.3 * np.linspace(-1, 1, 128)[:, None] + 0.2 * np.linspace(-1, 1, 128)
    lit = dataclasses.replace(y, reference=profile * y.reference, sample=profile * y.sample)
    one, other = (solver().network_input(found.to(TORCH))[..., 16:-16, 16:-16] for found in (y, lit))
    assert float((one - other).square().mean().sqrt()) < 0.03


@pytest.mark.parametrize("element", range(SYMMETRIES_OF_THE_SQUARE))
def test_the_input_turns_with_the_images(element):
    y, _ = stack()
    other = dataclasses.replace(y, reference=rotated(y.reference, element), sample=rotated(y.sample, element))
    found, expected = solver().network_input(other.to(TORCH)), solver().network_input(y.to(TORCH))
    np.testing.assert_allclose(found[0].numpy(), rotated(expected[0].numpy(), element), atol=1e-4)


def test_the_transmission_follows_from_the_displacement(monkeypatch):
    """A network that knew the displacement would give the transmission, and a phase that has it as its gradient."""
    y, truth = stack()
    known = torch.as_tensor(truth.displacement, dtype=torch.float32)
    cls = type(solver())
    monkeypatch.setattr(cls, "answer", lambda self, y, _rng: known.expand(min(self.images, y.images), 2, *y.shape))
    found = prbench.solve(solver(), y).reconstruction
    inside = (slice(4, -4), slice(4, -4))
    np.testing.assert_allclose(found.transmission[inside], 0.8, atol=0.01)
    slopes = np.stack(np.gradient(found.phase)) / y.radians_per_px
    np.testing.assert_allclose(slopes, truth.displacement, atol=1e-3)
    assert found.aux["images_used"] == 1


def test_answers_of_several_pairs_are_averaged():
    y, _ = stack(images=3)
    single = [
        prbench.solve(solver(), dataclasses.replace(y, reference=y.reference[n : n + 1], sample=y.sample[n : n + 1]))
        for n in range(3)
    ]
    both = prbench.solve(solver(images=2), y).reconstruction
    expected = (single[0].reconstruction.displacement + single[1].reconstruction.displacement) / 2
    np.testing.assert_allclose(both.displacement, expected, atol=1e-5)
    assert both.aux["images_used"] == 2
    assert prbench.solve(solver(images=9), y).reconstruction.aux["images_used"] == 3


def test_noise_in_training_is_white_and_independent_in_both_images():
    inputs = np.zeros((6, 2, 64, 64), np.float32)
    found = solver().disturb(inputs, np.random.default_rng(0))
    assert found.dtype == np.float32
    assert not inputs.any()
    reference, sample = found[:, 0], found[:, 0] + found[:, 1] / GAIN  # undoing the difference
    strengths = reference.std(axis=(1, 2))
    np.testing.assert_allclose(sample.std(axis=(1, 2)), strengths, rtol=0.1)
    assert strengths.max() < NOISE
    assert np.ptp(strengths) > 0.01
    assert abs(float((reference * sample).mean())) < 0.05 * float((reference**2).mean())


def test_the_second_channel_is_how_the_images_differ():
    y, _ = stack()
    same = dataclasses.replace(y, sample=y.reference)
    assert not solver().network_input(same.to(TORCH))[:, 1].any()
