import dataclasses

import numpy as np
import pytest

from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.tasks.random import RandomLinear

SHAPE = (5, 6)


def normal(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def a_matrix(field=complex):
    rng = np.random.default_rng(0)
    matrix = normal(rng, 40, 12) if field is complex else rng.standard_normal((40, 12))
    return RandomLinear(np.ones(40), matrix=matrix, real=field is float)


def chains(transforms=1, patterns=3):
    rng = np.random.default_rng(1)
    modulations = np.exp(2j * np.pi * rng.random((patterns, transforms, *SHAPE)))
    modulations[:, 0] *= 0.5 + rng.random((patterns, *SHAPE))
    return RandomLinear(np.ones((patterns, *SHAPE)), modulations=modulations)


MAPS = {"matrix": a_matrix, "real matrix": lambda: a_matrix(float), "coded": chains, "structured": lambda: chains(3)}


@pytest.fixture(params=MAPS)
def kind(request):
    return request.param


@pytest.fixture(params=["numpy", "torch"])
def y(kind, request):
    return MAPS[kind]().to(get_backend(request.param, "double"))


def explicit(y):
    """The map as a matrix, from the definition."""
    if y.matrix is not None:
        return y.backend.to_numpy(y.matrix)
    n = int(np.prod(SHAPE))
    fourier = np.stack([np.fft.fftn(row.reshape(SHAPE), norm="ortho").ravel() for row in np.eye(n)]).T
    rows = []
    for chain in y.backend.to_numpy(y.modulations):
        product = np.eye(n)
        for modulation in chain:
            product = fourier @ np.diag(modulation.ravel()) @ product
        rows.append(product)
    return np.concatenate(rows)


def random_object(y, seed=2):
    rng = np.random.default_rng(seed)
    x = normal(rng, *y.object_shape)
    return x.real if y.real else x


def test_the_map_is_the_definition(y):
    x = random_object(y)
    z = y.backend.to_numpy(y.apply(y.constrain(y.backend.asarray(x))[None]))[0]
    np.testing.assert_allclose(z.ravel(), explicit(y) @ x.ravel(), rtol=1e-10)
    np.testing.assert_allclose(y.backend.to_numpy(y.forward(y.backend.asarray(x))), np.abs(z) ** 2, rtol=1e-10)


def test_the_adjoint_is_adjoint(y):
    rng = np.random.default_rng(3)
    x, z = normal(rng, 2, *y.object_shape), normal(rng, 2, *y.intensity.shape)
    if y.real:
        x, z = x.real, z.real
    backend = y.backend
    forward = backend.to_numpy(y.apply(backend.asarray(x)))
    back = backend.to_numpy(y.adjoint(backend.asarray(z)))
    np.testing.assert_allclose(np.vdot(z, forward), np.vdot(back, x), rtol=1e-10)


def test_least_squares_inverts_the_map(y):
    x = y.backend.asarray(random_object(y))[None]
    found = y.backend.to_numpy(y.least_squares(y.apply(x)))
    np.testing.assert_allclose(found, y.backend.to_numpy(x), atol=1e-10)


def test_power_is_the_mean_eigenvalue(y):
    gram = explicit(y).conj().T @ explicit(y)
    assert y.power == pytest.approx(np.trace(gram).real / len(gram))
    mask = np.arange(len(explicit(y))).reshape(tuple(y.intensity.shape)) % 3 > 0
    masked = dataclasses.replace(y.to(get_backend("numpy", "double")), mask=mask)
    rows = explicit(y)[masked.mask.ravel()]
    assert masked.power == pytest.approx(
        np.sum(np.abs(rows) ** 2) / rows.shape[1], rel=0.02 if y.modulations is not None and y.modulations.shape[1] > 1 else 1e-9
    )
    assert masked.ratio == pytest.approx(len(rows) / rows.shape[1])


def test_the_largest_eigenvalue_is_found(y):
    largest = np.linalg.eigvalsh(explicit(y).conj().T @ explicit(y))[-1]
    assert 0.9 * largest < y.largest_eigenvalue <= largest * (1 + 1e-9)


def test_work_is_counted(y):
    x = y.constrain(y.backend.asarray(random_object(y)))[None]
    y.adjoint(y.apply(x))
    assert y.counters.operators == 2
    transforms = 0 if y.modulations is None else y.modulations.shape[0] * y.modulations.shape[1]
    assert y.counters.ffts == 2 * transforms


def test_the_modulus_error_is_relative_and_blind_to_what_is_unmeasured():
    made = chains().to(get_backend("numpy", "double"))
    x = random_object(made)
    mask = np.ones(made.intensity.shape, bool)
    mask[0, 2] = False
    intensity = np.where(mask, made.forward(x), np.nan)
    y = dataclasses.replace(made, intensity=intensity, mask=mask)
    np.testing.assert_allclose(y.modulus_error(np.stack([x, 1.5 * x, 0 * x])), [0, 0.5, 1], atol=1e-12)


def test_a_known_real_object_is_kept_real():
    y = dataclasses.replace(chains(), real=True).to(get_backend("numpy", "double"))
    x = normal(np.random.default_rng(0), 1, *SHAPE)
    np.testing.assert_array_equal(y.constrain(x), x.real)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, r"\bmatrix\b.*\bmodulations\b"),
        ({"matrix": np.ones((4, 2)), "modulations": np.ones((1, 1, 2, 2))}, r"\bmatrix\b.*\bmodulations\b"),
        ({"matrix": np.ones((3, 2))}, r"^intensity .*\(4,\).*\(3,\)"),
        ({"matrix": np.ones(4)}, r"^matrix .*\(m, n\).*\(4,\)"),
        ({"modulations": np.ones((2, 2))}, r"^modulations .*\(patterns, transforms, \*object_shape\).*\(2, 2\)"),
        ({"modulations": 2 * np.ones((1, 2, 4))}, r"^modulations .*\bmodulus 1\b"),
        ({"matrix": np.ones((4, 2)), "mask": np.ones(3)}, r"^mask .*\(3,\).*\(4,\)"),
    ],
)
def test_bad_input_is_one_line(changes, message):
    with pytest.raises(BadInput, match=message):
        RandomLinear(np.ones(4), **changes)


@pytest.mark.parametrize(
    ("intensity", "message"), [([1, -1, 1], r"\b1 .*\bnegative\b"), ([0, 0, 0], r"\bzero\b"), ([1j, 1, 1], r"\bcomplex128\b")]
)
def test_intensities_are_checked(intensity, message):
    with pytest.raises(BadInput, match=message):
        RandomLinear(np.asarray(intensity), matrix=np.ones((3, 2)))


def test_too_few_values_have_no_least_squares():
    y = RandomLinear(np.ones(3), matrix=np.ones((3, 5)))
    with pytest.raises(BadInput, match=r"\b3 values\b.*\b5 unknowns\b"):
        y.least_squares(np.ones((1, 3), complex))


@pytest.mark.parametrize("wrong", [None, np.ones(12), np.ones(11, complex)])
def test_what_is_no_object_is_refused(wrong):
    with pytest.raises(PrbenchError, match=rf"\bobject .*\bcomplex\b.*\(12,\).*\b{type(wrong).__name__}\b"):
        a_matrix().check(Reconstruction(object=wrong))
