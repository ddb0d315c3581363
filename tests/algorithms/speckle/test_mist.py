"""What MIST must recover of samples whose images its own equation, written out in full, has made."""

import os

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace

import prbench
from prbench.backend import get_backend
from prbench.core import load_plugin
from prbench.errors import BadInput
from prbench.tasks.speckle import SpeckleStack

SHAPE = (96, 112)
GEOMETRY = {"energy_ev": 28e3, "distance_m": 2.0, "pixel_m": 6.5e-6}
GAMMA = 1000.0
ALL = ("mist-2020", "mist-2022", "mist-2023", "mist-2023[e_per_m2=none]")
INNER = (..., slice(12, -12), slice(12, -12))


def speckles(images=8, shape=SHAPE, visibility=0.2, seed=0):
    ripple = gaussian_filter(np.random.default_rng(seed).standard_normal((images, *shape)), (0, 1.6, 1.6), mode="wrap")
    return 1000 * (1 + visibility * ripple / ripple.std())


def derivative(x, axis):
    """Of a periodic array, exact up to its highest wave."""
    k = 2j * np.pi * np.fft.fftfreq(x.shape[axis])
    return np.fft.ifft(np.fft.fft(x, axis=axis) * (k[:, None] if axis == -2 else k), axis=axis).real


def fokker_planck(reference, phase, transmission, blur):
    """``T R - div(T R grad phi) / radians_per_px + lap(V T R) / 2``."""
    y = SpeckleStack(reference, reference, **GEOMETRY)
    flows = [derivative(transmission * reference * derivative(phase, axis), axis) for axis in (-2, -1)]
    spread = [derivative(derivative(blur * transmission * reference, axis), axis) for axis in (-2, -1)]
    return transmission * reference - sum(flows) / y.radians_per_px + sum(spread) / 2


def hill(centre, sigma):
    r, c = np.indices(SHAPE, dtype=float)
    return np.exp(-((r - centre[0]) ** 2 + (c - centre[1]) ** 2) / (2 * sigma**2))


def sample(blur_px2=0.15, images=8):
    """The stack of a weak lens of one material, and what it is made of; the blur is beside it."""
    R = speckles(images)
    phase = -20 * hill((45, 60), 10)
    transmission = np.exp(2 * phase / GAMMA)
    blur = blur_px2 * hill((50, 45), 12)
    return SpeckleStack(R, fokker_planck(R, phase, transmission, blur), delta_beta=GAMMA, **GEOMETRY), phase, transmission, blur


def solved(name, y, backend=None):
    found = prbench.solve(name, y, backend=backend or get_backend("numpy", "double"))
    assert found.status == "ok", found
    return found.reconstruction


def rms(x):
    return float(np.sqrt(np.mean(x**2)))


def free(phase):
    return phase[INNER] - phase[INNER].mean()


@pytest.mark.parametrize(
    ("name", "within", "displaced_within"),
    [("mist-2020", 0.04, 0.1), ("mist-2022", 0.04, 0.5), ("mist-2023[e_per_m2=none]", 0.04, 0.1)],
)
def test_a_weak_lens_of_one_material_is_recovered(name, within, displaced_within):
    """MIST 2022 takes the Laplacian of a noisy dark field into its phase, whose gradient shows it."""
    y, phase, transmission, _ = sample(blur_px2=0)
    x = solved(name, y)
    assert rms(free(x.phase) - free(phase)) < within * rms(free(phase))
    assert rms((x.transmission - transmission)[INNER]) < within * rms((1 - transmission)[INNER])
    moved = np.stack([derivative(phase, -2), derivative(phase, -1)]) / y.radians_per_px
    assert 0.1 < np.abs(moved).max() < 0.5
    assert rms((x.displacement - moved)[INNER]) < displaced_within * rms(moved[INNER])


def test_the_authors_inverse_laplacian_loses_what_is_slower_than_its_regularisation():
    y, phase, _, _ = sample(blur_px2=0)
    errors = [rms(free(solved(f"mist-2023[e_per_m2={e}]", y).phase) - free(phase)) for e in ("none", 1e8, 1e9)]
    assert errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize(("name", "within"), [("mist-2022[ridge=0]", 1e-3), ("mist-2023", 0.02)])
def test_the_dark_field_of_a_uniform_blur(name, within):
    """By 0.1 px^2, so weak that visibility is lost in proportion: what scattering does, not MIST's own formula."""
    R = speckles()
    k_sq = np.add.outer(*((2 * np.pi * np.fft.fftfreq(n)) ** 2 for n in SHAPE))
    S = np.fft.ifft2(np.fft.fft2(R) * np.exp(-0.05 * k_sq)).real
    x = solved(name, SpeckleStack(R, S, delta_beta=GAMMA, **GEOMETRY))
    assert x.dark_field[INNER].mean() == pytest.approx(0.1, rel=0.12)
    exact = R + 0.05 * np.stack([laplace(image, mode="reflect") for image in R])
    x = solved(name, SpeckleStack(R, exact, delta_beta=GAMMA, **GEOMETRY))
    np.testing.assert_allclose(x.dark_field.mean(), 0.1, rtol=within)


def test_a_dark_field_that_varies_is_recovered_by_the_method_made_for_it():
    y, _, _, blur = sample(images=12)
    rapid, slow = (rms((solved(name, y).dark_field - blur)[INNER]) / rms(blur[INNER]) for name in ("mist-2023", "mist-2022"))
    assert rapid < 0.2
    assert rapid < slow


@pytest.mark.parametrize("name", ["mist-2020", "mist-2022", "mist-2023[e_per_m2=none]"])
def test_homogeneous_absorption_is_a_transmission(name):
    R = speckles()
    x = solved(name, SpeckleStack(R, 0.98 * R, delta_beta=GAMMA, **GEOMETRY))
    np.testing.assert_allclose(x.transmission, 0.98, rtol=3e-4)
    np.testing.assert_allclose(x.displacement, 0, atol=1e-3)


@pytest.mark.parametrize("name", ALL)
def test_no_sample_is_seen_where_there_is_none(name):
    R = speckles()
    x = solved(name, SpeckleStack(R, R, delta_beta=GAMMA, **GEOMETRY))
    np.testing.assert_allclose(x.transmission, 1, atol=1e-9)
    np.testing.assert_allclose(x.displacement, 0, atol=1e-9)
    assert x.dark_field is None or np.abs(x.dark_field).max() < 1e-9


@pytest.mark.parametrize("name", ALL)
def test_the_unit_of_intensity_is_nobodys_business(name):
    y, *_ = sample()
    bright = SpeckleStack(7e3 * y.reference, 7e3 * y.sample, delta_beta=GAMMA, **GEOMETRY)
    for (field, a), (_, b) in zip(solved(name, y).items(), solved(name, bright).items(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(a).max(), err_msg=field)


@pytest.mark.parametrize("name", ALL)
def test_the_order_of_the_pairs_does_not_matter(name):
    y, *_ = sample()
    shuffled = SpeckleStack(y.reference[::-1], y.sample[::-1], delta_beta=GAMMA, **GEOMETRY)
    for (field, a), (_, b) in zip(solved(name, y).items(), solved(name, shuffled).items(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6 * np.abs(a).max(), err_msg=field)


def test_the_published_phase_hangs_on_the_first_pair_and_loses_by_it():
    y, phase, _, _ = sample()
    one, several = (solved(f"mist-2023[e_per_m2=none,pairs={pairs}]", y) for pairs in ("first", "all"))
    np.testing.assert_allclose(one.dark_field * one.transmission, several.dark_field * several.transmission, rtol=1e-9)
    assert rms(free(one.phase) - free(phase)) > 1.5 * rms(free(several.phase) - free(phase))
    swapped = SpeckleStack(y.reference[::-1], y.sample[::-1], delta_beta=GAMMA, **GEOMETRY)
    assert rms(solved("mist-2023[e_per_m2=none,pairs=first]", swapped).phase - one.phase) > 0.1
    assert solved("mist-2020[pairs=first]", y).aux["images_used"] == 1


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("precision", ["single", "double"])
def test_torch_answers_as_numpy(name, precision):
    y, *_ = sample()
    expected = solved(name, y)
    limit = 1e-9 if precision == "double" else 2e-4
    for library in ("numpy", "torch"):
        for (field, a), (_, b) in zip(solved(name, y, get_backend(library, precision)).items(), expected.items(), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=limit * np.abs(b).max(), err_msg=field)


@pytest.mark.parametrize(
    ("name", "images", "message"),
    [
        ("mist-2022", 1, r"^mist-2022 .*\b2 pairs\b.*\b1\b.*\bmist-2020\b"),
        ("mist-2023", 3, r"^mist-2023 .*\b4 pairs\b.*\b3\b.*\bmist-2022\b"),
    ],
)
def test_too_few_pairs_are_refused_in_one_line(name, images, message):
    y, *_ = sample()
    solver = prbench.get_solver(name)
    with pytest.raises(BadInput, match=message):
        solver.solve(y.first(images), np.random.default_rng(0))


@pytest.mark.parametrize("name", ["mist-2020", "mist-2022", "mist-2023"])
def test_without_delta_beta_the_message_says_where_to_give_it(name):
    R = speckles()
    with pytest.raises(BadInput, match=rf"^{name} .*{name}\[delta_beta=\.\.\.\]"):
        prbench.get_solver(name).solve(SpeckleStack(R, R, **GEOMETRY), np.random.default_rng(0))
    assert solved(f"{name}[delta_beta=500]", SpeckleStack(R, R, **GEOMETRY)).transmission.max() == pytest.approx(1)


def test_a_membrane_that_never_moved_is_named():
    R = np.tile(speckles(1), (3, 1, 1))
    with pytest.raises(BadInput, match=r"\breference\b.*\balike\b"):
        prbench.get_solver("mist-2022").solve(SpeckleStack(R, R, delta_beta=GAMMA, **GEOMETRY), np.random.default_rng(0))


needs_fourrod = pytest.mark.skipif(
    not ("PRBENCH_DATA" in os.environ and load_plugin("dataset", "fourrod").files[0].path.is_file()),
    reason="fourrod: set PRBENCH_DATA to a folder that holds it",
)


@needs_fourrod
@pytest.mark.parametrize("pairs", ["first", "all"])
def test_the_published_dark_field_of_the_four_rods(pairs):
    """Within 1e-2; 6e-3 is what the crop's edges leave."""
    made = prbench.get_dataset("fourrod").problem(0)
    found = prbench.solve(f"mist-2023[e_per_m2=1e8,pairs={pairs}]", made.measurement, backend="numpy")
    marks = prbench.score(found.reconstruction, made, metrics=["dark_field_difference"])
    assert marks["dark_field_difference"] < 7e-3
