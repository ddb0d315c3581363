"""Networks that read the wave: what they see, what they are taught, and that microscope and camera do not matter."""

import dataclasses
import math
from contextlib import nullcontext

import numpy as np
import pytest
import torch

import prbench
from prbench import get_dataset, get_solver
from prbench.algorithms.off_axis import _reading, fourier_filter
from prbench.backend import get_backend
from prbench.core.learned import fresh_network
from prbench.core.outside import outside_ranges, outside_training
from prbench.core.reconstruction import Reconstruction
from prbench.core.weights import Weights, write_weights
from prbench.errors import UsageError
from prbench.physics import surface, unwrapping
from prbench.tasks.off_axis import Hologram

BACKEND = get_backend("torch")
SIDE = 128
SHIPPED = ("unet-offaxis", "nas-prnet")


def hologram(carrier=(0.2, 0.22), height=7.0, light=1.0, **known):
    """A smooth object beside the middle, more than a turn high, under curved fringes."""
    rows, columns = np.indices((SIDE, SIDE)) / SIDE - 0.5
    phase = height * np.exp(-(((rows - 0.1) / 0.16) ** 2) - ((columns + 0.05) / 0.2) ** 2)
    at = np.indices((SIDE, SIDE))
    fringes = np.cos(2 * math.pi * (carrier[0] * at[0] + carrier[1] * at[1]) + 3 * (rows**2 + columns**2) + phase)
    return Hologram((light * (100 + 60 * fringes)).astype(np.float32), carrier=carrier, **known), phase


def solved(name, y):
    return np.asarray(prbench.solve(name, y, backend="torch").reconstruction.phase, np.float64)


def gap(found, expected):
    """Root mean square of the difference off its median, edges left out."""
    inside = np.s_[8:-8, 8:-8]
    d = (found - expected)[inside]
    return float(np.sqrt(np.mean((d - np.median(d)) ** 2)))


# What is seen and taught


@pytest.mark.parametrize("name", ["unet-offaxis[width=4,weights=random]", "nas-prnet[links=u-shape,weights=random]"])
def test_an_untrained_network_answers_the_least_squares_phase(name):
    y, phase = hologram()
    assert gap(solved(name, y), phase) < 0.05
    np.testing.assert_allclose(solved(name, y), solved("fourier-filter[unwrapping=least-squares]", y), atol=1e-3)


def test_the_target_is_the_phase_of_the_noise_free_wave():
    """Up to a constant: of every object kind and carrier, and the same where a background takes the optics off."""
    solver = get_solver("unet-offaxis")
    for number, background in ((3, False), (5, False), (1, True)):
        made = get_dataset("offaxis-mixed", size=SIDE, noise=0, background=background).problem(number)
        x = solver.network_input(made.measurement.to(BACKEND))[0].numpy()
        target, weight = solver.target(made)
        assert x.shape == (6, *target.shape[1:])
        error = np.angle(np.exp(1j * (target[0] - np.arctan2(x[1], x[0]))))[weight[0] > 0]
        assert np.median(np.abs(error - np.median(error))) < 0.02


def test_a_hologram_whose_carrier_is_missed_teaches_nothing():
    made = get_dataset("offaxis-mixed", size=SIDE, noise=0).problem(3)
    wrong = dataclasses.replace(made.truth, aux={**made.truth.aux, "carrier": -made.truth.aux["carrier"]})
    solver = get_solver("unet-offaxis")
    assert solver.target(made)[1].any()
    assert not solver.target(dataclasses.replace(made, truth=wrong))[1].any()


def test_loss_and_validation_see_no_constant_and_count_turns_once():
    solver = get_solver("unet-offaxis")
    targets, weights = torch.randn(2, 1, 8, 8), torch.ones(2, 1, 8, 8)
    shifted = targets + torch.tensor([2.0, -1.0])[:, None, None, None]
    assert float(solver.loss(shifted, targets, weights)) == pytest.approx(0, abs=1e-6)
    torn = targets.clone()
    torn[:, :, 0] += 100
    assert float(solver.loss(torn, targets, weights)) == pytest.approx(100 / 8, rel=0.01)
    weights[:, :, 0] = 0
    assert float(solver.validation(torn, targets, weights)) == pytest.approx(0, abs=1e-6)


def test_the_folded_network_answers_as_trained():
    torch.manual_seed(0)
    for solver in (get_solver("unet-offaxis", width=4, levels=3), get_solver("nas-prnet", links="u-shape")):
        network, x = solver.network(), torch.randn(2, 6, 64, 64)
        torch.nn.init.normal_((network.inner.out if hasattr(network.inner, "out") else network.inner.head[0]).weight)
        with torch.no_grad():
            for _ in range(3):
                network(x)
            expected = network.eval()(x)
            torch.testing.assert_close(solver.for_inference(network)(x), expected, rtol=1e-3, atol=1e-3)


def test_a_wave_has_no_photographs_to_begin_from():
    solver = get_solver("nas-prnet", links="u-shape", start="imagenet")
    with pytest.raises(UsageError, match="reads=interferogram"):
        solver.begin(solver.network(), torch.randn(2, 6, 64, 64))


def test_weights_from_before_there_was_a_choice_are_of_five_levels_for_interferograms(tmp_path):
    solver = get_solver("unet-offaxis", width=4, reads="interferogram")
    path = tmp_path / "w.safetensors"
    card = {"solver": "unet-offaxis", "settings": {"width": 4, "compiled": False}}
    write_weights(path, Weights(fresh_network(solver, 0).state_dict(), card))
    for changes, refused in (({}, ""), ({"reads": "wave"}, "reads=interferogram"), ({"levels": 3}, "levels=5")):
        chosen = get_solver("unet-offaxis", **{"width": 4, "reads": "interferogram", "weights": str(path), **changes})
        with pytest.raises(UsageError, match=refused) if refused else nullcontext():
            chosen.prepare(BACKEND, np.random.default_rng(0))


# What does not matter


@pytest.mark.parametrize("name", SHIPPED)
def test_carrier_exposure_and_aberration_do_not_matter(name):
    """Of fringes of any direction and period the phase is the same within 0.1 rad."""
    for carrier in ((0.2, 0.22), (-0.12, 0.3), (0.0, 0.25), (0.31, 0.1)):
        y, phase = hologram(carrier, light=30.0)
        assert gap(solved(name, y), phase) < 0.1


@pytest.mark.parametrize("name", SHIPPED)
def test_a_turned_or_mirrored_hologram_has_the_turned_or_mirrored_phase(name):
    """Within 0.1 rad: the network itself is not exactly symmetric."""
    y, _ = hologram()
    expected = solved(name, y)
    mirrored = Hologram(y.interferogram[:, ::-1].copy(), carrier=(0.2, -0.22))
    assert gap(solved(name, mirrored)[:, ::-1], expected) < 0.1
    turned = Hologram(np.rot90(y.interferogram).copy(), carrier=(-0.22, 0.2))
    assert gap(np.rot90(solved(name, turned), -1), expected) < 0.1


@pytest.mark.parametrize("name", SHIPPED)
def test_the_background_is_used(name):
    """Of an object that fills the frame no polynomial is told from; the background takes off a bend that the object hides."""
    rows, columns = np.indices((SIDE, SIDE))
    bend = 9 * ((rows / SIDE - 0.5) ** 2 + (columns / SIDE - 0.3) ** 2) + 4 * np.sin(columns / 30)
    carrier = 2 * math.pi * (0.2 * rows + 0.22 * columns)
    phase = 3 * np.sin(rows / 18) * np.sin(columns / 22)
    seen, empty = ((100 + 60 * np.cos(carrier + bend + x)).astype(np.float32) for x in (phase, 0 * phase))
    without, within = (gap(solved(name, Hologram(seen, background)), phase) for background in (None, empty))
    assert within < 0.3
    assert without > 2 * within


def test_no_network_calls_the_unwrapping_of_fourier_filter(monkeypatch):
    def fail(*given, **named):
        raise AssertionError("called")

    for module, name in ((unwrapping, "unwrapped"), (fourier_filter, "unwrapped"), (unwrapping, "unwrap"), (surface, "unwrap")):
        monkeypatch.setattr(module, name, fail)
    y, phase = hologram()
    for name in SHIPPED:
        found = get_solver(name).solve(y.to(BACKEND), np.random.default_rng(0))
        assert gap(found.phase.numpy(), phase) < 0.1
    with pytest.raises(AssertionError, match="called"):
        get_solver("fourier-filter").solve(y, np.random.default_rng(0))


def test_frames_of_a_camera_share_what_the_first_one_tells(monkeypatch):
    searches, search = [], _reading.find_carrier
    monkeypatch.setattr(_reading, "find_carrier", lambda *given: searches.append(1) or search(*given))
    y, _ = hologram()
    with prbench.open("unet-offaxis", backend="torch") as session:
        first, second = session.solve(y).reconstruction.phase, session.solve(y).reconstruction.phase
    assert len(searches) == 1
    np.testing.assert_array_equal(first, second)


# What lies outside


@pytest.mark.parametrize("name", SHIPPED)
def test_an_input_unlike_those_of_the_training_is_said_so(name):
    backend = get_backend("torch")
    (usual, _), (high, _) = hologram(), hologram(height=60.0)
    for y, outside in ((usual, False), (high, True)):
        found = get_solver(name).solve(y.to(backend), np.random.default_rng(0))
        assert any(text in said for text in ("training",) for said in y.suspicions(found)) == outside


def test_ranges_are_widened_a_little_and_unknown_features_have_none():
    seen = {"height": (0.0, 10.0)}
    assert outside_ranges({"height": 10.4, "depth": 1e9}, seen) == {}
    found = outside_ranges({"height": 11.0}, seen)
    np.testing.assert_array_equal(found["outside height"], [11, 0, 10])
    assert len(outside_training(Reconstruction(aux=found))) == 1
    assert outside_training(Reconstruction(aux={"free": 0.3})) == ()
