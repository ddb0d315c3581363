"""One representative of an orbit: the same for all of its members, one of them, and stable."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prbench
from prbench.algorithms.far_field._representative import representative

SHAPES = [(24, 24), (23, 20), (12, 14, 13)]
seeds = st.integers(0, 2**32 - 1)


def object_in(shape, seed, *, real=False, margin=5):
    """A random object with empty room around it."""
    rng = np.random.default_rng(seed)
    inner = tuple(n - 2 * margin if len(shape) == 2 else n - 6 for n in shape)
    x = np.zeros(shape, np.complex128)
    low = tuple((n - m) // 2 for n, m in zip(shape, inner, strict=True))
    values = rng.random(inner) + (0 if real else 1j * rng.standard_normal(inner))
    x[tuple(slice(a, a + m) for a, m in zip(low, inner, strict=True))] = values
    return x


def member(x, rng, *, phase=True):
    """A random member of the orbit inside the frame."""
    moved = np.conj(np.flip(x)) if rng.random() < 0.5 else x
    moved = np.roll(moved, rng.integers(-2, 3, x.ndim), axis=tuple(range(x.ndim)))
    return moved * (np.exp(2j * np.pi * rng.random()) if phase else 1)


def centre(x):
    weight = np.abs(x) ** 2
    return [float((weight * i).sum() / weight.sum()) for i in np.indices(x.shape)]


def half_way(x):
    return any(abs((c % 1) - 0.5) < 1e-6 for c in centre(x))


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_all_of_an_orbit_have_one(shape, seed):
    rng, x = np.random.default_rng(seed), object_in(shape, seed)
    if half_way(x):
        return
    np.testing.assert_allclose(representative(member(x, rng)), representative(x), atol=1e-9)


@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_all_of_a_real_objects_orbit_have_one(seed):
    """Its phase tells no flip from the other; its shape does."""
    rng, x = np.random.default_rng(seed), object_in((24, 24), seed, real=True)
    found = representative(x)
    np.testing.assert_allclose(representative(member(x, rng)), found, atol=1e-9)
    assert np.abs(found.imag).max() < 1e-9


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_it_is_one_of_them(shape, seed):
    x = object_in(shape, seed)
    found = representative(x)
    padded = tuple(2 * n for n in shape)
    patterns = [np.abs(np.fft.fftn(v, padded, axes=range(v.ndim))) for v in (x, found)]
    np.testing.assert_allclose(patterns[1], patterns[0], atol=1e-8 * patterns[0].max())
    assert prbench.metrics.symmetry_adjusted_mse(x, found) < 1e-20


@pytest.mark.parametrize("shape", SHAPES)
@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_it_stands_for_itself(shape, seed):
    found = representative(object_in(shape, seed))
    np.testing.assert_allclose(representative(found), found, atol=1e-9)


@settings(deadline=None, max_examples=10)
@given(seed=seeds)
def test_its_centre_of_mass_is_the_middle_pixel(seed):
    found = representative(np.roll(object_in((24, 23), seed), (2, -2), axis=(0, 1)))
    assert all(abs(c - n // 2) <= 0.5 + 1e-9 for c, n in zip(centre(found), found.shape, strict=True))


def test_nothing_leaves_the_frame():
    """Where the centre of mass cannot come to the middle, it comes as near as there is room."""
    x = np.zeros((16, 16), np.complex128)
    x[2, 3:9] = 50
    x[3:16, 3] = 0.1j + 0.2
    found = representative(x)
    assert np.sort(np.abs(found[found != 0])) == pytest.approx(np.sort(np.abs(x[x != 0])))
    np.testing.assert_allclose(representative(found), found, atol=1e-12)


def test_a_small_change_changes_it_little_but_at_the_cut():
    """Crystals with a phase of nearly a full turn, whose mean turns wildly: the local mean at the centre does not."""
    jumps = []
    for n in range(40):
        x = np.asarray(prbench.get_dataset("crystal2d", size=32).problem(n, split="train").truth.object)
        ripple = np.exp(0.02j * np.random.default_rng(n).standard_normal()) - 1
        nudged = x * (1 + ripple * np.linspace(-1, 1, 32)[:, None])
        change = np.linalg.norm(representative(nudged) - representative(x)) / np.linalg.norm(nudged - x)
        jumps.append(change)
    assert np.median(jumps) < 1.5
    assert np.mean(np.array(jumps) > 5) <= 0.1


def test_the_precision_stays():
    x = object_in((24, 24), 0).astype(np.complex64)
    assert representative(x).dtype == np.complex64
