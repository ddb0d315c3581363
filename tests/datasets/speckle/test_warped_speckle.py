"""The truth of warped speckles is exact, and they are what their settings say."""

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from prbench.core import build_plugin
from prbench.datasets.speckle._waves import chebyshev_nodes, interpolation_weights, waves
from prbench.datasets.speckle.warped_speckle import WarpedSpeckle
from prbench.errors import UsageError

INNER = (..., slice(16, -16), slice(16, -16))


def made(**settings):
    return WarpedSpeckle(**{"size": 96, "images": 2, "photons": None, **settings}).problem(0, split="tune")


@pytest.mark.parametrize("blur", [0.0, 0.6])
def test_the_sample_is_the_band_limited_reference_at_the_moved_places(blur, monkeypatch):
    """Against the Fourier sum itself, evaluated pixel by pixel."""
    dataset = WarpedSpeckle(size=48, images=1, shift=2, blur=blur, photons=None)
    drawn = []
    original = WarpedSpeckle._speckles

    def spy(self, rng, side):
        drawn.append(original(self, rng, side))
        return drawn[-1]

    monkeypatch.setattr(WarpedSpeckle, "_speckles", spy)
    problem = dataset.problem(0, split="tune")
    spectrum, n = drawn[0][0], drawn[0][0].shape[0]
    full = np.fft.fft2(np.fft.irfft2(spectrum, (n, n)))
    k = 2 * np.pi * np.fft.fftfreq(n, 0.5)
    margin = (n // 2 - 48) // 2
    for r, c in ((3, 40), (20, 20), (47, 0)):
        x, y = np.array([r, c]) - problem.truth.displacement[:, r, c] + margin
        damping = np.exp(-0.5 * problem.truth.dark_field[r, c] * (k[:, None] ** 2 + k[None, :] ** 2))
        expected = np.sum(full * damping * np.exp(1j * (k[:, None] * x + k[None, :] * y))).real / n**2
        assert problem.measurement.sample[0, r, c] == pytest.approx(expected, abs=5e-6)


def test_the_measurements_own_model_agrees():
    problem = made(speckle=6, absorption=0.3)
    expected = problem.measurement.forward(problem.truth)
    np.testing.assert_allclose(expected[INNER], problem.measurement.sample[INNER], rtol=2e-3)


def test_speckles_have_the_visibility_and_the_width_asked_for():
    y = made(size=256, images=4, visibility=0.25, speckle=5).measurement
    assert y.reference.mean() == pytest.approx(1, abs=0.01)
    assert y.reference.std() == pytest.approx(0.25, rel=0.05)
    assert y.reference.min() > 0
    sigma = 5 / np.sqrt(8 * np.log(2))
    assert y.speckle_wavenumber_sq == pytest.approx(1 / (2 * sigma**2), rel=0.15)


def test_displacement_and_strain_are_what_was_asked_for_and_the_phase_explains_them():
    problem = made(size=200, images=1)
    d, y = problem.truth.displacement, problem.measurement
    assert np.abs(d).max() == pytest.approx(3)
    assert np.abs(np.gradient(d, axis=(1, 2))).max() == pytest.approx(0.09, rel=0.01)
    slopes = np.stack(np.gradient(problem.truth.phase)) / y.radians_per_px
    np.testing.assert_allclose(slopes[INNER], d[INNER], atol=1e-3)
    assert problem.truth.phase.max() == 0


def test_uniform_displacement():
    truth = made(uniform=True, shift=1.5).truth
    np.testing.assert_array_equal(truth.displacement[0], 1.5)
    np.testing.assert_array_equal(truth.displacement[1], -0.75)


def test_one_material_absorbs_as_its_gamma_says():
    problem = made(absorption=0.4)
    assert problem.truth.transmission.min() == pytest.approx(0.6)
    np.testing.assert_allclose(problem.truth.transmission, np.exp(2 * problem.truth.phase / problem.measurement.delta_beta))
    assert made().measurement.delta_beta is None


def test_photons_make_poisson_noise():
    quiet, noisy = made(size=128), made(size=128, photons=400.0)
    for name in ("reference", "sample"):
        difference = getattr(noisy.measurement, name) - 400 * getattr(quiet.measurement, name)
        assert difference.std() == pytest.approx(20, rel=0.05)
    np.testing.assert_array_equal(quiet.truth.displacement, noisy.truth.displacement)


def test_blur_takes_visibility():
    sharp, soft = made(size=128), made(size=128, blur=1.0)
    ripple = [np.abs(p.measurement.sample - gaussian_filter(p.measurement.sample, (0, 8, 8))).mean(axis=0) for p in (sharp, soft)]
    lost = soft.truth.dark_field > 0.5
    assert ripple[1][lost].mean() < 0.9 * ripple[0][lost].mean()
    assert soft.truth.dark_field.max() == pytest.approx(1)
    assert soft.truth.dark_field.min() == pytest.approx(0)


def test_the_rim_is_not_judged():
    region = made().object_region
    assert region[16:-16, 16:-16].all()
    assert region.sum() == 64 * 64


def test_fewer_photons_than_a_reference_can_do_with_are_refused():
    with pytest.raises(UsageError, match=r": photons .*, .*\b1\b"):
        build_plugin("dataset", "warped-speckle[photons=1]")


def test_waves_know_their_derivatives():
    field = waves(np.random.default_rng(0), 60, 12.0)
    for axis in (0, 1):
        np.testing.assert_allclose(np.gradient(field.value, axis=axis)[3:-3, 3:-3], field.gradient[axis][3:-3, 3:-3], atol=5e-3)
        np.testing.assert_allclose(
            np.gradient(field.gradient[axis], axis=axis)[3:-3, 3:-3], field.curvature[axis][3:-3, 3:-3], atol=1e-3
        )


def test_interpolation_in_the_variance_is_exact_for_polynomials():
    nodes, at = chebyshev_nodes(0.7, 5), np.linspace(0, 0.7, 11)
    assert nodes.min() > 0
    assert nodes.max() < 0.7
    weights = interpolation_weights(nodes, at)
    np.testing.assert_allclose(np.tensordot(nodes**4, weights, 1), at**4, atol=1e-12)


def test_images_may_be_left_away():
    problem = made(images=5)
    again = dataclasses.replace(problem, measurement=problem.measurement.first(2))
    assert again.measurement.images == 2
