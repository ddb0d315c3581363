import dataclasses

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, map_coordinates

from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.tasks.speckle import SpeckleStack

GEOMETRY = {"energy_ev": 28e3, "distance_m": 2.0, "pixel_m": 6.5e-6}


def speckles(images=3, shape=(48, 40), seed=0):
    rng = np.random.default_rng(seed)
    ripple = gaussian_filter(rng.standard_normal((images, *shape)), (0, 1.7, 1.7), mode="wrap")
    return 1000 * (1 + 0.2 * ripple / ripple.std())


def answer(shape=(48, 40), displacement=(0.0, 0.0), transmission=1.0, dark_field=None):
    moved = np.broadcast_to(np.asarray(displacement, float)[:, None, None], (2, *shape)).copy()
    flat = np.ones(shape)
    return Reconstruction(
        displacement=moved,
        transmission=transmission * flat,
        phase=0 * flat,
        dark_field=None if dark_field is None else dark_field * flat,
    )


def stack(**changes):
    reference = speckles()
    return SpeckleStack(**{"reference": reference, "sample": 0.9 * reference, **GEOMETRY, **changes})


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_speckle_moves_by_the_displacement(library):
    y = stack().to(get_backend(library, "double"))
    found = y.backend.to_numpy(y.forward(answer(displacement=(2, -3), transmission=0.8)))
    reference = y.backend.to_numpy(y.reference)
    # What stood at (10, 20) stands at (12, 17).
    np.testing.assert_allclose(found[:, 12, 17], 0.8 * reference[:, 10, 20], rtol=1e-9)
    np.testing.assert_allclose(found[:, 2:, :-3], 0.8 * reference[:, :-2, 3:], rtol=1e-9)
    assert y.counters.operators == 1


def test_a_warped_image_has_the_sign_of_its_field():
    """A picture drawn out from its centre by a field that points outwards, made without the class under test."""
    y = stack()
    rows, columns = np.indices(y.shape) - np.array([24.0, 20.0])[:, None, None]
    outwards = 0.05 * np.stack([rows, columns])
    warped = np.stack([map_coordinates(image, np.indices(y.shape) - outwards, order=3, mode="mirror") for image in y.reference])
    found = y.forward(dataclasses.replace(answer(), displacement=outwards))
    np.testing.assert_allclose(found, warped, rtol=1e-6)


def test_a_blur_lowers_the_visibility_as_a_gaussian_of_that_variance_does():
    reference = speckles(images=8, shape=(96, 96))
    variance = 0.3
    blurred = gaussian_filter(reference, (0, variance**0.5, variance**0.5), mode="wrap")
    y = SpeckleStack(reference, blurred, **GEOMETRY)
    lowered = np.std(blurred) / np.std(reference)
    assert y.visibility_of(np.asarray(variance)) == pytest.approx(lowered, rel=0.02)
    assert y.dark_field_of(y.visibility_of(np.asarray(variance))) == pytest.approx(variance)
    found = y.forward(answer(shape=(96, 96), dark_field=variance))
    without = y.forward(answer(shape=(96, 96)))
    inside = (slice(None), slice(8, -8), slice(8, -8))
    assert np.linalg.norm((found - blurred)[inside]) < 0.05 * np.linalg.norm((without - blurred)[inside])


def test_phase_and_displacement_are_tied_by_the_geometry():
    y = stack()
    k = 2 * np.pi / y.wavelength_m
    assert y.wavelength_m == pytest.approx(0.4428e-10, rel=1e-4)
    slope_rad_per_m = y.radians_per_px / y.pixel_m  # of a phase that displaces by one pixel
    assert y.distance_m / k * slope_rad_per_m == pytest.approx(y.pixel_m)


def test_dark_and_flat_are_taken_out_once():
    reference, dark = speckles(), np.full((48, 40), 100.0)
    flat = 1 + 0.3 * np.random.default_rng(1).random((48, 40))
    profile = flat / flat.mean()
    y = SpeckleStack(reference * profile + dark, 0.5 * reference * profile + dark, flat=4000 * flat + dark, dark=dark, **GEOMETRY)
    np.testing.assert_allclose(y.reference, reference, rtol=1e-6)
    np.testing.assert_allclose(y.sample, 0.5 * reference, rtol=1e-6)
    again = dataclasses.replace(y, delta_beta=500.0)
    np.testing.assert_array_equal(again.reference, y.reference)


def test_unmeasured_pixels_hold_their_nearest_neighbours():
    reference, mask = speckles(), np.ones((48, 40), bool)
    mask[10, 10] = mask[30:33, 5] = False
    broken = reference.copy()
    broken[:, ~mask] = np.nan
    y = SpeckleStack(broken, broken, mask=mask, **GEOMETRY)
    assert np.isfinite(y.reference).all()
    assert set(y.reference[:, 10, 10]) <= set(reference[:, 9:12, 9:12].ravel())
    np.testing.assert_array_equal(y.sample[:, mask], reference[:, mask])


def test_fewer_images():
    y = stack().first(2)
    assert y.images == 2
    assert y.describe()["images"] == 2
    with pytest.raises(BadInput, match=r"\b4 of 3 pairs\b"):
        stack().first(4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample": speckles(images=2)}, r"^reference .*\(3, 48, 40\).*\bsample .*\(2, 48, 40\)"),
        ({"sample": speckles()[0]}, r"^sample .*\(images, rows, columns\).*\bfloat64\b.*\(48, 40\)"),
        ({"sample": speckles() * 1j}, r"^sample .*\bcomplex128\b"),
        ({"flat": np.ones((4, 4))}, r"^flat .*\(4, 4\).*\(48, 40\)"),
        ({"flat": np.zeros((48, 40))}, r"^flat .*\b1920 .*\bpositive\b"),
        ({"mask": np.zeros((48, 40))}, r"^mask .*\bpixel"),
        ({"energy_ev": 0.0}, r"^energy_ev .*\b0\.0"),
        ({"distance_m": float("nan")}, r"^distance_m .*\bnan"),
        ({"delta_beta": -1.0}, r"^delta_beta .*-1\.0"),
    ],
)
def test_bad_input_is_one_line(changes, message):
    with pytest.raises(BadInput, match=message):
        stack(**changes)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("reference", 0.0, r"^reference .*\b1 .*\b1 .*\bpositive\b"),
        ("sample", np.nan, r"^sample .*\b1 .*\b1 .*\bfinite\b"),
    ],
)
def test_the_image_at_fault_is_named(name, value, message):
    broken = speckles()
    broken[1, 5, 5] = value
    with pytest.raises(BadInput, match=message):
        stack(**{name: broken})


def test_check_names_what_is_missing():
    y = stack()
    y.check(answer())
    y.check(answer(dark_field=0.1))
    with pytest.raises(PrbenchError, match=r"\bphase .*\breal\b.*\(48, 40\).*\bNoneType\b"):
        y.check(dataclasses.replace(answer(), phase=None))
    with pytest.raises(PrbenchError, match=r"\bdark_field .*\breal\b.*\(3,\)"):
        y.check(dataclasses.replace(answer(), dark_field=np.ones(3)))
