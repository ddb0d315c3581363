"""Partial coherence as a factor on the object's autocorrelation."""

import numpy as np
import pytest

import prbench
from prbench.backend import get_backend
from prbench.tasks.far_field.coherence import Coherence, blurred, gaussian_degree, nearest_width

SHAPES = [(32, 28), (31, 33), (16, 14, 12)]


def pattern(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Of an object of half the side, zero frequency first, float64."""
    rng = np.random.default_rng(seed)
    small = tuple(n // 2 for n in shape)
    x = rng.random(small) * np.exp(2j * rng.random(small))
    return np.abs(np.fft.fftn(x, shape, axes=tuple(range(len(shape))))) ** 2


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_autocorrelation_is_multiplied_by_the_degree_of_coherence(shape):
    sharp = pattern(shape)
    found = np.fft.ifftshift(blurred(np.fft.fftshift(sharp), 5.0))
    expected = np.fft.ifftn(sharp)
    for axis, n in enumerate(shape):
        lag = np.fft.fftfreq(n, 1 / n).reshape([-1 if a == axis else 1 for a in range(len(shape))])
        expected = expected * np.exp(-(lag**2) / 50)
    np.testing.assert_allclose(np.fft.ifftn(found), expected, atol=1e-9 * abs(expected).max())
    assert found.sum() == pytest.approx(sharp.sum())
    assert (found >= 0).all()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_both_blurs_are_one(shape, library, precision):
    backend = get_backend(library, precision)
    sharp = np.stack([pattern(shape), pattern(shape, 1)])
    beam = Coherence.gaussian(backend, shape, 6.0)
    real = np.float32 if precision == "single" else np.float64
    found = backend.to_numpy(beam.blur(backend.asarray(sharp.astype(real))))
    expected = np.stack([np.fft.ifftshift(blurred(np.fft.fftshift(one), 6.0)) for one in sharp])
    np.testing.assert_allclose(found, expected, rtol=0, atol=(1e-5 if precision == "single" else 1e-12) * expected.max())


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_spreading_back_is_the_adjoint(shape):
    backend = get_backend("numpy", "double")
    beam = Coherence.gaussian(backend, shape, 5.0)
    sharp, weights = pattern(shape)[None], np.random.default_rng(1).standard_normal((1, *shape))
    assert (beam.blur(sharp) * weights).sum() == pytest.approx((sharp * beam.spread_back(weights)).sum(), rel=1e-9)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_coherent_beam_blurs_nothing(shape):
    sharp = pattern(shape)
    np.testing.assert_allclose(blurred(sharp, 1e6), sharp, rtol=1e-6, atol=1e-9 * sharp.max())


@pytest.mark.parametrize("width", [3.0, 8.0, 20.0])
def test_the_width_of_a_gaussian_is_found(width):
    weight = np.abs(np.fft.ifft2(pattern((32, 28)))) ** 2
    assert nearest_width(gaussian_degree((32, 28), width), weight) == pytest.approx(width, rel=1e-3)
    assert nearest_width(np.ones((32, 28)), weight) == np.inf


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_sharpening_again_and_again_undoes_the_blur(shape, library):
    backend = get_backend(library, "double")
    beam = Coherence.gaussian(backend, shape, 0.6 * max(shape) / 2)
    sharp = backend.asarray(pattern(shape)[None])
    seen = beam.blur(sharp)
    found = 0 * sharp
    for _ in range(200):
        found = found + beam.sharpen(seen - beam.spread_back(found))
    np.testing.assert_allclose(backend.to_numpy(found), backend.to_numpy(sharp), atol=1e-3 * float(sharp.max()))


def test_a_solution_stays_under_the_projection_of_a_beam_of_known_coherence():
    made = prbench.get_dataset("crystal2d[size=16,coherence=0.6]").problem(0, split="tune")
    y = made.measurement.to(get_backend("numpy", "double"))
    beam = Coherence.gaussian(y.backend, y.shape, 0.6 * 16)
    x = y.pad(np.asarray(made.truth.object).astype(np.complex128))[None]
    assert y.modulus_error(x, beam)[0] < 1e-6
    assert y.modulus_error(x)[0] > 0.02
    before = y.counters.ffts
    np.testing.assert_allclose(y.project_modulus(x, coherence=beam), x, atol=1e-4)
    assert y.counters.ffts - before == 4


def test_a_crystal_is_the_same_in_every_beam():
    coherent, blurred_ = (
        prbench.get_dataset(f"crystal2d[size=16{more}]").problem(3, split="test") for more in ("", ",coherence=0.6")
    )
    np.testing.assert_array_equal(coherent.truth.object, blurred_.truth.object)
    expected = blurred(coherent.measurement.intensity, 0.6 * 16)
    np.testing.assert_allclose(blurred_.measurement.intensity, expected, rtol=1e-4, atol=1e-4 * expected.max())
