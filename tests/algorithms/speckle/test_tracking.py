"""What UMPA and LCS must do with speckles whose displacement is known."""

import dataclasses

import numpy as np
import pytest

import prbench
from prbench.algorithms.speckle import _tracking
from prbench.algorithms.speckle._windows import SPLINE, hamming
from prbench.backend import get_backend
from prbench.core import Reconstruction, build_plugin
from prbench.errors import BadInput, DataNotFound, UsageError
from prbench.tasks.speckle import SpeckleStack

TRACKERS = ("umpa", "umpa[dark_field=true]", "lcs", "lcs[dark_field=true]", "lcs-umpa", "lcs-umpa[dark_field=true]")
SEARCHING = ("umpa", "umpa[dark_field=true]", "umpa[steps=2]", "umpa[window=9]", "lcs-umpa")
INNER = (..., slice(16, -16), slice(16, -16))
GEOMETRY = {"energy_ev": 28e3, "distance_m": 2.0, "pixel_m": 6.5e-6}


def solved(name, y, library="numpy", precision="single"):
    found = prbench.solve(build_plugin("solver", name), y, backend=get_backend(library, precision))
    assert found.status == "ok"
    return found.reconstruction


def rmse(found, truth):
    return np.sqrt(np.mean((np.asarray(found) - truth)[INNER] ** 2))


def rolled(problem, rows, columns, transmission=1.0):
    """The reference itself, moved by whole pixels, as sample."""
    reference = problem.measurement.reference
    return dataclasses.replace(
        problem.measurement, sample=transmission * np.roll(reference, (rows, columns), axis=(1, 2)).astype(np.float32)
    )


@pytest.mark.parametrize("name", SEARCHING)
@pytest.mark.parametrize("shift", [(0, 0), (2, -3), (-4, 1), (3, 4)])
def test_whole_displacements_are_found_and_have_the_sign_of_the_contract(moved_speckles, name, shift):
    found = solved(name, rolled(moved_speckles(), *shift, transmission=0.7))
    for axis in (0, 1):
        np.testing.assert_allclose(found.displacement[axis][INNER], shift[axis], atol=0.02)
        assert abs(found.displacement[axis][INNER].mean() - shift[axis]) < 2e-3
    np.testing.assert_allclose(found.transmission[INNER], 0.7, rtol=5e-3)


@pytest.mark.parametrize("name", TRACKERS)
def test_nothing_moves_where_nothing_is_moved(moved_speckles, name):
    y = rolled(moved_speckles(), 0, 0, transmission=0.5)
    found = solved(name, y)
    np.testing.assert_allclose(found.displacement[INNER], 0, atol=0.01)
    np.testing.assert_allclose(found.transmission[INNER], 0.5, rtol=2e-3)
    np.testing.assert_allclose(found.displacement, 0, atol=0.1)
    if found.dark_field is not None:
        np.testing.assert_allclose(found.dark_field[INNER], 0, atol=0.02)


@pytest.mark.parametrize("name", SEARCHING)
@pytest.mark.parametrize("shift", [0.25, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("photons", ["none", 5000])
def test_fractions_of_a_pixel_are_found_without_bias(moved_speckles, name, shift, photons):
    problem = moved_speckles(uniform="true", shift=shift, photons=photons, size=128, images=10)
    error = (solved(name, problem.measurement).displacement - problem.truth.displacement)[INNER]
    noise = 0.004 if photons == 5000 else 0.0  # of the mean itself, three standard deviations
    assert np.abs(error.mean(axis=(1, 2))).max() < 0.005 + noise
    assert error.std() < (0.035 if photons == 5000 else 0.01)


def test_a_strained_field_is_followed_without_one_pixel_lost(moved_speckles):
    problem = moved_speckles(size=160, images=10, photons=5000)
    for name, limit in (("umpa", 0.03), ("umpa[window=9]", 0.02), ("lcs-umpa", 0.015)):
        found = solved(name, problem.measurement)
        assert rmse(found.displacement, problem.truth.displacement) < limit
        assert np.linalg.norm((found.displacement - problem.truth.displacement)[INNER], axis=0).max() < 0.5


@pytest.mark.parametrize(("window", "images"), [(5, 4), (5, 12), (9, 4)])
def test_the_error_is_that_of_the_photons(moved_speckles, window, images):
    """Near the Cramer-Rao bound of what the window weighs, ``noise / (slope sqrt(N pixels))``, and not below it."""
    problem = moved_speckles(uniform="true", shift=0.4, photons=5000, size=192, images=images)
    y = problem.measurement
    taps = np.convolve(hamming(window), SPLINE)  # both images are smoothed by the spline as well
    pixels = 1 / np.sum(taps**2) ** 2
    slope = 0.2 * np.sqrt(y.speckle_wavenumber_sq)
    bound = np.sqrt(2 / 5000) / (slope * np.sqrt(images * pixels))
    error = rmse(solved(f"umpa[window={window}]", y).displacement, problem.truth.displacement)
    assert 0.85 * bound < error < 1.35 * bound


@pytest.mark.parametrize("images", [1, 2, 3])
def test_few_images_lose_no_pixel_either(moved_speckles, images):
    problem = moved_speckles(size=160, images=images, photons=5000)
    found = solved("umpa[window=9]", problem.measurement)
    assert np.linalg.norm((found.displacement - problem.truth.displacement)[INNER], axis=0).max() < 1


def test_one_bad_block_is_outvoted_by_its_neighbours(moved_speckles):
    problem = moved_speckles(images=4)
    sample = problem.measurement.sample.copy()
    sample[:, 40:44, 40:44] = np.random.default_rng(0).permuted(sample[:, 40:44, 40:44], axis=1)
    found = solved("umpa", dataclasses.replace(problem.measurement, sample=sample))
    away = np.ones((96, 96), bool)
    away[34:50, 34:50] = False
    error = np.linalg.norm(found.displacement - problem.truth.displacement, axis=0)
    assert error[INNER][away[INNER]].max() < 0.5


@pytest.mark.parametrize("name", ["lcs", "lcs[window=9]", "umpa"])
def test_small_displacements_are_fitted(moved_speckles, name):
    problem = moved_speckles(shift=0.9, images=10, photons=5000, size=160)
    assert rmse(solved(name, problem.measurement).displacement, problem.truth.displacement) < 0.03


@pytest.mark.parametrize("name", TRACKERS)
def test_absorption_is_told_from_displacement(moved_speckles, name):
    problem = moved_speckles(shift=0.6, absorption=0.4)
    found = solved(name, problem.measurement)
    assert rmse(found.transmission, problem.truth.transmission) < 5e-3
    assert np.ptp(problem.truth.transmission) == pytest.approx(0.4, abs=0.01)


def test_umpa_finds_the_blur_that_took_visibility(moved_speckles):
    problem = moved_speckles(shift=2, blur=0.4, size=192, images=12)
    found, truth = solved("umpa[dark_field=true,window=9]", problem.measurement), problem.truth.dark_field[INNER]
    slope, offset = np.polyfit(truth.ravel(), found.dark_field[INNER].ravel(), 1)
    assert slope == pytest.approx(1, abs=0.15)
    assert offset == pytest.approx(0, abs=0.03)
    assert found.aux["visibility"].shape == (192, 192)
    assert solved("umpa", problem.measurement).dark_field is None


def test_lcs_finds_a_weak_blur(moved_speckles):
    problem = moved_speckles(shift=0.3, blur=0.2, size=192, images=12)
    found = solved("lcs[dark_field=true,window=9]", problem.measurement)
    assert np.corrcoef(problem.truth.dark_field[INNER].ravel(), found.dark_field[INNER].ravel())[0, 1] > 0.9
    assert rmse(found.dark_field, problem.truth.dark_field) < 0.04


@pytest.mark.parametrize("name", TRACKERS)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_unit_of_intensity_and_the_order_of_images_do_not_matter(moved_speckles, name, library):
    y = moved_speckles(shift=0.8, photons=5000).measurement
    plain = solved(name, y, library, "double")
    order = np.arange(y.images)[::-1]  # which leaves the two halves of lcs-umpa what they are
    again = solved(
        name, dataclasses.replace(y, reference=1e-3 * y.reference[order], sample=1e-3 * y.sample[order]), library, "double"
    )
    np.testing.assert_allclose(again.displacement, plain.displacement, atol=1e-6)
    np.testing.assert_allclose(again.transmission, plain.transmission, rtol=1e-6)


@pytest.mark.parametrize("name", TRACKERS)
def test_libraries_and_precisions_agree(moved_speckles, name):
    y = moved_speckles(shift=0.8, photons=5000).measurement
    exact = solved(name, y, "numpy", "double")
    for library in ("numpy", "torch"):
        found = solved(name, y, library)
        difference = np.abs(found.displacement - exact.displacement)
        assert np.quantile(difference, 0.999) < 2e-3
        assert difference.max() < (0.1 if "lcs-umpa" in name else 2e-3)  # where a window is taken by a hair
        np.testing.assert_allclose(found.transmission, exact.transmission, rtol=5e-3)


@pytest.mark.parametrize("name", TRACKERS)
@pytest.mark.parametrize("shape", [(30, 53), (7, 9), (3, 3)])
def test_frames_of_any_shape_are_filled_to_their_edges(name, shape):
    rng = np.random.default_rng(0)
    y = SpeckleStack(rng.uniform(50, 150, (3, *shape)), rng.uniform(50, 150, (3, *shape)), **GEOMETRY)
    found = solved(name, y)
    assert found.finite()
    assert np.abs(found.displacement).max() <= 4


@pytest.mark.parametrize("name", TRACKERS)
@pytest.mark.parametrize("sample", [0.0, 100.0])
def test_featureless_images_tell_no_displacement(name, sample):
    y = SpeckleStack(np.full((3, 40, 40), 100.0), np.full((3, 40, 40), sample), **GEOMETRY)
    found = solved(name, y)
    assert found.finite()
    np.testing.assert_allclose(found.displacement[INNER], 0, atol=1e-3)
    np.testing.assert_allclose(found.transmission, sample / 100, atol=1e-3)


def test_windows_are_wide_where_the_field_is_smooth_and_narrow_at_edges(moved_speckles):
    """A field smooth on the left and rippled on the right: the combination is near the better window on either side."""
    y = moved_speckles(shift=0, size=160, images=10).measurement
    truth = np.zeros((2, 160, 160))
    truth[0, :, 80:] = 0.5 * np.sin(2 * np.pi * np.arange(80) / 20)
    moved = y.forward(Reconstruction(displacement=truth, transmission=np.ones(y.shape)))
    noisy = [np.random.default_rng(n).poisson(5000 * stack) for n, stack in enumerate((y.reference, moved))]
    y = SpeckleStack(*noisy, **GEOMETRY)
    found = {name: solved(name, y) for name in ("umpa", "umpa[window=17]", "lcs-umpa")}
    sides = {"smooth": (..., slice(16, -16), slice(16, 60)), "rippled": (..., slice(16, -16), slice(84, -16))}
    error = {
        (name, side): np.sqrt(np.mean((one.displacement - truth)[part] ** 2))
        for name, one in found.items()
        for side, part in sides.items()
    }
    assert error["lcs-umpa", "smooth"] < 0.5 * error["umpa", "smooth"]
    assert error["lcs-umpa", "rippled"] < 1.5 * error["umpa", "rippled"]
    assert error["lcs-umpa", "rippled"] < 0.7 * error["umpa[window=17]", "rippled"]
    assert found["lcs-umpa"].aux["noise_px"] == pytest.approx(error["umpa", "smooth"], rel=0.2)


def test_the_combination_needs_two_images_to_know_its_noise(moved_speckles):
    y = moved_speckles(images=1).measurement
    with pytest.raises(BadInput, match=r"^lcs-umpa .*\b2 pairs\b.*\b1\b.*\bumpa$"):
        build_plugin("solver", "lcs-umpa").solve(y, np.random.default_rng(0))


@pytest.mark.parametrize("name", ["umpa", "lcs", "lcs-umpa"])
def test_four_rods_are_seen_alike_by_all_trackers(name):
    """Measured data: displacements of up to a pixel and more, on which search and expansion must agree away from edges."""
    try:
        problem = prbench.get_dataset("fourrod").problem(0)
    except DataNotFound as error:
        pytest.skip(str(error))
    inner = (..., slice(64, -64), slice(64, -64))
    found = solved(name, problem.measurement)
    other = solved("umpa[window=9,dark_field=true]", problem.measurement)
    assert 0.05 < found.displacement[inner].std() < 0.3
    assert np.median(np.abs(found.displacement - other.displacement)[inner]) < 0.02
    assert np.corrcoef(found.transmission[inner].ravel(), problem.reference["transmission"][inner].ravel())[0, 1] > 0.8
    assert np.corrcoef(other.dark_field[inner].ravel(), problem.reference["dark_field"][inner].ravel())[0, 1] > 0.7


@pytest.mark.parametrize("name", ["umpa", "lcs", "lcs-umpa"])
def test_a_window_has_a_middle(name):
    with pytest.raises(UsageError, match=rf"^{name}: window .*\b4\b.*\b3 or 5\b"):
        build_plugin("solver", f"{name}[window=4]")


@pytest.mark.parametrize("name", TRACKERS)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_the_way_to_a_gpu_leads_to_the_same(moved_speckles, name, library, monkeypatch):
    y = moved_speckles(shift=0.8, images=3, photons=5000, size=70).measurement
    compiled = solved(name, y, library, "double")
    monkeypatch.setattr(_tracking, "on_host", lambda y: False)
    found = solved(name, y, library, "double")
    for key, array in found.items():
        np.testing.assert_allclose(array, getattr(compiled, key), atol=1e-6 * max(1, np.abs(array).max()))


def test_the_work_is_counted(moved_speckles):
    y = moved_speckles().measurement
    counted = lambda name: prbench.solve(build_plugin("solver", name), y).cost.operators  # noqa: E731
    assert counted("umpa") == 81 + 1
    assert counted("umpa[max_shift=2,steps=3]") == 25 + 3
    assert counted("lcs") == 1
    assert counted("lcs-umpa") == 81 + 2
