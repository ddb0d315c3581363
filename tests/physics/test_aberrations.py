import math

import numpy as np
import pytest

from prbench.physics.aberrations import Polynomials, fit_background, refine_background

ROWS, COLUMNS = np.linspace(-1, 1, 70), np.linspace(-0.9, 0.9, 64)
BASIS = Polynomials(ROWS, COLUMNS, 4)


def coefficients(seed, size=3.0):
    return size * np.random.default_rng(seed).standard_normal(len(BASIS.orders)) / (1 + np.arange(len(BASIS.orders))) ** 0.5


def blob(height, row=0.0, column=0.0, radius=0.45):
    q = ((ROWS[:, None] - row) ** 2 + (COLUMNS - column) ** 2) / radius**2
    return height * np.sqrt(np.clip(1 - q, 0, None))


def test_terms_sum_to_their_sum():
    given = coefficients(0)
    np.testing.assert_allclose(np.tensordot(given, BASIS.terms(), 1), BASIS.sum(given), atol=1e-12)
    assert BASIS.orders[0] == (0, 0)
    assert len(BASIS.orders) == 15
    np.testing.assert_allclose(BASIS.flattened({(1, 0): 2.0}) @ BASIS.terms().reshape(15, -1), np.repeat(2 * ROWS, 64))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_aberrations_are_found_beside_an_object_that_nobody_points_out(seed, noise):
    rng = np.random.default_rng(seed)
    true = coefficients(seed)
    phase = blob(rng.uniform(2, 8), *rng.uniform(-0.4, 0.4, 2)) + BASIS.sum(true)
    z = np.exp(1j * (phase + noise * rng.standard_normal(phase.shape)))
    found, grain = fit_background(z, BASIS, np.zeros(15))
    gap = BASIS.sum(found - true)
    gap -= 2 * math.pi * np.rint(np.median(gap) / (2 * math.pi))
    assert np.abs(gap).max() < 0.12 + noise
    assert np.sqrt(np.mean(gap**2)) < 0.03 + noise / 4
    assert noise / 2 < grain < 0.03 + 4 * noise


def test_the_object_does_not_pull_a_refined_background():
    phase = blob(5.0) + BASIS.sum(0.02 * coefficients(2))
    rest, free = refine_background(phase, np.ones_like(phase), BASIS, 0.02)
    np.testing.assert_allclose(BASIS.sum(rest), BASIS.sum(0.02 * coefficients(2)), atol=1e-3)
    assert not free[blob(5.0) > 0.3].any()
    assert free.mean() > 0.6


def test_a_frame_without_light_has_some_fit():
    found, grain = fit_background(np.zeros((70, 64), complex), BASIS, np.zeros(15))
    assert np.isfinite(found).all()
    assert np.isfinite(grain)
