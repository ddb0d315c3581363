import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prbench
from prbench.errors import BadInput, UsageError
from prbench.metrics import _correlation
from prbench.metrics.symmetry import align, find_alignment, symmetry_adjusted_mse, symmetry_adjusted_nmse

SHAPES = [(4, 4), (5, 3), (1, 6), (3, 4, 2), (3, 3, 3)]


def random_object(shape, seed, dtype=np.complex128):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(dtype)


def brute_force(x, xh, symmetries=("phase", "shift", "flip")):
    """Every copy laid on a grid large enough for all of them."""
    grid = [n + 2 * m for n, m in zip(x.shape, xh.shape, strict=True)]
    X = np.zeros(grid, complex)
    X[tuple(slice(m, m + n) for n, m in zip(x.shape, xh.shape, strict=True))] = x
    best = np.inf
    for flip in (False, True) if "flip" in symmetries else (False,):
        w = np.flip(xh).conj() if flip else xh
        shifts = (range(n + m + 1) for n, m in zip(x.shape, xh.shape, strict=True))
        for shift in itertools.product(*shifts) if "shift" in symmetries else [xh.shape]:
            W = np.zeros(grid, complex)
            W[tuple(slice(p, p + m) for p, m in zip(shift, xh.shape, strict=True))] = w
            inner = np.vdot(W, X)
            phase = inner / abs(inner) if "phase" in symmetries and inner else 1
            best = min(best, np.sum(np.abs(X - phase * W) ** 2))
    return best / x.size


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "symmetries", [("phase", "shift", "flip"), ("phase",), ("shift",), ("shift", "flip"), ("phase", "flip"), ()]
)
def test_equals_brute_force(shape, symmetries):
    x, xh = random_object(shape, 1), random_object(shape, 2)
    assert symmetry_adjusted_mse(x, xh, symmetries) == pytest.approx(brute_force(x, xh, symmetries), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [((4, 5), (3, 7)), ((3, 2, 4), (2, 4, 3))])
def test_equals_brute_force_where_shapes_differ(n, m):
    x, xh = random_object(n, 3), random_object(m, 4)
    assert symmetry_adjusted_mse(x, xh) == pytest.approx(brute_force(x, xh), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [((7, 9), (7, 9)), ((8, 5), (3, 6)), ((4, 5, 6), (4, 5, 6)), ((6, 1, 3), (2, 5, 4))])
@pytest.mark.parametrize("seed", [0, 1])
def test_frequency_classes_find_what_padding_finds(n, m, seed):
    x, v = random_object(n, seed, np.complex64), random_object(m, seed + 10, np.complex64)
    lengths = [a + b - 1 for a, b in zip(n, m, strict=True)]
    assert _correlation._by_classes(x, v) == _correlation._by_padding(x, v, lengths, modulus=True)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_zero_on_every_symmetric_copy(data):
    shape = tuple(data.draw(st.lists(st.integers(2, 7), min_size=2, max_size=3)))
    core = random_object(shape, data.draw(st.integers(0, 1000)))
    room = [data.draw(st.integers(0, 6)) for _ in shape]
    frame = tuple(n + r for n, r in zip(shape, room, strict=True))

    def padded(array):
        out = np.zeros(frame, complex)
        starts = [data.draw(st.integers(0, r)) for r in room]
        out[tuple(slice(a, a + n) for a, n in zip(starts, shape, strict=True))] = array
        return out

    x = padded(core)
    copy = np.exp(1j * data.draw(st.floats(-4, 4))) * padded(np.flip(core).conj() if data.draw(st.booleans()) else core)
    assert symmetry_adjusted_nmse(x, copy) < 1e-28
    assert np.allclose(align(x, copy), x, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    angle=st.floats(-4, 4),
    flip=st.booleans(),
    roll=st.tuples(st.integers(-2, 2), st.integers(-2, 2)),
)
def test_does_not_change_under_symmetries(seed, angle, flip, roll):
    x, xh = random_object((9, 8), seed), np.zeros((9, 8), complex)
    xh[2:7, 2:6] = random_object((5, 4), seed + 1)
    moved = np.exp(1j * angle) * np.roll(np.flip(xh).conj() if flip else xh, roll, (0, 1))
    assert symmetry_adjusted_mse(x, moved) == pytest.approx(symmetry_adjusted_mse(x, xh), rel=1e-10)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_large_arrays_are_exact_too(dtype):
    x = np.zeros((60, 64, 70), dtype)
    x[5:50, 8:60, 3:60] = random_object((45, 52, 57), 5, dtype)
    copy = (np.exp(2j) * np.roll(np.flip(x).conj(), (4, -3, 1), (0, 1, 2))).astype(dtype)
    assert symmetry_adjusted_nmse(x, copy) < 1e-13
    worse = copy.copy()
    worse[30, 30, 30] += 1e-4 * np.sqrt(np.sum(np.abs(x) ** 2))
    assert symmetry_adjusted_nmse(x, worse) == pytest.approx(1e-8, rel=1e-2)


def test_large_plane_uses_the_same_classes():
    x = random_object((700, 800), 6, np.complex64)
    assert find_alignment(x, 1j * np.flip(x).conj()).flip
    assert symmetry_adjusted_nmse(x, 1j * np.flip(x).conj()) < 1e-12


def test_known_values():
    x = random_object((16, 16), 7)
    assert symmetry_adjusted_nmse(x, np.zeros_like(x)) == pytest.approx(1)
    assert symmetry_adjusted_nmse(x, 2 * x) == pytest.approx(1)
    assert symmetry_adjusted_nmse(x, 3 * x) == pytest.approx(4), "not clipped"
    assert 1 < symmetry_adjusted_nmse(x, random_object((16, 16), 8)) < 2
    assert symmetry_adjusted_mse(x, 2 * x) == pytest.approx(np.mean(np.abs(x) ** 2))
    assert np.isnan(symmetry_adjusted_nmse(np.zeros((4, 4)), x[:4, :4]))


def test_an_uncorrelated_phase_is_about_one():
    rng = np.random.default_rng(9)
    inside = np.hypot(*np.meshgrid(*2 * [np.arange(-32, 32)])) < 20
    x, xh = (inside * np.exp(1j * rng.uniform(-np.pi, np.pi, inside.shape)) for _ in range(2))
    best_scale = np.abs(np.vdot(align(x, xh), x)) / np.vdot(xh, xh).real
    assert symmetry_adjusted_nmse(x, best_scale * xh) == pytest.approx(1, abs=0.05)


def test_energy_moved_out_of_the_frame_counts():
    x, xh = np.zeros((1, 6)), np.zeros((1, 6))
    x[0, 0], xh[0, 4], xh[0, 3] = 1, 1, 0.5
    assert symmetry_adjusted_mse(x, xh, ("shift",)) == pytest.approx(0.25 / 6)


def test_real_arrays_and_align_in_the_frame_of_the_truth():
    x = np.zeros((6, 7))
    x[1:3, 2:6] = np.arange(1, 9).reshape(2, 4)
    assert np.allclose(align(x, np.roll(-x, (3, 1), (0, 1))), x)
    assert align(x.astype(np.float32), x.astype(np.float32)).dtype == np.complex64


def test_refusals():
    x = np.ones((4, 4))
    for bad, symmetries, error in [
        (np.full((4, 4), np.nan), ("phase",), BadInput),
        (np.ones((4, 4, 4)), ("shift",), BadInput),
        (np.ones((3, 4)), ("phase",), BadInput),
        (np.array([["a"]]), ("phase",), BadInput),
        (x, ("mirror",), UsageError),
    ]:
        with pytest.raises(error):
            symmetry_adjusted_mse(x, bad, symmetries)


@pytest.mark.parametrize("shape", [(12, 16), (7, 9), (6, 5, 8)])
def test_a_cell_that_repeats_is_blind_to_cyclic_copies(shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
    axes = tuple(range(x.ndim))
    for w in (x, np.flip(x).conj()):
        copy = np.exp(0.7j) * np.roll(w, tuple(n // 2 + 1 for n in shape), axes)
        found = find_alignment(x, copy, periodic=True)
        assert found.error < 1e-20 * found.energy
        np.testing.assert_allclose(found.apply(copy, shape), x, atol=1e-12)
        assert find_alignment(x, copy).error > 0.1 * found.energy


def test_an_object_that_fills_the_detector_is_scored_as_a_cell():
    problem = prbench.get_dataset("atoms2d", atoms=5, size=24).problem(0)
    x = problem.truth.object
    moved = prbench.Reconstruction(object=np.roll(np.flip(x), (9, 17), (0, 1)))
    assert prbench.score(moved, problem)["sa_nmse"] < 1e-12
    assert prbench.score(moved, problem)["psnr"] > 100


def smooth_object(shape, seed, dtype=np.complex128):
    """A blob in the middle of its frame that holds no frequency near Nyquist, so that it can be moved by parts of a pixel."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*(np.arange(n) - (n - 1) / 2 for n in shape), indexing="ij")
    r2 = sum((axis / n) ** 2 for axis, n in zip(axes, shape, strict=True))
    drawn = rng.normal(size=(len(shape), 2))
    waves = sum(a * np.cos(4 * p / n + b) for p, n, (a, b) in zip(axes, shape, drawn, strict=True))
    return (np.exp(-45 * r2) * np.exp(1j * waves) * (1 + 2 * axes[0] / shape[0])).astype(dtype)


def moved(x, parts):
    """``x(r - parts)``, cyclic."""
    X = np.fft.fftn(x)
    for axis, part in enumerate(parts):
        ramp = np.exp(-2j * np.pi * part * np.fft.fftfreq(x.shape[axis]))
        X = X * ramp.reshape([-1 if a == axis else 1 for a in range(x.ndim)])
    return np.fft.ifftn(X).astype(x.dtype)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize(
    ("shape", "parts"),
    [((32, 32), (0.5, 0.5)), ((31, 40), (0.25, -0.4)), ((48, 36), (1.37, -0.5)), ((24, 22, 26), (0.5, -0.5, 0.5))],
)
@pytest.mark.parametrize("flip", [False, True])
def test_parts_of_a_pixel_are_no_error(shape, parts, flip, dtype):
    x = smooth_object(shape, 1, dtype)
    copy = moved(np.flip(x).conj() if flip else x, parts) * np.exp(0.3j).astype(dtype)
    on_grid, refined = (symmetry_adjusted_nmse(x, copy, subpixel=s) for s in (False, True))
    assert on_grid > 1e-3
    assert refined < 1e-8
    np.testing.assert_allclose(align(x, copy, subpixel=True), x, atol=1e-4 * np.abs(x).max())


@pytest.mark.parametrize("part", [0.1, 0.25, 0.5, 0.8])
def test_parts_of_a_pixel_of_a_cell_that_repeats(part):
    x = random_object((16, 18), 2)
    spectrum = np.fft.fft2(x)
    spectrum[np.hypot(*np.meshgrid(*(2 * np.fft.fftfreq(n) for n in x.shape), indexing="ij")) > 0.9] = 0
    x = np.fft.ifft2(spectrum)
    found = find_alignment(x, moved(x, (part, 3 - part)), periodic=True, subpixel=True)
    assert found.error < 1e-20 * found.energy
    np.testing.assert_allclose(found.apply(moved(x, (part, 3 - part)), x.shape), x, atol=1e-9)


@pytest.mark.parametrize("shape", [(12, 16), (7, 9), (6, 5, 8)])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("symmetries", [("phase", "shift", "flip"), ("shift",)])
def test_parts_of_a_pixel_make_nothing_worse(shape, seed, symmetries):
    x, xh = random_object(shape, seed), random_object(shape, seed + 50)
    for periodic in (False, True):
        on_grid, refined = (find_alignment(x, xh, symmetries, periodic=periodic, subpixel=s) for s in (False, True))
        assert refined.error <= on_grid.error


@pytest.mark.parametrize(("dtype", "limit"), [(np.complex64, 1e-7), (np.complex128, 1e-12)])
def test_equal_objects_stay_equal(dtype, limit):
    for x in (random_object((32, 32), 3, dtype), smooth_object((24, 26), 3, dtype), np.ones((8, 9), dtype)):
        found = find_alignment(x, np.exp(1j).astype(dtype) * np.flip(x).conj(), subpixel=True)
        assert found.error < limit**2 * 100 * found.energy
        assert not any(found.fraction)


def test_a_sharp_object_with_noise_stays_on_the_grid():
    """Noise alone asks for thousandths of a pixel, which would make edges ring."""
    rows, columns = np.indices((64, 64))
    x = ((abs(rows - 30) < 14) & (abs(columns - 33) < 12)) * np.exp(0.05j * rows)
    found = find_alignment(x, x + 0.05 * random_object(x.shape, 4), subpixel=True)
    assert not any(found.fraction)


def test_a_sharp_object_between_two_pixels_comes_back_nearer():
    """Half a pixel of a staircase: the mean of the object and of its neighbour."""
    x = np.zeros((40, 40), complex)
    x[10:30, 12:28] = np.exp(0.1j * np.arange(20))[:, None]
    between = (x + np.roll(x, 1, 0)) / 2
    on_grid, refined = (symmetry_adjusted_nmse(x, between, subpixel=s) for s in (False, True))
    assert refined <= on_grid


def test_the_metric_removes_parts_of_a_pixel_and_its_other_version_does_not():
    problem = prbench.get_dataset("cell2d[size=32]").problem(0, seed=90210)
    x = np.asarray(problem.truth.object)
    padded = np.pad(x, 16)
    found = prbench.Reconstruction(object=moved(padded, (0.5, 0.5))[16:-16, 16:-16])
    scores = prbench.score(found, problem)
    assert scores["r_factor"] < 2e-3
    assert scores["sa_nmse"] < 1e-5
    assert scores["sa_nmse_grid"] > 1e-2
    assert scores["psnr"] > 50
    assert scores["frc"] == 1
    exact = prbench.score(prbench.Reconstruction(object=x), problem)
    assert exact["sa_nmse"] == exact["sa_nmse_grid"] < 1e-14
