"""Plug-and-play in the near field: where total variation is the denoiser, what it converges to is known."""

import math

import numpy as np
import pytest

import prbench
from prbench.algorithms.near_field._amplitudes import AmplitudeMisfit
from prbench.backend import get_backend
from prbench.errors import DataNotFound
from prbench.tasks.near_field import NearField

SHAPE = (48, 56)
LIGHT = {"wavelength_m": 632.8e-9, "pixel_m": 8e-6, "distance_m": 5e-3, "padding": 16}
DOUBLE = get_backend("numpy", "double")


def blocks():
    """A phase of flat parts, radians."""
    phase = np.zeros(SHAPE)
    phase[8:24, 10:36], phase[18:38, 22:46], phase[26:31, 30:36] = 0.6, 1.0, 0.3
    return phase


def seen(photons):
    ideal = NearField(np.ones(SHAPE), pure_phase=True, **LIGHT).to(DOUBLE)
    intensity = np.asarray(ideal.expected(blocks()))
    noisy = np.random.default_rng(3).poisson(intensity * photons) / photons
    return NearField(noisy, pure_phase=True, phase_range=(0.0, 1.0), gain=1 / photons, **LIGHT).to(DOUBLE)


def found(name, y, **settings):
    return np.asarray(prbench.solve(prbench.get_solver(name, **settings), y, backend=DOUBLE).reconstruction.phase)


def error(phase):
    gap = phase - blocks()
    return (gap - gap.mean()).std() / blocks().std()


def test_flat_parts_are_found_in_noise():
    y = seen(1000)
    phase = found("pnp-near-field", y)
    assert error(phase) < 0.5 * error(found("ctf", y))
    assert error(phase) < 1.2 * error(found("least-variation", y))


def test_at_one_noise_total_variation_leads_to_the_phase_of_least_variation():
    """The multipliers' fixed point minimises the misfit and the variation that the denoiser stands for: w = 1.4 s^2 / sigma."""
    y, sigma = seen(1000), 0.1
    weight = 1.4 * (0.25 / 1000) / sigma

    def objective(phase):
        down, right = np.diff(phase, axis=0)[:, :-1], np.diff(phase, axis=1)[:-1]
        return AmplitudeMisfit(y, None)(phase[None])[0] + weight * np.hypot(down, right).sum()

    least, first = (objective(found(name, y, **told)) for name, told in (("least-variation", {"weight": weight}), ("ctf", {})))
    reached = objective(found("pnp-near-field", y, noise_start=sigma, noise_end=sigma, iterations=200, inner_steps=4))
    assert first > 2 * least
    assert reached == pytest.approx(least, rel=0.05)


def test_less_noise_is_told_where_more_photons_are_counted():
    solver = prbench.get_solver("pnp-near-field")
    states = {photons: solver.init(seen(photons), np.random.default_rng(0)) for photons in (100, 10000)}
    first, last = (
        [solver._sigma(seen(photons), state, steps) for photons, state in states.items()] for steps in (0, solver.iterations)
    )
    assert first == pytest.approx([0.5, 0.5])
    assert last[0] / last[1] == pytest.approx(math.sqrt(100))


def test_weights_that_are_missing_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFound, match="prbench data get pnp"):
        prbench.get_solver("pnp-near-field[denoiser=dncnn]").prepare(DOUBLE, np.random.default_rng(0))
