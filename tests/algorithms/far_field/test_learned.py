"""What a network of lags sees, what it is taught, and what becomes of its answer."""

import dataclasses

import numpy as np
import pytest
import torch

import prbench
from prbench.algorithms.far_field._lag_network import LagNetwork
from prbench.algorithms.far_field._learned import NOISE, autocorrelation, rotated_about_middle
from prbench.algorithms.far_field._representative import representative
from prbench.backend import get_backend
from prbench.core.dihedral import SYMMETRIES_OF_THE_SQUARE, rotated
from prbench.errors import BadInput, UsageError
from prbench.tasks.far_field import FarField

TORCH = get_backend("torch")
DOUBLE = get_backend("torch", "double")


def solver(name="symmetry-breaking", **settings):
    return prbench.get_solver(name, **{"weights": "random", "side": 16, "width": 4, "hidden": 16, **settings})


def crystal(index=0, size=16, **settings):
    return prbench.get_dataset("crystal2d", size=size, **settings).problem(index, split="train")


def lags_of(x):
    """The autocorrelation by its definition, with the zero lag in the middle."""
    import scipy.signal

    return scipy.signal.correlate(x, x, mode="full")


@pytest.mark.parametrize("detector", [(32, 32), (40, 34)])
def test_the_input_is_the_autocorrelation_in_units_of_the_energy(detector):
    x = np.asarray(crystal().truth.object, np.complex128)
    y = FarField(37.0 * np.fft.fftshift(np.abs(np.fft.fft2(x, detector)) ** 2), None, x.shape).to(DOUBLE)
    expected = lags_of(x)
    if detector == (32, 32):
        np.testing.assert_allclose(autocorrelation(y, 16).numpy(), 37 * expected, atol=1e-9)
        found = solver().network_input(y)[0].numpy()
        np.testing.assert_allclose(found[0] + 1j * found[1], expected / (np.abs(x) ** 2).sum(), atol=1e-12)
    assert solver().network_input(y).shape == (1, 2, 31, 31)


def test_more_pixels_of_a_detector_are_the_same_object_finer():
    """The network sees about the same of a crystal whether its frame has 16 or 32 pixels, from wherever its detector is cut."""
    fine, coarse = (solver(side=16).network_input(crystal(3, size).measurement.to(TORCH)) for size in (64, 32))
    assert float((fine - coarse).norm() / coarse.norm()) < 0.1
    beyond = solver(side=32).network_input(crystal(3, 16).measurement.to(TORCH))
    assert beyond.shape == (1, 2, 63, 63)
    assert float(beyond[0, 0, 31, 31]) == 1


@pytest.mark.parametrize("element", range(SYMMETRIES_OF_THE_SQUARE))
@pytest.mark.parametrize("name", ["symmetry-breaking", "raw-training"])
def test_input_and_target_turn_together(name, element):
    made = crystal(1)
    x = np.asarray(made.truth.object)
    other = rotated_about_middle(x, element)
    pattern = np.fft.fftshift(np.abs(np.fft.fft2(other, (32, 32))) ** 2)
    y = dataclasses.replace(made.measurement, intensity=pattern)
    asked = solver(name)
    seen = asked.network_input(made.measurement.to(TORCH))[0].numpy()
    np.testing.assert_allclose(asked.network_input(y.to(TORCH))[0].numpy(), rotated(seen, element), atol=1e-5)
    turn = dataclasses.replace(made, truth=prbench.Reconstruction(object=other))
    found = asked.transform_target(asked.target(made)[0], element)
    np.testing.assert_allclose(found, asked.target(turn)[0], atol=1e-5)


def test_a_turn_keeps_the_middle_pixel():
    for shape in ((6, 6), (7, 7), (6, 7)):
        x = np.zeros(shape)
        x[shape[0] // 2, shape[1] // 2] = 1
        for element in range(SYMMETRIES_OF_THE_SQUARE):
            moved = rotated_about_middle(x, element)
            assert moved[moved.shape[0] // 2, moved.shape[1] // 2] == 1


def test_the_two_differ_in_their_targets_alone():
    one, other = (prbench.get_solver(name) for name in ("symmetry-breaking", "raw-training"))
    assert one.params() == other.params()
    assert one.recipe == other.recipe
    made = crystal(2)
    y = made.measurement.to(TORCH)
    torch.testing.assert_close(solver().network_input(y), solver("raw-training").network_input(y))
    (raw, weights), (stands, _) = solver("raw-training").target(made), solver().target(made)
    assert weights.min() == 1
    for target in (raw, stands):
        assert float((target**2).sum(axis=0).mean()) == pytest.approx(1, rel=1e-5)
    x = np.asarray(made.truth.object)
    scale = np.sqrt(np.mean(np.abs(x) ** 2))
    np.testing.assert_allclose((raw[0] + 1j * raw[1]) * scale, x, atol=1e-5)
    np.testing.assert_allclose((stands[0] + 1j * stands[1]) * scale, representative(x), atol=1e-5)


def test_a_target_of_another_size_is_refused():
    with pytest.raises(BadInput, match=r"^symmetry-breaking\[side=16\] .*\b16 x 16\b.*\b20 x 20\b"):
        solver().target(crystal(size=20))


def test_the_noise_of_training_is_that_of_a_real_pattern():
    inputs = np.zeros((64, 2, 31, 31), np.float32)
    found = solver().disturb(inputs, np.random.default_rng(0))
    assert not inputs.any()
    assert found.dtype == np.float32
    lags = found[:, 0] + 1j * found[:, 1]
    np.testing.assert_allclose(lags, np.conj(lags[:, ::-1, ::-1]), atol=1e-8)
    spread = np.sqrt((np.abs(lags) ** 2).mean(axis=(1, 2)))
    assert spread.max() < 2 * NOISE
    assert np.ptp(spread) > 0.1 * NOISE


@pytest.mark.parametrize("size", [16, 17, 24, 40])
def test_the_answer_has_the_frame_and_the_energy_of_the_object(size):
    made = crystal(size=size)
    found = prbench.solve(solver(), made.measurement)
    assert found.reconstruction.object.shape == (size, size)
    energy = float((np.abs(made.truth.object) ** 2).sum())
    assert float((np.abs(found.reconstruction.object) ** 2).sum()) == pytest.approx(energy, rel=1e-4)
    assert found.cost.ffts == 1
    assert found.cost.passes == 1


def test_hidden_pixels_count_as_zero():
    made = crystal(beamstop=2)
    y = made.measurement
    zero = dataclasses.replace(y, mask=None, intensity=np.where(y.mask, y.intensity, 0))
    torch.testing.assert_close(solver().network_input(y.to(TORCH)), solver().network_input(zero.to(TORCH)))


def test_a_volume_is_refused():
    made = prbench.get_dataset("crystal3d", size=16).problem(0, split="train")
    with pytest.raises(UsageError, match=r"^symmetry-breaking .*\b2 axes\b.*\b3\b"):
        prbench.solve(solver(), made.measurement)


def test_a_side_that_cannot_be_halved_twice_is_refused():
    with pytest.raises(BadInput, match=r": side .*\b4\b.*\b18\b"):
        solver(side=18)


def test_a_draft_that_is_right_is_its_own_projection():
    x = torch.as_tensor(np.asarray(crystal(4).truth.object, np.complex128))
    x = x / x.abs().square().mean().sqrt()
    lags = torch.as_tensor(lags_of(x.numpy())) / x.abs().square().sum()
    seen = torch.nn.functional.pad(torch.stack([lags.real, lags.imag])[None], (1, 0, 1, 0))
    draft = torch.stack([x.real, x.imag])[None]
    network = LagNetwork(16, width=4, hidden=4).double()
    torch.testing.assert_close(network.projected(draft, seen), draft, rtol=0, atol=5e-3)
    wrong = network.projected(0.5 * draft, seen)
    torch.testing.assert_close(wrong, draft, rtol=0, atol=1e-2)


def test_square_roots_are_learned_where_one_sign_is_taught():
    """The textbook case: of ``y = x^2`` both signs explain y; taught both, a network answers with their mean, which is 0."""
    from torch import nn

    errors = {}
    for kind in ("raw", "positive"):
        generator = torch.Generator().manual_seed(0)
        x = 2 * torch.rand(512, 1, generator=generator) - 1
        target = x.abs() if kind == "positive" else x
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
        optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
        for _ in range(400):
            loss = (network(x**2) - target).square().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        test = torch.linspace(-1, 1, 101)[:, None]
        found = network(test**2).detach()
        errors[kind] = float(torch.minimum((found - test).square(), (found + test).square()).mean())
    assert errors["positive"] < 2e-3
    assert errors["raw"] > 0.2
