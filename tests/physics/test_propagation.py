import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prbench.backend import get_backend
from prbench.errors import BadInput
from prbench.physics.propagation import admissible_distance_m, propagate, transfer_function

LIGHT = {"wavelength_m": 633e-9, "pixel_m": 8e-6}
METHODS = ["fresnel", "angular-spectrum"]
DOUBLE = get_backend("numpy", "double")


def there(field, distance_m, method="fresnel", backend=DOUBLE, **changes):
    found = propagate(backend.asarray(field), distance_m=distance_m, backend=backend, method=method, **{**LIGHT, **changes})
    return backend.to_numpy(found)


def random_field(shape=(40, 56), seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def coordinates(n, pixel_m=LIGHT["pixel_m"]):
    axis = (np.arange(n) - n // 2) * pixel_m
    return axis[:, None], axis[None, :]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_energy_is_kept(library, method):
    field = random_field((2, 3, 40, 56))
    found = there(field, 2e-3, method, get_backend(library, "double"))
    np.testing.assert_allclose((abs(found) ** 2).sum((2, 3)), (abs(field) ** 2).sum((2, 3)))


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=20, deadline=None)
@given(first=st.floats(-2e-3, 2e-3), second=st.floats(-2e-3, 2e-3))
def test_two_distances_in_turn_are_their_sum(method, first, second):
    field = random_field()
    np.testing.assert_allclose(
        there(there(field, first, method), second, method), there(field, first + second, method), atol=1e-9
    )


@pytest.mark.parametrize("method", METHODS)
def test_no_distance_changes_nothing(method):
    np.testing.assert_allclose(there(random_field(), 0.0, method), random_field(), atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_gaussian_beam_spreads_as_it_must(method):
    """Siegman, Lasers, ch. 17: radius, curvature and Gouy phase at once, in the complex field."""
    waist, z = 60e-6, 0.02
    rows, columns = coordinates(256)
    radius_squared = rows**2 + columns**2
    rayleigh = np.pi * waist**2 / LIGHT["wavelength_m"]
    spread = 1 + 1j * z / rayleigh
    expected = np.exp(-radius_squared / (waist**2 * spread)) / spread
    found = there(np.exp(-radius_squared / waist**2), z, method)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_grating_images_itself():
    """Talbot: at 2 period^2 / wavelength as it was, at half of that displaced by half a period."""
    period = 16
    rows, columns = np.indices((128, 128))
    grating = np.where((columns % period) < 5, 1.0, 0.2) * np.exp(0.7j * (rows % period < 9))
    z = 2 * (period * LIGHT["pixel_m"]) ** 2 / LIGHT["wavelength_m"]
    # The transfer function is not sampled that far, but a periodic field needs it at its own frequencies only: go in steps.
    half = grating
    for _ in range(32):
        half = there(half, z / 64)
    np.testing.assert_allclose(abs(half) ** 2, np.roll(abs(grating) ** 2, (period // 2, period // 2), (0, 1)), atol=1e-9)
    whole = half
    for _ in range(32):
        whole = there(whole, z / 64)
    np.testing.assert_allclose(whole, grating, atol=1e-9)


def test_a_tilted_plane_wave_keeps_its_exact_phase():
    n, turns = 64, 9
    _, columns = np.indices((n, n))
    frequency = turns / (n * LIGHT["pixel_m"])
    field, z = np.exp(2j * np.pi * turns * columns / n), 3e-3
    sine = LIGHT["wavelength_m"] * frequency
    phase = 2 * np.pi / LIGHT["wavelength_m"] * z * (np.sqrt(1 - sine**2) - 1)
    np.testing.assert_allclose(there(field, z, "angular-spectrum"), field * np.exp(1j * phase), atol=1e-9)


def test_small_angles_make_the_two_methods_one():
    x_rays = {"wavelength_m": 4.4e-11, "pixel_m": 3e-6}
    near = [there(random_field((64, 64)), 2.0, method, **x_rays) for method in METHODS]
    np.testing.assert_allclose(*near, atol=1e-9)
    coarse = [there(random_field((64, 64)), 5e-5, method, pixel_m=1e-6) for method in METHODS]
    assert np.abs(coarse[0] - coarse[1]).max() > 0.01


def test_light_goes_towards_growing_phase():
    rows, columns = coordinates(128)
    slope, z = np.array([4e3, -6e3]), 0.012  # rad/m
    beam = np.exp(-(rows**2 + columns**2) / 1.2e-4**2 + 1j * (slope[0] * rows + slope[1] * columns))
    intensity = abs(there(beam, z)) ** 2
    centre = [(axis * intensity).sum() / intensity.sum() for axis in (rows, columns)]
    np.testing.assert_allclose(centre, z * slope * LIGHT["wavelength_m"] / (2 * np.pi), rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_every_field_of_a_batch_is_propagated_by_itself(method):
    batch = random_field((3, 32, 40))
    together = there(batch, 1e-3, method)
    for one, field in zip(together, batch, strict=True):
        np.testing.assert_allclose(one, there(field, 1e-3, method), atol=1e-12)


def test_single_precision_agrees_with_double():
    single, double = (there(random_field((64, 64)), 2e-3, backend=get_backend("torch", p)) for p in ("single", "double"))
    assert single.dtype == np.complex64
    np.testing.assert_allclose(single, double, atol=1e-5)


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_margins_keep_the_opposite_side_out(library):
    """A step at the frame's edge: periodic, it diffracts from both sides; continued by its edge values, there is no step."""
    field = np.repeat(np.linspace(1, 2, 64)[None], 64, axis=0)
    backend = get_backend(library, "double")
    periodic, continued = there(field, 5e-3, backend=backend), there(field, 5e-3, backend=backend, pad=32)
    assert continued.shape == field.shape
    assert np.abs(continued - field).max() < 0.1 * np.abs(periodic - field).max()
    np.testing.assert_allclose(there(np.ones((20, 30)), 5e-3, backend=backend, pad=24), 1, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_up_to_the_admissible_distance_the_phase_is_sampled(method):
    shape = (48, 64)
    limit = admissible_distance_m(shape, method=method, **LIGHT)
    given = np.fft.fftshift(transfer_function(shape, distance_m=limit, backend=DOUBLE, method=method, **LIGHT))
    frequency = [np.fft.fftshift(np.fft.fftfreq(n, LIGHT["pixel_m"])) for n in shape]
    squared = frequency[0][:, None] ** 2 + frequency[1][None, :] ** 2
    if method == "fresnel":
        exact = -np.pi * LIGHT["wavelength_m"] * limit * squared
    else:
        exact = 2 * np.pi / LIGHT["wavelength_m"] * limit * np.sqrt(1 - LIGHT["wavelength_m"] ** 2 * squared)
    np.testing.assert_allclose(given * given[24, 32].conj(), np.exp(1j * (exact - exact[24, 32])), atol=1e-9)
    steps = [np.abs(np.diff(exact, axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= np.pi
    assert max(steps) > 0.9 * np.pi


@pytest.mark.parametrize("method", METHODS)
def test_beyond_it_a_distance_is_refused_with_the_limit(method):
    limit = admissible_distance_m((48, 64), method=method, **LIGHT)
    for distance in (1.01 * limit, -1.01 * limit, np.nan):
        with pytest.raises(BadInput, match=rf"\b48 pixels\b.*\b8e-06 m\b.*\b6\.33e-07 m\b.*\b{limit:.3g} m\b"):
            there(np.ones((48, 64)), distance, method)
    there(np.ones((48, 64)), 1.01 * limit, method, pad=8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"method": "rayleigh"}, r"^method .*\bfresnel\b.*\bangular-spectrum\b.*'rayleigh'"),
        ({"pixel_m": 4e-7, "method": "angular-spectrum"}, r"^pixel_m .*\b4\.48e-07 m\b.*\b4e-07\b"),
        ({"pixel_m": 0.0}, r"^pixel_m .*\b0\.0"),
        ({"wavelength_m": np.inf}, r"^wavelength_m .*\binf"),
        ({"pad": -1}, r"\(16, 16\), pad -1"),
    ],
)
def test_bad_input_is_one_line(changes, message):
    with pytest.raises(BadInput, match=message):
        there(np.ones((16, 16)), 1e-6, **changes)
