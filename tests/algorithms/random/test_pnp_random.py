"""Plug-and-play for random maps: where a denoiser helps, and where it does not."""

import dataclasses

import numpy as np
import pytest

import prbench
from prbench.backend import get_backend

DOUBLE = get_backend("numpy", "double")
QUICK = {"iterations": 200, "plain_steps": 200}


def relative_error(name, problem, **settings):
    found = prbench.solve(prbench.get_solver(name, **settings), problem.measurement)
    return prbench.score(found.reconstruction, problem, ["sa_nmse"])["sa_nmse"], found


@pytest.mark.parametrize(
    ("dataset", "settings", "most", "flow_at_least"),
    [
        ("coded-diffraction", {"patterns": 2}, 0.02, 0.5),
        ("coded-diffraction", {"photons": 10.0}, 0.02, 0.025),
        ("coded-diffraction", {"photons": 1.0}, 0.15, 0.3),
        ("structured-map", {"ratio": 3.0, "image": "camera"}, 1e-3, 0.5),
    ],
)
def test_pictures_need_fewer_values_and_photons_than_flows(dataset, settings, most, flow_at_least):
    """The regime of the papers: few values, much noise, and objects that a denoiser knows."""
    problem = prbench.get_dataset(dataset, **settings).problem(0, split="tune")
    assert relative_error("pnp-random", problem, **QUICK)[0] < most
    assert relative_error("reweighted-af", problem)[0] > flow_at_least


def test_objects_without_structure_gain_nothing():
    problem = prbench.get_dataset("coded-diffraction", patterns=2, image="noise").problem(0, split="tune")
    assert relative_error("pnp-random", problem, **QUICK)[0] > 0.5


def test_without_noise_it_ends_with_the_flow_at_the_object():
    problem = prbench.get_dataset("structured-map", ratio=3.0, image="camera", size=32).problem(0, split="tune")
    away, found = relative_error("pnp-random", problem, iterations=300, plain_steps=1200)
    assert away < 1e-10
    assert 300 < found.cost.iterations < 1500


def test_noise_of_unknown_kind_is_not_fitted():
    problem = prbench.get_dataset("coded-diffraction", snr_db=10.0).problem(0, split="tune")
    away, found = relative_error("pnp-random", problem, noise_end=0.05, **QUICK)
    assert found.cost.iterations < 2 * 200
    assert away < relative_error("amplitude-flow", problem)[0]


def test_a_step_costs_one_application_and_one_adjoint():
    y = prbench.get_dataset("coded-diffraction[size=16,photons=10]").problem(0).measurement.to(get_backend("numpy"))
    solver = prbench.get_solver("pnp-random")
    state = solver.init(y, np.random.default_rng(0))
    before = y.counters.operators
    solver.advance(y, state, 5)
    assert y.counters.operators - before == 10


def test_a_brighter_measurement_has_a_brighter_object():
    y = prbench.get_dataset("coded-diffraction[size=16,photons=10]").problem(0).measurement
    once, brighter = (
        prbench.solve(prbench.get_solver("pnp-random", iterations=30), y_k, backend=DOUBLE).reconstruction.object
        for y_k in (y, dataclasses.replace(y, intensity=4 * y.intensity, gain=4 * y.gain))
    )
    np.testing.assert_allclose(brighter, 2 * once, rtol=1e-6)


def test_no_trust_in_the_denoiser_is_amplitude_flow():
    y = prbench.get_dataset("coded-diffraction[size=16,photons=10]").problem(0).measurement
    red = prbench.get_solver("pnp-random", iterations=20, trust=1e-9)
    flow = prbench.get_solver("amplitude-flow", iterations=20, step_length=1.0)
    ours, theirs = (prbench.solve(one, y, backend=DOUBLE).reconstruction.object for one in (red, flow))
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7 * np.abs(theirs).max())
