import importlib
import importlib.util
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.backend import get_backend, get_threads, pointwise, set_threads
from prbench.backend.pointwise import abs2, sqrt, where
from prbench.physics.far_field import replace_modulus

pointwise_module = importlib.import_module("prbench.backend.pointwise")  # the package exports a function of this name

SHAPES = st.lists(st.integers(1, 7), min_size=2, max_size=4).map(tuple)
FORMS = ("whole", "shared", "bare")
"""Forms that an argument may have beside the output (B, *s): the same, (1, *s), (*s)."""


@pointwise
def relax(g, p, inside, c, d):
    """``p`` inside, ``c g + d p`` outside."""
    return where(inside, p, c * g + d * p)


@pointwise
def scale(G, amplitude, factor):
    """``G factor amplitude / |G|``, where the amplitude is not negative."""
    return G * where(amplitude < 0, factor, factor * amplitude / sqrt(abs2(G) + factor))


@pointwise
def modulus(z):
    """``|z|``."""
    return sqrt(abs2(z))


def draw(rng: np.random.Generator, shape: tuple[int, ...], kind: str, precision: str, form: str = "whole") -> np.ndarray:
    shape = {"whole": shape, "shared": (1, *shape[1:]), "bare": shape[1:]}[form]
    if kind == "bool":
        return rng.random(shape) < 0.5
    real = np.float32 if precision == "single" else np.float64
    values = rng.standard_normal(shape)
    if kind == "real":
        return values.astype(real)
    return (values + 1j * rng.standard_normal(shape)).astype(np.complex64 if precision == "single" else np.complex128)


def on(library: str, *arrays: object) -> list[object]:
    backend = get_backend(library, "double")
    return [backend.asarray(a, _dtype(backend, a)) if isinstance(a, np.ndarray) else a for a in arrays]


def _dtype(backend, array: np.ndarray):
    return getattr(backend.xp, array.dtype.name)


def tolerance(precision: str) -> float:
    return 1e-5 if precision == "single" else 1e-13


@pytest.fixture(params=["serial", "parallel"])
def loop(request, monkeypatch):
    """Both compiled loops; the parallel one however small the arrays are."""
    before = get_threads()
    monkeypatch.setattr(pointwise_module, "_PARALLEL_FROM", 1)
    set_threads(2 if request.param == "parallel" else 1)
    yield request.param
    set_threads(before)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_formula_means_what_it_says(library, precision):
    @given(SHAPES, st.sampled_from(FORMS), st.booleans(), st.integers(0, 99))
    def law(shape, form, in_place, seed):
        rng = np.random.default_rng(seed)
        g, p = (draw(rng, shape, "complex", precision) for _ in range(2))
        inside = draw(rng, shape, "bool", precision, form)
        expected = np.where(inside, p, 0.5 * g - 0.25 * p)
        args = on(library, g, p, inside)
        out = args[0] if in_place else on(library, np.empty_like(g))[0]
        found = relax(*args, 0.5, -0.25, out=out)
        assert found is out
        np.testing.assert_allclose(np.asarray(found), expected, rtol=tolerance(precision), atol=tolerance(precision))
        np.testing.assert_array_equal(np.asarray(args[1]), p)

    law()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_every_loop_agrees_with_plain_evaluation(loop, library, form):
    rng = np.random.default_rng(3)
    shape = (3, 130, 257)
    G, amplitude = draw(rng, shape, "complex", "single"), draw(rng, shape, "real", "single", form)
    factor = 0.01
    expected = G * np.where(amplitude < 0, factor, factor * amplitude / np.sqrt(np.abs(G) ** 2 + factor))
    G_there, amplitude_there = on(library, G, amplitude)
    found = np.asarray(scale(G_there, amplitude_there, factor, out=G_there))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pointwise
def gap_size(z, amplitude, zero):
    """``| |z|^2 - amplitude |``, and 0 where the amplitude is negative."""
    gap = abs2(z) - amplitude
    return where(amplitude < 0, zero, where(gap < 0, -gap, gap))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_total_is_the_sum_of_the_values(loop, library, precision, form):
    rng = np.random.default_rng(9)
    shape = (3, 130, 257)  # rows of more than one piece, none of them full
    z, amplitude = draw(rng, shape, "complex", precision), draw(rng, shape, "real", precision, form)
    expected = np.where(amplitude < 0, 0, np.abs(np.abs(z.astype(complex)) ** 2 - amplitude)).sum(dtype=float)
    there = on(library, z, amplitude)
    assert gap_size.total(*there, 0.0, over=there[0]) == pytest.approx(expected, rel=tolerance(precision))
    np.testing.assert_array_equal(np.asarray(there[0]), z)


def test_both_loops_give_the_same_total(monkeypatch):
    rng = np.random.default_rng(10)
    z, amplitude = draw(rng, (2, 200, 300), "complex", "single"), draw(rng, (200, 300), "real", "single")
    serial = gap_size.total(z, amplitude, 0.0, over=z)
    before = get_threads()
    monkeypatch.setattr(pointwise_module, "_PARALLEL_FROM", 1)
    set_threads(2)
    parallel = gap_size.total(z, amplitude, 0.0, over=z)
    set_threads(before)
    assert serial == parallel


def test_both_loops_give_the_same_bits(monkeypatch):
    rng = np.random.default_rng(4)
    g, p = (draw(rng, (2, 200, 300), "complex", "single") for _ in range(2))
    inside = draw(rng, g.shape, "bool", "single")
    serial = relax(g, p, inside, 0.7, 0.1, out=np.empty_like(g))
    before = get_threads()
    monkeypatch.setattr(pointwise_module, "_PARALLEL_FROM", 1)
    set_threads(2)
    parallel = relax(g, p, inside, 0.7, 0.1, out=np.empty_like(g))
    set_threads(before)
    np.testing.assert_array_equal(serial, parallel)


@pytest.mark.parametrize("precision", ["single", "double"])
def test_a_real_result_of_complex_arguments(precision):
    z = draw(np.random.default_rng(5), (2, 5, 7), "complex", precision)
    found = modulus(z, out=np.empty(z.shape, z.real.dtype))
    np.testing.assert_allclose(found, np.abs(z), rtol=tolerance(precision))
    assert found.dtype == z.real.dtype


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_scalars_do_not_raise_the_precision(library):
    g = draw(np.random.default_rng(6), (1, 4, 4), "complex", "single")
    (there,) = on(library, g)
    found = relax(there, there, on(library, np.zeros(g.shape, bool))[0], np.float64(0.5), 1, out=there)
    assert "complex64" in str(found.dtype)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_result_that_cannot_be_written_in_place_is_refused(library):
    g = draw(np.random.default_rng(7), (4, 6, 8), "complex", "single")
    (there,) = on(library, g)
    turned = there.T if library == "numpy" else there.permute(2, 1, 0)
    inside = np.zeros(turned.shape, bool)
    with pytest.raises(ValueError, match="contiguous"):
        relax(turned, turned, on(library, inside)[0], 1.0, 1.0, out=turned)


@given(st.integers(0, 99), st.floats(1e-3, 1e3))
def test_replacing_the_modulus_keeps_phases(seed, size):
    rng = np.random.default_rng(seed)
    G = size * draw(rng, (2, 4, 5), "complex", "double")
    amplitude = draw(rng, (4, 5), "real", "double")
    found = replace_modulus(G.copy(), amplitude, 1.0, 1e-200, out=np.empty_like(G))
    seen = np.broadcast_to(amplitude >= 0, G.shape)
    np.testing.assert_allclose(np.abs(found)[seen], np.broadcast_to(amplitude, G.shape)[seen], rtol=1e-12)
    np.testing.assert_allclose(found[seen] * np.abs(G[seen]), np.abs(found[seen]) * G[seen], rtol=1e-10)
    np.testing.assert_array_equal(found[~seen], G[~seen])


def test_where_nothing_diffracts_the_projection_stays_finite():
    zero = np.zeros((1, 3, 3), np.complex64)
    found = replace_modulus(zero, np.ones((3, 3), np.float32), 1.0, 1e-30, out=np.empty_like(zero))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("primitive", [lambda: where(True, 1, 2), lambda: sqrt(4.0), lambda: abs2(1j)])
def test_primitives_outside_a_formula_say_so(primitive):
    with pytest.raises(RuntimeError, match="@pointwise"):
        primitive()


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["torch:cuda", "cupy"])
@pytest.mark.parametrize("form", FORMS)
def test_a_gpu_agrees(name, form):
    backend = gpu_backend(name)
    rng = np.random.default_rng(8)
    G, amplitude = draw(rng, (2, 33, 65), "complex", "single"), draw(rng, (2, 33, 65), "real", "single", form)
    expected = scale(G, amplitude, 0.1, out=np.empty_like(G))
    there = backend.asarray(G)
    total = gap_size.total(there, backend.asarray(amplitude), 0.0, over=there)
    assert total == pytest.approx(gap_size.total(G, amplitude, 0.0, over=G), rel=1e-5)
    found = backend.to_numpy(scale(there, backend.asarray(amplitude), 0.1, out=there))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def gpu_backend(name):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    if name == "cupy" and importlib.util.find_spec("cupy") is None:
        pytest.skip("cupy is not installed; pip install -c constraints.txt -e '.[cuda]'")
    return get_backend(name)


def test_compiling_is_counted_once_for_each_form():
    @pointwise
    def twice(x, factor):
        return factor * x

    before = pointwise_module.forms_compiled()
    x = np.ones((2, 3), np.float32)
    assert math.isclose(twice(x, 2.0, out=x)[0, 0], 2)
    twice(x, 3.0, out=x)
    assert pointwise_module.forms_compiled() == before + 1
