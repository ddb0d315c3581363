"""The classical start by itself, and the published network without it."""

import dataclasses

import numpy as np
import pytest
import torch

import prbench
from prbench.backend import get_backend
from prbench.core import build_plugin

TORCH = get_backend("torch", "double")


@pytest.fixture(scope="module")
def pictures():
    return prbench.get_dataset("blurred-picture", oversize=1.5, noise=0.01, size=96)


def gain(name, problem):
    found = prbench.solve(name, problem.measurement, backend="torch")
    return prbench.score(found.reconstruction, problem, ["psnr_gain"])["psnr_gain"]


def test_a_picture_gets_sharper(pictures):
    """More than by multiplicative updates, which know nothing of edges."""
    problems = [pictures.problem(index, split="tune") for index in range(3)]
    ours = [gain("edges-tv", one) for one in problems]
    assert np.median(ours) > 1.5
    assert np.median(ours) > np.median([gain("blind-rl", one) for one in problems]) + 1


def test_networks_begin_with_what_it_answers(pictures):
    y = pictures.problem(0, split="tune").measurement
    start = build_plugin("solver", "double-dip-deblur[iterations=10]").init(y.to(TORCH), np.random.default_rng(0))
    found = prbench.solve("edges-tv", y, backend=TORCH).reconstruction
    drawn = start.picture(start.seen).detach().numpy()
    inside = (found.image > start.low + 1e-3 * start.span) & (found.image < start.low + (1 - 1e-3) * start.span)
    np.testing.assert_allclose(drawn[inside], found.image[inside], atol=1e-6 * start.span)
    np.testing.assert_allclose(start.blur_kernel(y.to(TORCH)).detach(), found.kernel, atol=0.01 * found.kernel.max())


def test_the_unit_of_the_image_does_not_matter(pictures):
    y = pictures.problem(1, split="tune").measurement
    y = dataclasses.replace(y, image=y.image.astype(np.float64), noise_sigma=None)
    ours, theirs = (
        prbench.solve("edges-tv", one, backend=TORCH).reconstruction for one in (y, dataclasses.replace(y, image=200 * y.image))
    )
    np.testing.assert_allclose(theirs.image / 200, ours.image, atol=0.03)  # rounding grows in the descent
    np.testing.assert_allclose(theirs.kernel, ours.kernel, atol=0.01 * ours.kernel.max())
    assert theirs.aux["noise_sigma"] == pytest.approx(200 * ours.aux["noise_sigma"], rel=1e-6)


def test_the_published_network_begins_with_noise_and_learns(pictures):
    y = pictures.problem(0, split="tune").measurement.to(TORCH)
    solver = build_plugin("solver", "selfdeblur[iterations=30,channels=8,scales=2]")
    state = solver.init(y, np.random.default_rng(0))
    assert state.first is None
    assert state.seen.shape[1] == 8
    assert [layer.in_features for layer in state.kernel if isinstance(layer, torch.nn.Linear)] == [200, 1000]
    before = solver.residual(y, state)
    for _ in range(30):
        state = solver.step(y, state)
    assert solver.residual(y, state) < 0.7 * before
    published = build_plugin("solver", "selfdeblur")
    assert (published.iterations, published.channels, published.scales, published.warm) == (5000, 128, 5, False)
