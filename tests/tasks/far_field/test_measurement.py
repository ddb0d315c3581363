import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.tasks.far_field import FarField

SHAPES = [(6, 8), (7, 5), (5, 8), (4, 5, 6)]
LIBRARIES = ["numpy", "torch"]


def random_object(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def direct_intensity(x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The definition, summed term by term, with frequency k of every axis at index ``k + n // 2``."""
    spectrum = x
    for axis, n in enumerate(shape):
        k, r = np.arange(n) - n // 2, np.arange(x.shape[axis])
        waves = np.exp(-2j * np.pi * np.outer(k, r) / n)
        spectrum = np.moveaxis(np.tensordot(waves, spectrum, axes=(1, axis)), 0, axis)
    return np.asarray(np.abs(spectrum) ** 2)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_forward_model_is_the_squared_modulus_of_the_fourier_sum(library: str, shape: tuple[int, ...]) -> None:
    y = FarField(np.ones(shape)).to(get_backend(library, "double"))
    x = random_object(y.object_shape)
    found = y.backend.to_numpy(y.forward(y.backend.asarray(x)))
    np.testing.assert_allclose(found, direct_intensity(x, shape), rtol=1e-10)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("shape", SHAPES)
def test_detector_and_fft_order_agree(library: str, shape: tuple[int, ...]) -> None:
    y = FarField(np.random.default_rng(0).random(shape)).to(get_backend(library, "double"))
    spectrum = y.backend.to_numpy(y.amplitude)
    np.testing.assert_allclose(spectrum, np.fft.ifftshift(np.sqrt(y.backend.to_numpy(y.intensity))))
    assert spectrum[(0,) * len(shape)] == pytest.approx(math.sqrt(y.intensity[tuple(n // 2 for n in shape)]))


@given(st.lists(st.integers(1, 9), min_size=2, max_size=3), st.data())
def test_an_objects_forward_intensity_obeys_parseval(shape: list[int], data: st.DataObject) -> None:
    small = tuple(data.draw(st.integers(1, n)) for n in shape)
    y = FarField(np.ones(shape), object_shape=small).to(get_backend("numpy", "double"))
    x = random_object(small)
    assert y.forward(x).sum() == pytest.approx(math.prod(shape) * (np.abs(x) ** 2).sum())


def test_forward_and_transforms_are_counted_and_copies_count_apart() -> None:
    y = FarField(np.ones((8, 8)))
    y.forward(np.ones(y.object_shape, complex))
    assert (y.counters.operators, y.counters.ffts) == (1, 1)
    fields = np.ones((3, 8, 8), complex)
    y.project_modulus(fields)
    assert y.counters.ffts == 1 + 6
    less = y.without(np.zeros((8, 8), bool))
    less.transform(fields)
    assert y.counters.ffts == 1 + 6 + 3
    assert less.counters is y.counters
    moved = y.to(get_backend("numpy"))
    assert (moved.counters.operators, moved.counters.ffts) == (0, 0)


@pytest.mark.parametrize("precision", ["single", "double"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_moving_keeps_what_was_measured(library: str, precision: str) -> None:
    rng = np.random.default_rng(1)
    mask, support = rng.random((6, 7)) > 0.2, rng.random((6, 7)) > 0.5
    y = FarField(rng.random((6, 7)), mask, (3, 2), support=support, gain=2.0, real=True, wavelength_m=1e-10)
    moved = y.to(get_backend(library, precision))
    assert moved.initial is None
    for name in ("intensity", "mask", "support"):
        kept = moved.backend.to_numpy(getattr(moved, name))
        np.testing.assert_allclose(kept, getattr(y, name), rtol=1e-6)
        assert kept.dtype == (bool if name != "intensity" else np.float32 if precision == "single" else np.float64)
    assert set(y.arrays) == {"intensity", "mask", "support", "initial"}
    assert moved.describe() == y.describe()
    assert moved.object_shape == (3, 2)


def test_what_stands_in_unmeasured_pixels_is_gone() -> None:
    intensity, mask = np.ones((6, 6)), np.ones((6, 6), bool)
    intensity[0, 0], intensity[1, 1], mask[0, 0], mask[1, 1] = np.nan, -5, False, False
    y = FarField(intensity, mask)
    assert (y.intensity[~mask] == 0).all()
    assert (y.to_fft_order(y.intensity)[y.amplitude < 0] == 0).all()
    assert int((y.amplitude < 0).sum()) == 2
    np.testing.assert_array_equal(y.measured, np.fft.ifftshift(mask))


def test_the_callers_arrays_are_left_alone() -> None:
    intensity, mask = np.random.default_rng(0).random((6, 6)), np.eye(6, dtype=bool)
    before = intensity.copy()
    FarField(intensity, mask)
    np.testing.assert_array_equal(intensity, before)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"intensity": np.ones(8)}, r"^intensity .*\b2D\b.*\b3D\b.*\bfloat64\b.*\(8,\)"),
        ({"intensity": np.ones((2, 2, 2, 2))}, r"^intensity .*\b2D\b.*\b3D\b.*\(2, 2, 2, 2\)"),
        ({"intensity": np.ones((4, 4), complex)}, r"^intensity .*\bcomplex128\b"),
        ({"intensity": np.array([["a"]])}, r"^intensity .*<U1"),
        ({"intensity": -np.eye(4)}, r"^intensity .*\b4 .*\bnegative\b"),
        ({"intensity": np.full((4, 4), np.nan)}, r"^intensity .*\b16 .*\bfinite\b"),
        ({"intensity": np.full((4, 4), np.inf)}, r"^intensity .*\b16 .*\bfinite\b"),
        ({"intensity": np.zeros((4, 4))}, r"^intensity .*\bzero\b"),
        ({"intensity": np.empty((0, 4))}, r"^intensity .*\(0, 4\)"),
        ({"mask": np.zeros((4, 4))}, r"^intensity .*\bzero\b"),
        ({"mask": np.ones((4, 5))}, r"^mask .*\(4, 5\).*\(4, 4\)"),
        ({"support": np.ones((2, 2))}, r"^support .*\(2, 2\).*\(4, 4\)"),
        ({"support": np.zeros((4, 4))}, r"^support .*\bpixel"),
        ({"support_size": 0}, r"^support_size .*\[1, 16\].*\b0\b"),
        ({"support_size": 17}, r"^support_size .*\[1, 16\].*\b17\b"),
        ({"gain": 0.0}, r"^gain .*\b0\.0"),
        ({"gain": -1.0}, r"^gain .*-1\.0"),
        ({"gain": math.nan}, r"^gain .*\bnan"),
        ({"object_shape": (2, 5)}, r"^object_shape \(2, 5\).*\b2 axes\b.*\(4, 4\)"),
        ({"object_shape": (2,)}, r"^object_shape \(2,\).*\b2 axes\b"),
        ({"object_shape": (0, 2)}, r"^object_shape \(0, 2\).*\b2 axes\b"),
        ({"object_shape": (2.5, 2)}, r"^object_shape .*\b2 integers\b.*\(2\.5, 2\)"),
        ({"object_shape": 2}, r"^object_shape .*\b2 integers\b.*\b2$"),
    ],
)
def test_what_is_no_pattern_is_refused_in_one_line(arguments: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told) as caught:
        FarField(**{"intensity": np.ones((4, 4)), **arguments})
    assert "\n" not in str(caught.value)


def test_the_description_is_plain_and_holds_no_array() -> None:
    y = FarField(np.ones((4, 6)), np.ones((4, 6)), gain=3.0, support_size=5, nonnegative=True)
    told = y.describe()
    assert (told["task"], told["shape"], told["object_shape"]) == ("far-field", [4, 6], [2, 3])
    assert (told["gain"], told["support_size"], told["nonnegative"], told["real"]) == (3.0, 5, True, False)
    assert all(isinstance(value, str | bool | int | float | list | None) for value in told.values())
    assert not set(told) & set(y.arrays)
    assert "array" not in repr(y)


def compact_object(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Random values in the middle half of the frame, so that its centre of mass is near the frame's."""
    x = np.zeros(shape, complex)
    inner = tuple(slice(n // 4, n // 4 + max(1, n // 2)) for n in shape)
    x[inner] = np.exp(2j * np.pi * np.random.default_rng(seed).random(x[inner].shape))
    return x


def equal_up_to_translation(a: np.ndarray, b: np.ndarray) -> bool:
    correlation = np.fft.ifftn(np.fft.fftn(a) * np.fft.fftn(b).conj())
    shift = np.unravel_index(np.abs(correlation).argmax(), a.shape)
    return bool(np.allclose(a, np.roll(b, shift, axis=tuple(range(a.ndim))), atol=1e-10))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(("shape", "small"), [((32, 24), (16, 12)), ((33, 21), (15, 11)), ((16, 18, 20), (8, 9, 11))])
def test_cropping_inverts_padding_wherever_the_object_stands(
    library: str, shape: tuple[int, ...], small: tuple[int, ...]
) -> None:
    y = FarField(np.ones(shape), object_shape=small).to(get_backend(library, "double"))
    x = compact_object(small)
    padded = y.backend.to_numpy(y.pad(y.backend.asarray(x)))
    assert padded.shape == shape
    assert (np.abs(padded) ** 2).sum() == pytest.approx((np.abs(x) ** 2).sum())
    for shift in (0, 5, shape[0] // 2, shape[0] - 3):
        field = y.backend.asarray(np.roll(padded, shift, axis=tuple(range(len(shape)))))
        cut = y.backend.to_numpy(y.crop(field))
        assert cut.shape == small
        assert equal_up_to_translation(cut, x)


def test_a_crop_is_placed_by_the_weight_it_is_given() -> None:
    y = FarField(np.ones((16, 16)))
    x = compact_object((8, 8))
    field = y.pad(x)
    support = np.abs(field) > 0
    np.testing.assert_array_equal(y.crop(support, weight=np.abs(field) ** 2), np.abs(y.crop(field)) > 0)


def test_an_empty_field_and_one_of_full_size_can_be_cropped() -> None:
    y = FarField(np.ones((8, 8)))
    assert not y.crop(np.zeros((8, 8), complex)).any()
    whole = FarField(np.ones((8, 8)), object_shape=(8, 8))
    x = random_object((8, 8))
    np.testing.assert_array_equal(whole.crop(whole.pad(x)), x)


@pytest.mark.parametrize("mask", [None, np.eye(6, dtype=bool)])
def test_holding_out_takes_pixels_away_and_nothing_else(mask: np.ndarray | None) -> None:
    y = FarField(np.random.default_rng(0).random((6, 6)), mask)
    free = np.zeros((6, 6), bool)
    free[0] = True
    less = y.without(free)
    measured = np.ones((6, 6), bool) if mask is None else mask
    np.testing.assert_array_equal(less.measured, np.fft.ifftshift(measured & ~free))
    still = np.asarray(less.measured)
    np.testing.assert_array_equal(less.amplitude[still], y.amplitude[still])
    np.testing.assert_array_equal(y.measured, np.fft.ifftshift(measured))


def test_the_modulus_error_is_relative_and_blind_to_unmeasured_pixels() -> None:
    x = random_object((4, 4))
    y = FarField(np.fft.fftshift(np.abs(np.fft.fft2(x, (8, 8))) ** 2)).to(get_backend("numpy", "double"))
    field = y.pad(x)[None]
    np.testing.assert_allclose(y.modulus_error(np.concatenate([field, 1.5 * field, 0 * field])), [0, 0.5, 1], atol=1e-12)
    free = np.zeros((8, 8), bool)
    free[3, 3:6] = True
    spectrum = np.fft.fft2(field)
    spectrum[:, np.fft.ifftshift(free)] *= 100
    assert y.without(free).modulus_error(np.fft.ifft2(spectrum))[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_autocorrelations_support_holds_the_object(library: str) -> None:
    x = compact_object((8, 9))
    y = FarField(np.fft.fftshift(np.abs(np.fft.fft2(x, (16, 18))) ** 2)).to(get_backend(library))
    support = y.backend.to_numpy(y.autocorrelation_support(1e-6))
    flipped = np.flip(support[1:, 1:])
    np.testing.assert_array_equal(support[1:, 1:], flipped)
    pixels = np.argwhere(x)
    for origin in pixels:
        assert support[tuple((pixels - origin + [8, 9]).T)].mean() > 0.95


def test_random_starts_have_the_measured_amplitudes_and_differ() -> None:
    mask = np.ones((8, 8), bool)
    mask[4, 4] = False
    y = FarField(np.random.default_rng(0).random((8, 8)), mask).to(get_backend("numpy", "double"))
    starts = y.random_start(np.random.default_rng(1), 3)
    amplitudes = np.abs(np.fft.fft2(starts))
    np.testing.assert_allclose(amplitudes[:, y.measured], np.broadcast_to(y.amplitude[y.measured], (3, 63)), rtol=1e-6)
    assert not np.allclose(starts[0], starts[1])
    np.testing.assert_array_equal(starts, y.random_start(np.random.default_rng(1), 3))


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_starts_may_continue_the_pattern_where_nothing_was_measured(library: str) -> None:
    mask = np.ones((8, 9), bool)
    mask[3:6, 4] = False
    y = FarField(np.full((8, 9), 4.0), mask).to(get_backend(library, "double"))
    for interpolated, amplitude in ((False, 0.0), (True, 2.0)):
        starts = y.backend.to_numpy(y.random_start(np.random.default_rng(1), 2, interpolated=interpolated))
        amplitudes = np.fft.fftshift(np.abs(np.fft.fft2(starts)), axes=(1, 2))
        np.testing.assert_allclose(amplitudes[:, ~mask], amplitude, atol=1e-6)
        np.testing.assert_allclose(amplitudes[:, mask], 2.0, rtol=1e-6)


@pytest.mark.parametrize("wrong", [None, np.ones((4, 4)), np.ones((3, 4), complex), np.ones((1, 4, 4), complex), [[1j] * 4] * 4])
def test_what_is_no_object_is_refused(wrong: object) -> None:
    with pytest.raises(PrbenchError, match=rf"\bobject .*\bcomplex\b.*\(4, 4\).*\b{type(wrong).__name__}\b"):
        FarField(np.ones((8, 8))).check(Reconstruction(object=wrong))
