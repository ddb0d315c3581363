"""Cosine transforms are the Fourier transform of the mirrored array."""

import numpy as np
import pytest

from prbench.backend import Backend, get_backend
from prbench.physics import cosine
from prbench.physics.cosine import cosine_transform, inverse_cosine_transform

SHAPES = [(6, 9), (7, 4), (1, 5)]


def image(shape):
    return np.random.default_rng(0).normal(size=shape)


@pytest.fixture(params=["numpy", "torch"])
def backend(request) -> Backend:
    return get_backend(request.param, "double")


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_coefficients_are_those_of_the_mirrored_image(shape, backend):
    x = image(shape)
    mirrored = np.concatenate([x, x[:, ::-1]], axis=1)
    mirrored = np.concatenate([mirrored, mirrored[::-1]], axis=0)
    turns = [np.exp(-0.5j * np.pi * np.arange(n) / n) for n in shape]
    expected = np.fft.fft2(mirrored)[: shape[0], : shape[1]] * turns[0][:, None] * turns[1] / mirrored.size
    found = backend.to_numpy(cosine_transform(backend.asarray(x), backend))
    np.testing.assert_allclose(found, expected.real, atol=1e-14)
    np.testing.assert_allclose(expected.imag, 0, atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_there_and_back(shape, backend):
    x = image(shape)
    spectrum = cosine_transform(backend.asarray(x), backend)
    np.testing.assert_allclose(backend.to_numpy(inverse_cosine_transform(spectrum, backend)), x, atol=1e-14)


@pytest.mark.parametrize("n", [5, 8])
@pytest.mark.parametrize("m", [0, 1, 3])
def test_a_derivative_turns_cosines_into_sines(n, m, backend):
    t = np.pi * (np.arange(n) + 0.5) / n
    spectrum = cosine_transform(backend.asarray(np.cos(m * t)[:, None] * np.ones(3)), backend)
    found = backend.to_numpy(inverse_cosine_transform(spectrum, backend, waves=("sin", "cos")))
    np.testing.assert_allclose(found, np.sin(m * t)[:, None] * np.ones(3), atol=1e-14)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("axis", [-2, -1])
@pytest.mark.parametrize("wave", ["cos", "sin"])
def test_the_reordered_fft_of_gpus_gives_the_same(library, shape, axis, wave):
    backend = get_backend(library, "double")
    x = backend.asarray(image(shape))
    expected = cosine_transform(x, backend, (axis,))
    np.testing.assert_allclose(cosine._forward_on_device(x, backend, axis), expected, atol=1e-14)
    back = inverse_cosine_transform(expected, backend, (axis,), (wave,))
    np.testing.assert_allclose(cosine._inverse_on_device(expected, backend, axis, wave), back, atol=1e-13)
