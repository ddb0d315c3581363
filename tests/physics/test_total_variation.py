"""Total variation: what its minimiser must be."""

import numpy as np
import pytest

from prbench.backend import get_backend
from prbench.physics.total_variation import denoise_by_variation

LIBRARIES = ["numpy", "torch"]


def objective(x: np.ndarray, v: np.ndarray, weight: float) -> float:
    steps = [np.pad(np.diff(x, axis=axis), [(0, int(a == axis)) for a in range(x.ndim)]) for axis in range(x.ndim)]
    length = np.sqrt(sum(np.abs(step) ** 2 for step in steps))
    return float(0.5 * np.sum(np.abs(x - v) ** 2) + weight * length.sum())


def denoised(
    v: np.ndarray, weight: float, iterations: int, library: str = "numpy", inside: np.ndarray | None = None
) -> np.ndarray:
    backend = get_backend(library, "double")
    mask = np.ones(v.shape, bool) if inside is None else inside
    found = denoise_by_variation(backend.asarray(v[None]), backend.asarray(mask[None]), weight, iterations, backend)
    return np.asarray(backend.to_numpy(found))[0]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_it_is_the_minimum(library, kind):
    rng = np.random.default_rng(0)
    v = rng.standard_normal((9, 12)) + (1j * rng.standard_normal((9, 12)) if kind == "complex" else 0)
    x = denoised(v, 0.4, 2000, library)
    lowest = objective(x, v, 0.4)
    for _ in range(20):
        away = rng.standard_normal(v.shape) + (1j * rng.standard_normal(v.shape) if kind == "complex" else 0)
        assert objective(x + 1e-2 * away, v, 0.4) > lowest
    assert objective(denoised(v, 0.4, 8, library), v, 0.4) < 1.1 * lowest


@pytest.mark.parametrize("shape", [(8, 10), (5, 6, 7)])
def test_a_constant_stays_and_the_mean_is_kept(shape):
    v = np.random.default_rng(1).standard_normal(shape)
    assert denoised(v, 0.7, 50).mean() == pytest.approx(v.mean())
    np.testing.assert_allclose(denoised(np.full(shape, 3.0), 0.7, 50), 3.0)


def test_nothing_leaks_over_the_edge_of_the_mask():
    rng = np.random.default_rng(2)
    inside = np.zeros((12, 12), bool)
    inside[3:9, 2:10] = True
    v = rng.standard_normal((12, 12))
    x = denoised(v, 0.5, 50, inside=inside)
    np.testing.assert_array_equal(x[~inside], v[~inside])
    np.testing.assert_allclose(x[inside].reshape(6, 8), denoised(v[3:9, 2:10], 0.5, 50), atol=1e-12)


@pytest.mark.parametrize(("weight", "iterations"), [(0.0, 10), (0.5, 0)])
def test_no_weight_and_no_iterations_change_nothing(weight, iterations):
    v = np.random.default_rng(3).standard_normal((4, 5))
    np.testing.assert_array_equal(denoised(v, weight, iterations), v)
