import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from prbench.physics.fringe_quality import FRACTIONS, fringe_contrast, fringes_stand_out, noise_variance, order_fraction


def fringes(shape=(128, 128), carrier=(0.15, 0.2), depth=0.5):
    rows, columns = np.indices(shape)
    return 1 + depth * np.cos(2 * math.pi * (carrier[0] * rows + carrier[1] * columns))


@pytest.mark.parametrize("shape", [(16, 16), (32, 32), (64, 64), (20, 300), (128, 128), (256, 256)])
@pytest.mark.parametrize("seed", range(4))
def test_noise_has_no_fringes(shape, seed):
    rng = np.random.default_rng(seed)
    for noise in (rng.normal(size=shape), rng.poisson(1.0, shape), rng.integers(0, 255, shape)):
        assert not fringes_stand_out(noise.astype(float))


def test_blotches_have_no_fringes():
    rng = np.random.default_rng(0)
    for size in (1.5, 3.0, 6.0):
        blotches = gaussian_filter(rng.normal(size=(256, 256)), size, mode="wrap")
        assert not fringes_stand_out(blotches + 0.01 * blotches.std() * rng.normal(size=blotches.shape))


@pytest.mark.parametrize("photons", [10, 1000])
@pytest.mark.parametrize("shape", [(32, 48), (128, 128), (700, 700)])
def test_weak_fringes_stand_out(photons, shape):
    seen = np.random.default_rng(0).poisson(photons * fringes(shape)).astype(float)
    assert fringes_stand_out(seen)
    assert fringes_stand_out(seen, (-0.15, -0.2))


def test_contrast_does_not_depend_on_the_units():
    seen = np.random.default_rng(0).poisson(20 * fringes()).astype(float)
    np.testing.assert_allclose(fringe_contrast(3 * seen + 7), fringe_contrast(seen), rtol=1e-6)


def test_an_order_that_noise_hides_is_narrow_and_one_of_a_sharp_object_wide():
    rows, columns = np.indices((256, 256)) - 128
    phase = np.where(rows**2 + columns**2 < 50**2, 2.0, 0.0)
    seen = 1 + 0.5 * np.cos(2 * math.pi * (0.15 * rows + 0.2 * columns) + phase)
    assert order_fraction(seen, (0.15, 0.2)) == FRACTIONS[-1]
    assert order_fraction(np.random.default_rng(0).poisson(5 * seen).astype(float), (0.15, 0.2)) == FRACTIONS[0]


def test_an_offset_that_reaches_into_the_order_keeps_it_narrow():
    """Sharp absorption: the power of the offset's order beyond half of the carrier's frequency is above that of the order."""
    rows, columns = np.indices((256, 256)) - 128
    inside = rows**2 + columns**2 < 50**2
    speckled = np.random.default_rng(0).random((256, 256)) * inside
    soft = gaussian_filter(speckled, 1.5)
    phase = np.where(inside, 1.0, 0.0)
    seen = 1 + 10 * soft + 0.05 * np.cos(2 * math.pi * (0.15 * rows + 0.2 * columns) + phase)
    assert order_fraction(seen, (0.15, 0.2)) == FRACTIONS[0]


@pytest.mark.parametrize("variance", [0.01, 4.0])
def test_the_variance_of_white_noise_is_told_beside_fringes(variance):
    rng = np.random.default_rng(0)
    image = 10 * fringes((200, 240)) + rng.normal(scale=math.sqrt(variance), size=(200, 240))
    assert noise_variance(image, (0.15, 0.2)) == pytest.approx(variance, rel=0.05)
