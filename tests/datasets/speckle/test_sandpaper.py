import dataclasses
import functools
import math

import numpy as np
import pytest

from prbench.backend import get_backend
from prbench.datasets.speckle._grains import Membrane
from prbench.datasets.speckle._samples import SAMPLES, sample_thickness_m
from prbench.datasets.speckle._shift_check import measured_ratio, refuse_unless_shifts_follow
from prbench.datasets.speckle._simulation import Beamline, expose, membrane_positions, wave_behind
from prbench.datasets.speckle._truth import object_region, truth_of
from prbench.datasets.speckle.sandpaper import Sandpaper
from prbench.errors import UsageError
from prbench.physics.materials import refraction

SMALL = {"size": 96, "images": 2}
ALUMINA = refraction("al2o3", 28e3)
SLOPE = 2 * ALUMINA.phase_per_m


@functools.cache
def problem(index=0, **settings):
    return Sandpaper(**{**SMALL, **settings}).problem(index)


def line(**changes) -> Beamline:
    return dataclasses.replace(Sandpaper(**SMALL).beamline(), **changes)


def images_of(line, thickness, count=1, material=ALUMINA):
    backend = get_backend("torch")
    return expose(line, Membrane(7, 125e-6, 4), count, wave_behind(thickness, material, backend), backend)


def gap(y, answer, region):
    """Relative residual of an answer inside a region."""
    return np.linalg.norm((y.forward(answer) - y.sample)[:, region]) / np.linalg.norm(y.sample[:, region])


def test_without_a_sample_the_two_stacks_are_one():
    reference, sample = images_of(line(), np.zeros((line().side,) * 2), 2)
    np.testing.assert_allclose(sample, reference, rtol=1e-4)


def focused(truth, displacement):
    """The answer with this displacement, light thinned out where the true one spreads, div d > 0, as refraction does besides."""
    spreading = sum(np.gradient(part, axis=axis) for axis, part in enumerate(truth.displacement))
    return dataclasses.replace(truth, displacement=displacement, transmission=truth.transmission * (1 - spreading))


@pytest.mark.parametrize("geometry", SAMPLES)
def test_the_truth_explains_the_images(geometry):
    made = problem(1, geometry=geometry, material="al2o3", photons=None, size=192)
    y, truth, region = made.measurement, made.truth, made.object_region
    right, still, back = (gap(y, focused(truth, sign * truth.displacement), region) for sign in (1, 0, -1))
    assert right < 0.4 * still
    assert still < back
    assert gap(y, truth, region) < gap(y, dataclasses.replace(truth, displacement=0 * truth.displacement), region)


def test_a_parabola_displaces_in_proportion_to_the_distance_from_its_middle():
    """And the ray that arrives at r left at r - d: the displacement at the detector is a r / (1 + a)."""
    beam, strain = line(), 0.02
    metres = (np.arange(beam.side) - (beam.side - 1) / 2) * beam.step_m
    slope_per_m = strain / (beam.effective_pixel_m * beam.pixels_per_slope * ALUMINA.phase_per_m)
    truth = truth_of(beam, slope_per_m / 2 * (metres[:, None] ** 2 + metres[None, :] ** 2), ALUMINA)
    expected = (np.indices((96, 96)) - 47.5) * strain / (1 + strain)
    inside = (slice(None), slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(truth.displacement[inside], expected[inside], atol=2e-3)


def test_phase_and_transmission_are_those_of_the_thickness():
    truth = problem(1, geometry="sphere", material="al2o3", photons=None).truth
    thickness = truth.phase / ALUMINA.phase_per_m
    assert thickness.max() > 2e-4
    np.testing.assert_allclose(truth.transmission, np.exp(-ALUMINA.attenuation_per_m * thickness), atol=2e-4)
    assert (truth.dark_field == 0).all()


def test_displacement_is_the_gradient_of_the_phase():
    made = problem(1, geometry="sphere", material="pmma", photons=None)
    leaving = np.stack(np.gradient(made.truth.phase)) / made.measurement.radians_per_px
    region = made.object_region
    difference = np.abs(leaving - made.truth.displacement)[:, region]
    assert np.median(difference) < 0.01
    assert np.corrcoef(leaving[:, region].ravel(), made.truth.displacement[:, region].ravel())[0, 1] > 0.99


def test_twice_the_thickness_displaces_twice_as_far():
    beam = line()
    thickness = 1e-4 * np.sin(np.linspace(0, 5, beam.side))[:, None] * np.cos(np.linspace(0, 4, beam.side))[None, :]
    one, two = (truth_of(beam, factor * thickness, ALUMINA) for factor in (0.001, 0.002))
    np.testing.assert_allclose(two.displacement, 2 * one.displacement, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(two.phase, 2 * one.phase, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(np.log(two.transmission), 2 * np.log(one.transmission), atol=1e-6)


def test_photons_are_those_asked_for():
    y = problem(photons=500.0).measurement
    assert y.reference[0].mean() == pytest.approx(500, rel=0.01)
    assert (y.reference == np.rint(y.reference)).all()
    quiet = problem(photons=None).measurement
    expected = quiet.reference * 500 / quiet.reference[0].mean()
    assert np.mean((y.reference - expected) ** 2 / expected) == pytest.approx(1, abs=0.05)  # Poisson's variance


def test_hardly_any_photons_are_still_a_measurement():
    y = problem(photons=0.5).measurement
    assert y.reference.min() == 0.5


def test_noise_changes_with_the_dose_and_the_sample_does_not():
    truths = [problem(2, photons=photons).truth for photons in (100.0, 1e4, None)]
    for other in truths[1:]:
        np.testing.assert_array_equal(other.displacement, truths[0].displacement)


def test_fewer_images_are_the_first_of_more():
    few, more = (problem(3, images=images).measurement for images in (2, 4))
    for name in ("reference", "sample"):
        same = getattr(few, name) == getattr(more.first(2), name)
        assert same.mean() > 0.999  # a rounding may tip a photon


def test_images_show_different_places_of_the_membrane():
    stack = problem(0, images=4, photons=None).measurement.reference
    ripple = (stack - stack.mean(axis=(1, 2), keepdims=True)).reshape(4, -1)
    correlation = np.corrcoef(ripple) - np.eye(4)
    assert np.abs(correlation).max() < 0.2


def test_the_membrane_moves_by_more_than_a_grain():
    beam = line()
    positions = membrane_positions(beam, 125e-6, 20) * beam.step_m
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=2) + np.eye(20)
    assert (positions[0] == 0).all()
    assert distances.min() > 80e-6


def test_a_larger_view_of_a_membrane_contains_the_smaller():
    membrane = Membrane(3, 100e-6, 2)
    small, large = membrane.thickness_m((80, 60), 4e-6), membrane.thickness_m((120, 120), 4e-6)
    np.testing.assert_allclose(large[20:100, 30:90], small, atol=1e-9)
    assert not np.allclose(Membrane(4, 100e-6, 2).thickness_m((80, 60), 4e-6), small)


def test_grains_have_their_size_and_cover_a_sheet():
    sheet = Membrane(0, 100e-6, 1).thickness_m((400, 400), 5e-6)
    assert sheet.min() == pytest.approx(0, abs=1e-9)
    assert 60e-6 < np.quantile(sheet, 0.95) < 150e-6
    assert 0.4 < (sheet > 2e-6).mean() < 0.8
    four = Membrane(0, 100e-6, 4).thickness_m((400, 400), 5e-6)
    assert four.mean() == pytest.approx(4 * sheet.mean(), rel=0.1)


def test_speckles_are_a_few_pixels_wide_and_well_visible():
    image = problem(0, size=192, images=1, photons=None).measurement.reference[0]
    ripple = image - image.mean()
    assert 0.25 < ripple.std() / image.mean() < 0.5
    spectrum = np.abs(np.fft.fft2(ripple)) ** 2
    along = np.fft.ifft2(spectrum).real[0, :8]
    assert 3 < 2 * np.interp(-0.5, -along / along[0], np.arange(8)) < 5


def test_the_membrane_takes_light_only_by_absorption():
    reference, _ = images_of(line(), np.zeros((line().side,) * 2))
    beam = line()
    grains = refraction("sic", 28e3).against(refraction("phenolic-resin", 28e3))
    thickness = Membrane(7, 125e-6, 4).thickness_m((beam.side,) * 2, beam.step_m / beam.membrane_magnification)
    assert reference.mean() == pytest.approx(np.exp(-grains.attenuation_per_m * thickness).mean(), rel=0.03)


def test_a_finer_grid_gives_the_same_images():
    coarse, fine = line(), line(oversampling=8)
    shape = {
        beam: sample_thickness_m("cuboid", np.random.default_rng(0), beam.side, beam.step_m, 96 * beam.oversampling)
        for beam in (coarse, fine)
    }
    for one, other in zip(images_of(coarse, shape[coarse]), images_of(fine, shape[fine]), strict=True):
        assert np.sqrt(np.mean((one - other) ** 2)) < 0.05 * other.mean()


def test_a_cone_beam_magnifies():
    near = line(source_m=1.0, distance_m=1.0, membrane_m=0.2, source_fwhm_m=2e-6)
    assert near.magnification == 2
    assert near.effective_pixel_m == pytest.approx(3.25e-6)
    assert near.effective_distance_m == 0.5
    k = 2 * math.pi / near.wavelength_m
    assert near.pixels_per_slope == pytest.approx(1.0 / (k * 6.5e-6))  # at the detector, as a ray's angle has it
    # From membrane to detector in one step: (a + z) / M, seen at the sample's scale.
    whole = (near.membrane_m + near.distance_m) * near.membrane_magnification / near.magnification
    assert near.membrane_m * near.membrane_magnification + near.effective_distance_m == pytest.approx(whole)
    assert abs(measured_ratio(near, 125e-6, 4, SLOPE) - 1) < 0.05


def test_what_a_pixel_sees_adds_up_to_one():
    for blur in (0.0, 2.0):
        beam = line(psf_px=blur, source_fwhm_m=0.0)
        np.testing.assert_allclose(beam.pixel_means(np.ones((beam.side,) * 2)), 1, rtol=1e-6)
    sharp = line(psf_px=0.0, source_fwhm_m=0.0)
    field = np.random.default_rng(0).random((sharp.side,) * 2)
    first = sharp.pad * sharp.oversampling
    assert sharp.pixel_means(field)[0, 0] == pytest.approx(field[first : first + 4, first : first + 4].mean(), rel=1e-6)


def test_speckles_follow_refraction():
    assert abs(measured_ratio(line(), 125e-6, 4, SLOPE) - 1) < 0.02


@pytest.mark.parametrize("settings", [{"pixel_m": 30e-6}, {"oversampling": 1}])
def test_a_geometry_whose_speckles_do_not_is_refused(settings):
    with pytest.raises(
        UsageError, match=r"^sandpaper: .*\b0\.\d+ .*\b5 %.*\bpsf\b.*\bgrain_m\b.*\bpixel_m\b.*\bdistance_m\b.*\boversampling\b"
    ):
        Sandpaper(**{**SMALL, **settings}).problem(0)


def test_the_verdict_does_not_depend_on_the_size():
    refuse_unless_shifts_follow(line(size=128), 125e-6, 4, SLOPE)
    assert measured_ratio(line(size=96), 125e-6, 4, SLOPE) == measured_ratio(line(size=200), 125e-6, 4, SLOPE)


def test_the_region_leaves_out_margin_and_outline():
    made = problem(1, geometry="sphere", material="al2o3")
    region = made.object_region
    assert not region[:16].any()
    assert not region[:, -16:].any()
    assert region.sum() > 0.3 * 64**2
    torn = np.hypot(*made.truth.displacement) > 2
    assert torn.any()
    assert not (torn & region).any()
    flat = dataclasses.replace(made.truth, displacement=np.zeros((2, 96, 96)))
    assert object_region(flat).sum() == 64**2


def test_mixed_takes_geometries_and_materials_in_turn():
    names = [Sandpaper(size=64, images=1).problem(index).id.split("-")[1:3] for index in range(12)]
    assert [geometry for geometry, _ in names] == 3 * list(SAMPLES)
    assert [material for _, material in names] == 4 * ["al2o3"] + 4 * ["pmma"] + 4 * ["nylon"]


def test_the_measurement_knows_geometry_and_material():
    y = problem(1, geometry="sphere", material="nylon").measurement
    assert y.delta_beta == pytest.approx(refraction("nylon", 28e3).gamma)
    assert y.pixel_m == pytest.approx(6.5e-6 * 150 / 152)
    assert y.distance_m == pytest.approx(2.0 * 150 / 152)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"membrane_m": 2.0, "source_m": 1.0}, r"^sandpaper: membrane_m .*\bsource_m = 1 m\b.*\b2\b"),
        ({"geometry": "cone"}, r": geometry .*\bmixed, fibre, sphere, cuboid, random\b.*\bcone\b"),
        ({"distance_m": 90.0}, r"\b\d+ pixels\b.*\boversampling\b.*\bdistance_m\b"),
    ],
)
def test_bad_settings_are_one_line(settings, message):
    with pytest.raises(UsageError, match=message):
        Sandpaper(**{**SMALL, **settings}).problem(0)
