import dataclasses

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

import prbench
from prbench.algorithms.speckle.unet_speckle import BEAMLINES, GAIN, NOISE, VISIBILITY
from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.core.dihedral import SYMMETRIES_OF_THE_SQUARE, rotated
from prbench.tasks.speckle import SpeckleStack

TORCH = get_backend("torch")
GEOMETRY = {"energy_ev": 28e3, "distance_m": 2.0, "pixel_m": 6.5e-6}


def solver(**settings):
    return prbench.get_solver("unet-speckle", **{"weights": "random", "width": 4, **settings})


def stack(images=2, shape=(48, 40), displacement=(0.4, -0.7), transmission=0.8, visibility=0.2):
    rng = np.random.default_rng(0)
    ripple = gaussian_filter(rng.standard_normal((images, *shape)), (0, 1.7, 1.7), mode="wrap")
    reference = 1000 * (1 + visibility * ripple / ripple.std())
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
    assert seen.shape == (1, 3, 48, 40)
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
    monkeypatch.setattr(cls, "answer_to", lambda self, y, _x, _rng: known.expand(min(self.images, y.images), 2, *y.shape))
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
    inputs = np.zeros((6, 3, 64, 64), np.float32)
    inputs[:, 1], inputs[:, 2] = 2, 0.5  # of a visibility of a quarter of VISIBILITY
    found = solver().disturb(inputs, np.random.default_rng(0)) - inputs
    assert found.dtype == np.float32
    reference, sample = found[:, 0], found[:, 0] + found[:, 1] / GAIN  # undoing the difference
    strengths = reference.std(axis=(1, 2))
    np.testing.assert_allclose(sample.std(axis=(1, 2)), strengths, rtol=0.1)
    assert strengths.max() < NOISE
    assert np.ptp(strengths) > 0.01
    assert abs(float((reference * sample).mean())) < 0.05 * float((reference**2).mean())
    np.testing.assert_allclose(found[:, 2], found[:, 1] / 4, atol=1e-5)
    assert (inputs[:, 1] == 2).all()


def test_differences_are_told_in_units_of_the_visibility_and_of_the_beam():
    y, _ = stack()
    weak, _ = stack(visibility=0.05)
    same = dataclasses.replace(y, sample=y.reference)
    assert not solver().network_input(same.to(TORCH))[:, 1:].any()
    absorbed = [dataclasses.replace(y, sample=0.9 * y.reference) for y in (y, weak)]
    (one, other) = (solver().network_input(y.to(TORCH))[0].numpy() for y in absorbed)
    # What is absorbed is the same part of both beams, and four times as much beside the weaker speckles.
    np.testing.assert_allclose(one[2].mean(), -GAIN * 0.1 / VISIBILITY, rtol=0.02)
    np.testing.assert_allclose(other[2].mean(), one[2].mean(), rtol=0.02)
    np.testing.assert_allclose(other[1].mean() / one[1].mean(), 4, rtol=0.05)


def test_features_are_those_of_the_images():
    y, _ = stack(visibility=0.2, transmission=0.9, displacement=(0, 0))
    visibility, size, change = solver().features(solver().network_input(y.to(TORCH))[0].numpy()).values()
    assert visibility == pytest.approx(0.2, rel=0.05)
    # Noise smoothed by a Gaussian of deviation s has a correlation of exp(-1 / 4 s^2) between neighbours.
    assert size == pytest.approx(1 / np.sqrt(2 * (1 - np.exp(-1 / (4 * 1.7**2)))), rel=0.1)
    assert change == pytest.approx(0.1 / 0.2, rel=0.1)
    assert solver().features(np.zeros((3, 8, 8), np.float32)) == {}


def test_an_answer_says_where_the_speckles_are_weaker_than_any_of_the_training():
    """Blurred and moved like those of the simulated beams, so that nothing but the visibility differs."""
    problem = prbench.get_dataset("sandpaper", images=1, size=128).problem(0)
    y = problem.measurement
    weak = dataclasses.replace(y, **{name: np.asarray(getattr(y, name)) * 0.02 + 5000 * 0.98 for name in ("reference", "sample")})
    for seen, count in ((y, 0), (weak, 1)):
        assert len(seen.suspicions(prbench.solve("unet-speckle", seen).reconstruction)) == count


def test_the_training_shows_beamlines_of_many_visibilities():
    """Every one makes a problem; the weakest speckles are those of a measured beam with a visibility of 6 %, or weaker."""
    found = []
    for name in BEAMLINES:
        problem = prbench.get_dataset(name).problem(0, split="train")
        seen = solver().network_input(problem.measurement.to(TORCH))[0].numpy()
        found.append(next(iter(solver().features(seen).values())))
    assert min(found) < 0.06
    assert max(found) > 0.4
