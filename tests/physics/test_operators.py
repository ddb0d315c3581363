"""Operators by themselves, without a measurement around them."""

import numpy as np
import pytest

from prbench.backend import get_backend
from prbench.errors import BadInput
from prbench.physics.convolution import ValidConvolution
from prbench.physics.far_field import FourierPropagation
from prbench.physics.in_line import InLine, PaddedFrame, wave_of
from prbench.physics.linear_maps import MatrixMap, ModulationMap, largest_eigenvalue

BACKENDS = [get_backend(name, "double") for name in ("numpy", "torch")]


def drawn(rng, shape, kind):
    real = rng.standard_normal(shape)
    return real + 1j * rng.standard_normal(shape) if kind == "c" else real


def maps(backend):
    rng = np.random.default_rng(1)
    modulations = np.exp(2j * np.pi * rng.random((3, 2, 4, 6)))
    modulations[:, 0] *= rng.random((3, 4, 6)) + 0.5
    return {
        "matrix": (MatrixMap(backend.asarray(drawn(rng, (12, 5), "c")), backend.complex, backend), (5,), (12,)),
        "modulations": (ModulationMap(backend.asarray(modulations), backend), (4, 6), (3, 4, 6)),
    }


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
@pytest.mark.parametrize("kind", ["matrix", "modulations"])
def test_a_linear_map_has_its_adjoint_and_inverse(backend, kind):
    A, inside, outside = maps(backend)[kind]
    rng, host = np.random.default_rng(2), backend.to_numpy
    x, z = drawn(rng, (2, *inside), "c"), drawn(rng, (2, *outside), "c")
    there, back = host(A.apply(backend.asarray(x))), host(A.adjoint(backend.asarray(z)))
    assert np.vdot(z, there) == pytest.approx(np.vdot(back, x))
    again = host(A.least_squares(A.adjoint(A.apply(backend.asarray(x)))))
    np.testing.assert_allclose(again, x, atol=1e-10)


def test_the_measured_power_is_the_sum_of_the_rows_that_are_kept():
    A, _, (rows,) = maps(BACKENDS[0])["matrix"]
    norms = np.sum(np.abs(A.matrix) ** 2, axis=1)
    keep = np.arange(rows) % 3 > 0
    assert A.measured_power(None) == pytest.approx(norms.sum())
    assert A.measured_power(keep) == pytest.approx(norms[keep].sum())
    B = maps(BACKENDS[0])["modulations"][0]
    assert B.measured_power(None) == pytest.approx(np.sum(np.abs(B.modulations[:, 0]) ** 2))
    assert (A.transforms, B.transforms) == (0, 6)


def test_fewer_rows_than_columns_have_no_inverse():
    wide = MatrixMap(np.ones((2, 3), complex), np.complex128, BACKENDS[0])
    with pytest.raises(BadInput, match=r"\b2 values\b.*\b3 unknowns\b"):
        wide.least_squares(np.ones((1, 3), complex))


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
def test_a_convolution_has_both_adjoints(backend):
    rng, host = np.random.default_rng(3), backend.to_numpy
    convolution = ValidConvolution((9, 8), (3, 5), backend)
    x, k, z = rng.random((9, 8)), rng.random((3, 5)), rng.random((7, 4))
    there = host(convolution.apply(backend.asarray(x), backend.asarray(k)))
    expected = sum(k[i, j] * x[2 - i : 9 - i, 4 - j : 8 - j] for i in range(3) for j in range(5))
    np.testing.assert_allclose(there, expected, atol=1e-12)
    of_x, of_k = (
        host(adjoint(backend.asarray(z), backend.asarray(other)))
        for adjoint, other in ((convolution.adjoint, k), (convolution.kernel_adjoint, x))
    )
    assert np.vdot(z, there) == pytest.approx(np.vdot(of_x, x))
    assert np.vdot(z, there) == pytest.approx(np.vdot(of_k, k))


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
@pytest.mark.parametrize("method", ["fresnel", "angular-spectrum"])
def test_space_carries_a_wave_there_and_back(backend, method):
    frame = PaddedFrame((20, 24), 6)
    space = InLine(frame, 5e-7, 4e-6, 2e-4, method, backend)
    rng, host = np.random.default_rng(4), backend.to_numpy
    phase, transmission = backend.asarray(rng.random((20, 24))), backend.asarray(rng.random((20, 24)) + 0.5)
    wave = wave_of(frame.continued(phase, backend), frame.continued(transmission, backend), backend)
    there = space.to_detector(wave)
    np.testing.assert_allclose(host(space.to_object(there)), host(wave), atol=1e-12)
    assert np.linalg.norm(host(there)) == pytest.approx(np.linalg.norm(host(wave)))
    seen = host(space.intensity(phase, transmission))
    np.testing.assert_allclose(seen, np.abs(host(frame.cropped(there))) ** 2, atol=1e-12)
    small = 1e-5
    linear = host(InLine(frame, 5e-7, 4e-6, 2e-4, "fresnel", backend).born_intensity(small * phase))
    np.testing.assert_allclose(
        linear, host(InLine(frame, 5e-7, 4e-6, 2e-4, "fresnel", backend).intensity(small * phase)), atol=1e-8
    )


def test_a_frame_without_padding_is_its_own_grid():
    array = np.arange(6.0).reshape(2, 3)
    assert PaddedFrame((2, 3), 0).continued(array, BACKENDS[0]) is array
    grown = PaddedFrame((2, 3), 1).continued(array, BACKENDS[0])
    assert grown[0, 0] == 0.0
    assert grown[-1, -1] == 5.0
    np.testing.assert_array_equal(PaddedFrame((2, 3), 1).cropped(grown), array)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
@pytest.mark.parametrize(("shape", "size"), [((12, 9), (5, 4)), ((6, 8, 5), (3, 4, 5)), ((8, 8), (8, 8))])
def test_far_field_propagation_has_its_adjoint_and_inverse(backend, shape, size):
    F = FourierPropagation(shape, size, backend)
    rng, host = np.random.default_rng(5), backend.to_numpy
    x, G = drawn(rng, (2, *size), "c"), drawn(rng, (2, *shape), "c")
    there, back = host(F.apply(backend.asarray(x))), host(F.adjoint(backend.asarray(G)))
    assert np.vdot(G, there) == pytest.approx(np.vdot(back, x))
    np.testing.assert_allclose(host(F.inverse(F.apply(backend.asarray(x)))), host(F.pad(backend.asarray(x))), atol=1e-12)
    axes = tuple(range(1, len(shape) + 1))
    expected = np.abs(np.fft.fftshift(np.fft.fftn(host(F.pad(backend.asarray(x))), axes=axes), axes=axes)) ** 2
    np.testing.assert_allclose(host(F.centred(F.intensity(F.apply(backend.asarray(x))))), expected, atol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
def test_space_propagates_what_a_frame_holds(backend):
    space = InLine(PaddedFrame((16, 18), 5), 5e-7, 4e-6, 1e-4, "angular-spectrum", backend)
    host = backend.to_numpy
    np.testing.assert_allclose(host(space.propagate(backend.asarray(np.ones((16, 18)) + 0j))), np.ones((16, 18)), atol=1e-12)
    field = backend.asarray(drawn(np.random.default_rng(6), (16, 18), "c"))
    inner = host(space.cropped(space.to_object(space.continued(field))))
    np.testing.assert_allclose(host(space.back_propagate(field)), inner, atol=1e-12)
    assert space.admissible_distance_m >= space.distance_m


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda b: b.name)
def test_what_a_map_does_not_see_and_its_largest_eigenvalue(backend):
    A, (n,), _ = maps(backend)["matrix"]
    assert (A.unknowns, A.unseen) == (n, None)
    matrix = backend.to_numpy(A.matrix)
    start = backend.asarray(np.ones((1, n)) + 0j)
    value = largest_eigenvalue(lambda x: A.adjoint(A.apply(x)), start, 40, backend)
    assert value == pytest.approx(np.linalg.norm(matrix, 2) ** 2, rel=1e-3)
    modulations = np.ones((2, 1, 4, 6), complex)
    modulations[:, 0, 1, 2] = 0
    B = ModulationMap(backend.asarray(modulations), backend)
    assert B.unknowns == 23
    np.testing.assert_array_equal(backend.to_numpy(B.unseen), modulations[0, 0] == 0)
    assert maps(backend)["modulations"][0].unseen is None
