"""The ways between displacement and phase."""

import numpy as np
import pytest

from prbench.algorithms.speckle._stack import displacement_of, need_images, phase_of
from prbench.backend import get_backend
from prbench.errors import BadInput
from prbench.tasks.speckle import SpeckleStack


def stack(shape=(40, 48), images=1):
    flat = np.ones((images, *shape))
    return SpeckleStack(flat, flat, energy_ev=28e3, distance_m=2.0, pixel_m=6.5e-6).to(get_backend("numpy", "double"))


def test_a_thick_place_is_negative_phase_and_draws_speckles_by_the_geometry():
    """``d = z / (k pixel^2) grad phi``, of an object whose phase is known."""
    y = stack()
    r, c = np.indices(y.shape) - np.array([19.0, 25.0])[:, None, None]
    phase = -30 * np.exp(-(r**2 + c**2) / (2 * 5.0**2))
    k = 2 * np.pi / y.wavelength_m
    exact = y.distance_m / (k * y.pixel_m**2) * np.stack([-r / 25 * phase, -c / 25 * phase])
    np.testing.assert_allclose(displacement_of(y, phase), exact, atol=4e-3 * np.abs(exact).max())
    np.testing.assert_allclose(phase_of(y, exact), phase - phase.mean(), atol=4e-3 * 30)
    assert y.counters.ffts == 1


def test_polynomials_of_second_degree_are_exact_at_the_edges_too():
    y = stack((6, 9))
    r, c = np.indices(y.shape, dtype=float)
    found = displacement_of(y, y.radians_per_px * (r**2 + 3 * r * c - c))
    np.testing.assert_allclose(found, np.stack([2 * r + 3 * c, 3 * r - 1]), atol=1e-12)


def test_too_few_pairs_are_named():
    need_images(stack(), 1, "lcs", "nothing")
    with pytest.raises(BadInput, match=r"^x .*\b2 pairs\b.*\b1\b.*\by$"):
        need_images(stack(), 2, "x", "y")


def test_images_too_small_to_differentiate_are_refused():
    with pytest.raises(BadInput, match=r"^images .*\b5 pixels\b.*\b4\b"):
        displacement_of(stack((4, 9)), np.zeros((4, 9)))
