"""Integration undoes differentiation, with the right sign and scale."""

import numpy as np
import pytest

from prbench.backend import get_backend
from prbench.physics.gradients import integrate_gradient

SHAPE = (40, 56)


def grid(shape=SHAPE):
    r, c = np.indices(shape, dtype=float)
    return r - shape[0] / 2 + 3, c - shape[1] / 2 - 5


def integrated(rows, columns, library="numpy", precision="double"):
    backend = get_backend(library, precision)
    return backend.to_numpy(integrate_gradient(backend.asarray(rows), backend.asarray(columns), backend))


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("shape", [SHAPE, (5, 4), (33, 8)], ids=str)
def test_polynomials_are_integrated_exactly_up_to_the_edges(library, shape):
    r, c = grid(shape)
    phase = 0.3 * r - 0.7 * c + 0.02 * r * c - 0.01 * c**2 + 1e-4 * r**4 - 3e-5 * r**2 * c**2
    rows = 0.3 + 0.02 * c + 4e-4 * r**3 - 6e-5 * r * c**2
    columns = -0.7 + 0.02 * r - 0.02 * c - 6e-5 * r**2 * c
    np.testing.assert_allclose(integrated(rows, columns, library), phase - phase.mean(), atol=1e-9)


def test_an_object_is_found_where_and_as_strong_as_it_is():
    r, c = grid()
    bump = -3 * np.exp(-(r**2 + c**2) / (2 * 4.0**2))
    found = integrated(-bump * r / 16, -bump * c / 16)
    np.testing.assert_allclose(found, bump - bump.mean(), atol=3e-3)


def test_a_vortex_has_no_potential():
    """Least squares leaves out the part of a field that is nobody's gradient."""
    r, c = grid()
    hill = np.exp(-(r**2 + c**2) / 50)
    assert np.abs(integrated(-c * hill, r * hill)).max() < 2e-2 * np.abs(c * hill).max()


def test_noise_spreads_little():
    """White noise of one unit in both components gives a phase of about one unit: its logarithm grows with the frame alone."""
    rng = np.random.default_rng(0)
    assert integrated(*rng.normal(size=(2, 128, 128))).std() < 1.5


@pytest.mark.parametrize("shape", [(1, 12), (3, 2)], ids=str)
def test_frames_too_small_for_a_cubic(shape):
    found = integrated(np.ones(shape), np.ones(shape))
    r, c = np.indices(shape)
    np.testing.assert_allclose(found, r + c - np.mean(r + c), atol=1e-12)


def test_single_precision_stays_single():
    backend = get_backend("torch")
    ones = backend.asarray(np.ones(SHAPE))
    assert integrate_gradient(ones, ones, backend).dtype == backend.real
