"""The deep decoder: its size, and that it can draw images and cannot draw noise."""

import numpy as np
import pytest
import torch

import prbench
from prbench.algorithms.networks.deep_decoder import DeepDecoder


@pytest.mark.parametrize(("shape", "stages"), [((32, 32), 3), ((20, 33), 2), ((7, 5), 1)])
def test_shapes_and_number_of_weights(shape, stages):
    network = DeepDecoder(shape, 2, channels=6, stages=stages)
    assert network(torch.rand(network.input_shape)).shape == (1, 2, *shape)
    assert sum(one.numel() for one in network.parameters()) == stages * (6 * 6 + 2 * 6) + 2 * 6


def test_too_many_stages_are_refused():
    with pytest.raises(ValueError, match="stages"):
        DeepDecoder((8, 8), 1, channels=4, stages=3)


def fitted_share(picture, steps=400):
    """The part of a picture's variance that a small decoder draws."""
    aim = torch.as_tensor((picture - picture.mean()) / picture.std(), dtype=torch.float32)[None, None]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        network = DeepDecoder(aim.shape[2:], 1, channels=10, stages=3)
        seen = torch.rand(network.input_shape)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = (network(seen) - aim).square().mean()
        loss.backward()
        optimiser.step()
    return 1 - loss.item()


def test_it_draws_pictures_and_not_noise():
    """The published claim for fewer weights than pixels (here 370 for 4096): noise keeps most of its variance."""
    magnitude = np.abs(prbench.get_dataset("coded-diffraction[size=64]").problem(0).truth.object)
    assert fitted_share(magnitude) > 0.8
    assert fitted_share(np.random.default_rng(0).standard_normal((64, 64))) < 0.15
