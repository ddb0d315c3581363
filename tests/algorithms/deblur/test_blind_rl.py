import dataclasses
import itertools

import numpy as np
import pytest

import prbench
from prbench.backend import get_backend
from prbench.core import build_plugin


@pytest.fixture(scope="module")
def problem():
    return prbench.get_dataset("blurred-picture[size=48,kernel=7,noise=0]").problem(1)


def divergence(y, state):
    """Kullback-Leibler, of the measured image from the expected one, over measured pixels."""
    expected, seen = y.blur(state.x, state.kernel), np.maximum(y.image, 0)
    terms = np.where(seen > 0, seen * np.log(np.where(seen > 0, seen, 1) / expected), 0) - seen + expected
    return float(terms.sum() if y.mask is None else terms[y.mask].sum())


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("updates", ["kernel_updates=1,image_updates=1", "kernel_updates=5,image_updates=2"])
def test_no_round_raises_the_divergence(problem, masked, updates):
    y = problem.measurement
    if masked:
        y = dataclasses.replace(y, mask=np.random.default_rng(0).random(y.shape) < 0.8)
    y = y.to(get_backend("numpy", "double"))
    solver = build_plugin("solver", f"blind-rl[{updates}]")
    state = solver.init(y, np.random.default_rng(0))
    values = [divergence(y, state)]
    for _ in range(10):
        state = solver.step(y, state)
        values.append(divergence(y, state))
    assert all(after <= before * (1 + 1e-9) for before, after in itertools.pairwise(values))
    assert values[-1] < 0.5 * values[0]


def test_what_is_expected_has_the_light_that_was_measured(problem):
    y = problem.measurement.to(get_backend("numpy", "double"))
    solver = build_plugin("solver", "blind-rl")
    state = solver.init(y, np.random.default_rng(0))
    for _ in range(3):
        state = solver.step(y, state)
        assert y.blur(state.x, state.kernel).sum() == pytest.approx(y.image.sum())
        assert state.kernel.sum() == pytest.approx(1)
        assert state.kernel.min() >= 0
        assert state.x.min() > 0


@pytest.mark.parametrize("unit", [1e-6, 1e4])
def test_the_unit_of_the_image_does_not_matter(problem, unit):
    y = problem.measurement
    plain = prbench.solve("blind-rl", y, backend=get_backend("numpy", "double")).reconstruction
    scaled = dataclasses.replace(y, image=unit * y.image.astype(float))
    again = prbench.solve("blind-rl", scaled, backend=get_backend("numpy", "double")).reconstruction
    np.testing.assert_allclose(again.image, unit * plain.image, rtol=1e-4)
    np.testing.assert_allclose(again.kernel, plain.kernel, atol=1e-6)
