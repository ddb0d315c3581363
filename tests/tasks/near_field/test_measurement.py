import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from prbench.backend import get_backend
from prbench.core import Reconstruction
from prbench.errors import BadInput, PrbenchError
from prbench.physics.propagation import propagate
from prbench.tasks.near_field import NearField

LIGHT = {"wavelength_m": 632.8e-9, "pixel_m": 8e-6, "distance_m": 5e-3}
SHAPE = (48, 40)
MODELS = ["angular-spectrum", "fresnel", "fourier-born"]
LIBRARIES = ["numpy", "torch"]


def smooth(shape=SHAPE, sigma=2.0, seed=0):
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), sigma, mode="nearest")
    return field / field.std()


def measurement(library="numpy", intensity=None, **changes):
    seen = 1 + 0.1 * smooth(seed=5) if intensity is None else intensity
    return NearField(seen, **{**LIGHT, "padding": 24, **changes}).to(get_backend(library, "double"))


def arrays(y, *hosts):
    return [y.backend.asarray(host) for host in hosts]


def host(y, array):
    return y.backend.to_numpy(array)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("model", ["angular-spectrum", "fresnel"])
def test_waves_are_carried_without_loss_and_back(library, model):
    y = measurement(library, model=model)
    rng = np.random.default_rng(1)
    a, b = (rng.standard_normal(y.grid_shape) + 1j * rng.standard_normal(y.grid_shape) for _ in range(2))
    there = host(y, y.to_detector(*arrays(y, a)))
    assert np.linalg.norm(there) == pytest.approx(np.linalg.norm(a))
    np.testing.assert_allclose(host(y, y.to_object(*arrays(y, there))), a, atol=1e-12)
    assert np.vdot(b, there) == pytest.approx(np.vdot(host(y, y.to_object(*arrays(y, b))), a))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("model", ["angular-spectrum", "fresnel"])
def test_the_frame_is_propagated_as_physics_does_it(library, model):
    """Against the free function, which pads by itself; 64 px make no difference to what FFTs take."""
    y = measurement(library, np.ones((64, 64)), model=model, padding=32)
    assert y.grid_shape == (128, 128)
    wave = (0.5 + 0.1 * smooth((64, 64))) * np.exp(1j * smooth((64, 64), seed=3))
    known = {key: LIGHT[key] for key in LIGHT}
    there = propagate(y.backend.asarray(wave), **known, backend=y.backend, method=model, pad=32)
    np.testing.assert_allclose(host(y, y.space.propagate(*arrays(y, wave))), host(y, there), atol=1e-12)
    found = host(y, y.expected(*arrays(y, np.angle(wave), abs(wave))))
    np.testing.assert_allclose(found, abs(host(y, there)) ** 2, atol=1e-12)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("model", MODELS)
def test_a_constant_phase_has_no_effect(library, model):
    y = measurement(library, model=model)
    phase, transmission = arrays(y, smooth(), 1 - 0.1 * abs(smooth(seed=2)))
    first, second = y.expected(phase, transmission), y.expected(phase + 0.7, transmission)
    np.testing.assert_allclose(host(y, first), host(y, second), atol=1e-12)
    np.testing.assert_allclose(host(y, y.expected(0 * phase + 0.3)), 1, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_at_the_object_only_the_transmission_is_seen(model):
    y = measurement(model=model, distance_m=0.0)
    transmission = 1 - 0.01 * abs(smooth(seed=2))
    np.testing.assert_allclose(y.expected(smooth()), 1, atol=1e-12)
    np.testing.assert_allclose(
        y.expected(smooth(), transmission), transmission**2, rtol=5e-3 if model == "fourier-born" else 1e-9
    )


def test_intensity_is_conserved_on_a_periodic_frame():
    y = measurement(padding=0, distance_m=2e-3)
    phase = smooth()
    phase -= phase.min()
    assert y.grid_shape == y.shape
    assert y.expected(phase).sum() == pytest.approx(phase.size)


def test_small_angles_make_fresnel_of_the_angular_spectrum():
    phase = smooth(sigma=3)
    fine, paraxial = (measurement(model=model).expected(phase) for model in ("angular-spectrum", "fresnel"))
    gap = np.linalg.norm(fine - paraxial) / np.linalg.norm(fine - 1)
    assert 0 < gap < 1e-2
    rough = [
        measurement(model=model, pixel_m=1e-6, distance_m=5e-5, padding=0).expected(phase)
        for model in ("angular-spectrum", "fresnel")
    ]
    assert np.linalg.norm(rough[0] - rough[1]) / np.linalg.norm(rough[0] - 1) > 2 * gap


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_born_is_the_first_order_of_fresnel(seed):
    """Halving phase and absorption quarters what the linear model leaves."""
    phase, absorption = smooth(seed=seed), abs(smooth(seed=seed + 1001))

    def seen(scale, model):
        return measurement(model=model).expected(scale * phase, np.exp(-scale * absorption))

    def left(scale):
        return np.linalg.norm(seen(scale, "fresnel") - seen(scale, "fourier-born"))

    assert left(1e-3) < 0.02 * np.linalg.norm(seen(1e-3, "fresnel") - 1)
    assert left(1e-3) / left(5e-4) == pytest.approx(4, rel=0.05)


def test_a_lens_draws_light_together():
    """The sign of phi: a phase that is largest in the middle, as a convex lens makes, leaves a bright spot behind it."""
    rows, columns = np.indices((64, 64)) - 31.5
    bump = np.exp(-(rows**2 + columns**2) / (2 * 8.0**2))
    for model in MODELS:
        found = measurement(intensity=np.ones((64, 64)), model=model, distance_m=1e-3).expected(0.3 * bump)
        assert found[31, 31] > 1.01
        assert found[31, 47] < 0.999


@pytest.mark.parametrize("model", MODELS)
def test_gradients_are_those_of_finite_differences(model):
    import torch

    y = measurement("torch", model=model)
    phase, transmission = arrays(y, 0.5 * smooth(), 1 - 0.1 * abs(smooth(seed=2)))
    towards = arrays(y, smooth(seed=7), smooth(seed=8))
    phase.requires_grad_()
    transmission.requires_grad_()

    def loss(p, t):
        return y.residual(p, t) ** 2

    gradients = torch.autograd.grad(loss(phase, transmission), (phase, transmission))
    slope = sum(float((g * d).sum()) for g, d in zip(gradients, towards, strict=True))
    h = 1e-5
    with torch.no_grad():
        ahead, behind = (loss(phase + s * h * towards[0], transmission + s * h * towards[1]) for s in (1, -1))
    assert slope == pytest.approx(float(ahead - behind) / (2 * h), rel=1e-6)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    ("model", "without", "with_transmission"), [(*pair, 2, 2) for pair in [("angular-spectrum",)]] + [("fourier-born", 2, 3)]
)
def test_ffts_are_counted_and_few(library, model, without, with_transmission):
    y = measurement(library, model=model)
    phases = y.backend.asarray(np.stack([smooth(), smooth(seed=1), smooth(seed=2)]))
    batch = y.expected(phases)
    assert (y.counters.ffts, y.counters.operators) == (3 * without, 3)
    y.counters.reset()
    one = y.expected(phases[1], 0.9 + 0 * phases[1])
    assert (y.counters.ffts, y.counters.operators) == (with_transmission, 1)
    assert host(y, y.residual(phases)).shape == (3,)
    alone = host(y, y.expected(phases[1]))
    np.testing.assert_allclose(host(y, batch)[1], alone, atol=1e-12)
    if model != "fourier-born":
        np.testing.assert_allclose(host(y, one), 0.81 * alone, atol=1e-12)


def test_the_truth_leaves_no_residual_and_nothing_leaves_one():
    phase, transmission = smooth(), 1 - 0.1 * abs(smooth(seed=2))
    truth = Reconstruction(phase=phase, transmission=transmission)
    y = measurement(intensity=measurement().forward(truth))
    assert y.residual(phase, transmission) < 1e-12
    assert y.residual(0 * phase) == pytest.approx(1)
    y.check(truth)
    assert y.counters.operators == 2


def test_unmeasured_pixels_count_for_nothing():
    phase, mask = smooth(), np.ones(SHAPE, bool)
    mask[10:14, 20] = False
    seen = measurement().expected(phase)
    broken = np.where(mask, seen, np.nan)
    y = measurement(intensity=broken, mask=mask)
    assert np.isfinite(y.intensity).all()
    assert y.residual(phase) < 1e-12
    assert set(y.intensity[10:14, 20]) <= set(seen[9:15, 19:22].ravel())


def test_an_object_goes_on_beyond_the_frame():
    y = measurement()
    grown = y.space.continued(np.arange(SHAPE[0] * SHAPE[1], dtype=float).reshape(SHAPE))
    assert grown.shape == y.grid_shape
    assert min(g - n for g, n in zip(y.grid_shape, SHAPE, strict=True)) >= 2 * 24
    np.testing.assert_array_equal(grown[:24, 24:64], np.broadcast_to(np.arange(40.0), (24, 40)))
    tensor = measurement("torch")
    for dtype in (float, complex):
        array = tensor.backend.asarray(smooth().astype(dtype))
        np.testing.assert_array_equal(host(tensor, tensor.space.continued(array)), y.space.continued(smooth().astype(dtype)))


@pytest.mark.parametrize("model", MODELS)
def test_aliasing_is_refused_with_the_admissible_distance(model):
    y = measurement(model=model, padding=0, distance_m=0.0)
    limit = y.space.admissible_distance_m
    assert limit == pytest.approx(40 * 64e-12 / 632.8e-9, rel=2e-3)
    measurement(model=model, padding=0, distance_m=limit)
    with pytest.raises(BadInput, match=rf"^distance_m 0\.02 .*\b{limit:.4g} m\b.*\b{model} ") as caught:
        measurement(model=model, padding=0, distance_m=0.02)
    advised = int(re.findall(r"\bpadding\D+(\d+)", str(caught.value))[-1])
    measurement(model=model, padding=advised, distance_m=0.02)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"intensity": np.ones(5)}, r"^intensity .*\(rows, columns\).*\bfloat64\b.*\(5,\)"),
        ({"intensity": 1j * np.ones(SHAPE)}, r"^intensity .*\bcomplex128\b"),
        ({"intensity": -np.ones(SHAPE)}, r"^intensity .*\b1920 .*\bnegative\b"),
        ({"intensity": np.zeros(SHAPE)}, r"^intensity .*\bzero\b"),
        ({"mask": np.ones((4, 4))}, r"^mask .*\(4, 4\).*\(48, 40\)"),
        ({"mask": np.zeros(SHAPE)}, r"^mask .*\bpixel"),
        ({"wavelength_m": 0.0}, r"^wavelength_m .*\b0\.0"),
        ({"distance_m": -1.0}, r"^distance_m .*-1\.0"),
        ({"delta_beta": float("inf")}, r"^delta_beta .*\binf"),
        ({"padding": -1}, "^padding .*-1"),
        ({"model": "ray"}, r"^model .*\bangular-spectrum, fresnel, fourier-born\b.*'ray'"),
        ({"phase_range": (1.0, 0.0)}, r"^phase_range .*\(1\.0, 0\.0\)"),
        ({"amplitude_range": (1.0, 0.5)}, r"^amplitude_range .*\(1\.0, 0\.5\)"),
        ({"amplitude_range": (-0.5, 1.0)}, r"^amplitude_range .*\b0\b.*\(-0\.5, 1\.0\)"),
        ({"amplitude_range": (0.2, 0.9), "pure_phase": True}, r"\bamplitude_range \(0\.2, 0\.9\)"),
        ({"pixel_m": 4e-7, "distance_m": 1e-5}, r"^pixel_m .*\bsqrt\b.*\b4e-07\b"),
    ],
)
def test_bad_input_is_one_line(changes, message):
    with pytest.raises(BadInput, match=message) as caught:
        measurement(**changes)
    assert "\n" not in str(caught.value)


def test_check_names_what_is_missing():
    y = measurement()
    phase = smooth()
    y.check(Reconstruction(phase=phase))
    with pytest.raises(PrbenchError, match=r"\bphase .*\breal\b.*\(48, 40\).*\bNoneType\b"):
        y.check(Reconstruction())
    with pytest.raises(PrbenchError, match=r"\btransmission .*\breal\b.*\(3,\)"):
        y.check(Reconstruction(phase=phase, transmission=np.ones(3)))
    with pytest.raises(PrbenchError, match=r"\btransmission .*\b0\b.*-1\b"):
        y.check(Reconstruction(phase=phase, transmission=-np.ones(SHAPE)))


def test_it_describes_itself_in_plain_values():
    y = measurement(phase_range=(0.0, float("inf")), amplitude_range=(0.5, float("inf")))
    described = y.describe()
    assert json.loads(json.dumps(described, allow_nan=False)) == described
    assert described["phase_range"] == [0.0, None]
    assert described["amplitude_range"] == [0.5, None]
    assert described["grid_shape"] == list(y.grid_shape)
    assert dataclasses.replace(y, backend=y.backend).phase_range == y.phase_range
