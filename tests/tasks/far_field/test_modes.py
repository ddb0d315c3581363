"""Modes of restarts: what they share comes first, whatever symmetry each has taken."""

import numpy as np
import pytest

from prbench.tasks.far_field.modes import modes_of


def blob(seed=0, shape=(24, 20)):
    rng = np.random.default_rng(seed)
    x = np.zeros(shape, complex)
    x[6:15, 5:12] = (1 + rng.random((9, 7))) * np.exp(1j * rng.random((9, 7)))
    return x


def test_one_object_in_all_its_symmetries_is_one_mode():
    x = blob()
    flipped = np.conj(x[::-1, ::-1])
    starts = np.stack([x, np.roll(x, (2, -3), (0, 1)) * np.exp(1.3j), 2 * flipped, np.roll(flipped, (-4, 3), (0, 1))])
    modes = modes_of(starts)
    assert modes.shares[0] == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(modes.arrays[0], x, atol=1e-5)
    assert modes.shares.sum() == pytest.approx(1)


def test_objects_with_nothing_in_common_share_the_power():
    rng = np.random.default_rng(0)
    starts = rng.normal(size=(6, 40, 40)) + 1j * rng.normal(size=(6, 40, 40))
    assert modes_of(starts).shares[0] < 0.3


def test_modes_are_orthogonal_and_noise_goes_to_the_later_ones():
    x, rng = blob(), np.random.default_rng(1)
    noise = [0.05 * (rng.normal(size=x.shape) + 1j * rng.normal(size=x.shape)) for _ in range(8)]
    starts = np.stack([x + n for n in noise])
    modes = modes_of(starts)
    assert modes.shares[0] > 0.95
    rows = modes.arrays.reshape(8, -1)
    products = np.abs(rows @ rows.conj().T)
    assert products[~np.eye(8, dtype=bool)].max() < 1e-6 * products.max()
    first = modes.arrays[0] * np.exp(-1j * np.angle(np.vdot(x, modes.arrays[0])))
    assert np.linalg.norm(first - x) < 0.6 * np.linalg.norm(starts[0] - x)


def test_zero_objects_have_no_power():
    assert modes_of(np.zeros((3, 8, 8), complex)).shares.tolist() == [0, 0, 0]
