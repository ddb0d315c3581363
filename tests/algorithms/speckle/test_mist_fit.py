"""MIST's compiled sums against plain linear algebra, and against the same on arrays as GPUs take them."""

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace

from prbench.algorithms.speckle import _mist, _mist_dark_field
from prbench.backend import Backend, get_backend
from prbench.tasks.speckle import SpeckleStack

GEOMETRY = {"energy_ev": 25e3, "distance_m": 0.7, "pixel_m": 6.5e-6}


def stack(shape=(11, 300), images=6):
    rng = np.random.default_rng(0)
    R = 1 + 0.1 * gaussian_filter(rng.standard_normal((images, *shape)), (0, 1, 1))
    y = SpeckleStack(R, R * (0.9 + 0.01 * rng.standard_normal(R.shape)), **GEOMETRY)
    return y.to(get_backend("numpy", "double"))


@dataclasses.dataclass(frozen=True)
class _Elsewhere(Backend):
    """torch, taken for a GPU: what runs there runs through the array namespace alone."""

    device: str = "elsewhere"

    @property
    def _target(self):
        return {}

    def asarray(self, array, dtype=None):
        return get_backend(self.library, self.precision).asarray(array, dtype)


@pytest.mark.parametrize("shape", [(11, 300), (5, 7), (2, 2), (6, 256)], ids=str)
def test_the_fit_is_the_least_squares_solution_of_the_authors_system(shape):
    y, micrometre = stack(shape), 1e-6
    pixel, z = y.pixel_m / micrometre, y.distance_m / micrometre
    A = np.empty((y.images, 4, *shape))
    for n, R in enumerate(y.reference):
        rows, columns = np.gradient(R, pixel)
        A[n] = R, -laplace(R, mode="reflect") / pixel**2, -2 * columns, -2 * rows
    alpha = 1e-4 * A.std()
    curvature, slope = 1 / pixel**2, 2 / pixel
    assert 1e-4 * _mist_dark_field._spread(y, curvature, slope) == pytest.approx(alpha)
    weights = (alpha * np.array([1, 0.5 / curvature, 1 / slope, 1 / slope])) ** 2
    found = _mist_dark_field._fitted(y, weights)
    for i, j in np.ndindex(*shape):
        system = np.vstack([A[:, :, i, j], alpha * np.eye(4)])
        right = np.concatenate([(y.reference - y.sample)[:, i, j] / z, np.zeros(4)])
        D, along_columns, along_rows = np.linalg.lstsq(system, right, rcond=None)[0][1:]
        to_px2 = 2 * z / pixel**2
        expected = to_px2 * np.array([D, pixel * along_rows, pixel * along_columns])
        np.testing.assert_allclose(found[:, i, j], expected, rtol=1e-5, atol=1e-8)


def test_the_aggregate_is_the_authors_filter_of_mirrored_images():
    rng = np.random.default_rng(1)
    for shape in ((10, 14), (9, 13)):
        y = stack(shape)
        V, rows, columns = parts = rng.normal(size=(3, *shape))
        mirrored = [np.concatenate([x, x[::-1]]) for x in (V, columns + 1j * rows)]
        ky, kx = 2 * np.pi * np.fft.fftfreq(2 * shape[0])[:, None], 2 * np.pi * np.fft.fftfreq(shape[1])
        low, below = np.exp(-0.4 * (kx**2 + ky**2)), 1j * kx - ky
        high = np.divide(1 - low, below, out=np.zeros_like(below), where=below != 0)
        expected = np.fft.ifft2(low * np.fft.fft2(mirrored[0]) + high * np.fft.fft2(mirrored[1])).real[: shape[0]]
        np.testing.assert_allclose(_mist_dark_field._aggregated(y, parts, 0.4), expected, atol=1e-12)


def test_the_inverse_laplacian_is_that_of_the_mirrored_image():
    y, x = stack((8, 10)), np.random.default_rng(2).normal(size=(8, 10))
    mirrored = np.concatenate([x, x[::-1]])
    mirrored = np.concatenate([mirrored, mirrored[:, ::-1]], axis=1)
    k = [2 * np.pi * np.fft.fftfreq(2 * n, y.pixel_m) for n in x.shape]
    spectrum = np.fft.fft2(mirrored) / (k[0][:, None] ** 2 + k[1] ** 2 + 1e8)
    expected = -np.fft.ifft2(spectrum).real[:8, :10] / y.pixel_m**2
    np.testing.assert_allclose(_mist.inverse_laplacian(y, x, 1e8), expected, rtol=1e-9)


def test_the_slope_of_2022_is_the_authors_weighted_determinant():
    y = stack((6, 9))
    u = np.stack([laplace(R, mode="reflect") / R for R in y.reference])
    v = y.sample / y.reference
    upper, lower = 0.0, 0.0
    for i in range(y.images):
        for j in range(i + 1, y.images):
            upper, lower = upper + (u[j] - u[i]) * (v[j] - v[i]), lower + (u[j] - u[i]) ** 2
    lost, G2 = _mist_dark_field.slowly_varying(y, 0.01)
    np.testing.assert_allclose(G2, upper * lower / (lower**2 + 0.01 * np.mean(lower**2)), rtol=1e-9)
    np.testing.assert_allclose(1 - lost, v.mean(0) - G2 * u.mean(0), rtol=1e-9)


def test_what_runs_on_a_gpu_gives_the_same():
    y = stack((12, 40))
    there = y.to(_Elsewhere("torch", precision="double"))
    for function, more in (
        (_mist_dark_field.rapidly_varying, (1e-4, 1e-11)),
        (_mist_dark_field.slowly_varying, (0.01,)),
        (_mist.absorbed_contrast, ()),
    ):
        for a, b in zip(np.atleast_3d(function(there, *more)), np.atleast_3d(function(y, *more)), strict=True):
            np.testing.assert_allclose(np.asarray(a), b, rtol=1e-7, atol=1e-10, err_msg=function.__name__)
