import dataclasses

import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field._likelihood import along_uniform, begin, log_likelihood, made_uniform, pulled, refine
from prbench.backend import get_backend


def misfit(solved, x: np.ndarray) -> float:
    """Negative Poisson log-likelihood of the counts of measured pixels, up to what x does not change."""
    y = solved.y
    gain = y.gain or 1.0
    expected = np.abs(np.fft.fftn(x)) ** 2 / gain
    seen = solved.host(y.measured)
    counts = solved.host(y.amplitude) ** 2 / gain
    return float((expected - counts * np.log(expected))[seen].sum())


def near(solved, level: float, seed: int = 3) -> np.ndarray:
    """The truth with noise of a relative size on its support."""
    noise = solved.random(1, seed) * solved.support
    return solved.x + level * noise * np.linalg.norm(solved.x) / np.linalg.norm(noise)


def descent(solved, x):
    return begin(solved.y, solved.there(x), solved.there(np.broadcast_to(solved.support, x.shape).copy()))


@pytest.mark.parametrize("gain", [1e-3, 1e-2])
def test_the_gradient_is_the_misfits(make_solved, library, shape, gain):
    solved = make_solved(shape, library, hidden=True, gain=gain)
    x = near(solved, 0.5)
    d = descent(solved, x)
    refine(solved.y, d)
    gradient = solved.host(d.gradient)[0]
    assert (gradient[~solved.support] == 0).all()
    ratios = []
    for seed in range(4):
        v = (solved.random(1, seed) * solved.support)[0]
        h = 1e-5
        along = (misfit(solved, x[0] + h * v) - misfit(solved, x[0] - h * v)) / (2 * h)
        ratios.append(along / np.vdot(gradient, v).real)
    assert ratios[0] > 0
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)


def test_a_refinement_never_leaves_the_support(solved):
    x = np.concatenate([near(solved, 0.5), near(solved, 1.0, seed=4), solved.random(1)])
    d = descent(solved, x)
    for _ in range(10):
        refine(solved.y, d)
        assert (solved.host(d.x)[:, ~solved.support] == 0).all()
    assert np.isfinite(solved.host(d.x)).all()


@pytest.mark.parametrize("level", [0.3, 1.0, 10.0])
def test_the_likelihood_grows(make_solved, library, shape, level):
    solved = make_solved(shape, library, hidden=True, gain=0.1)
    d = descent(solved, np.concatenate([near(solved, level, seed) for seed in range(4)]))
    seen = [solved.host(log_likelihood(solved.y, d))]
    for _ in range(40):
        refine(solved.y, d)
        seen.append(solved.host(log_likelihood(solved.y, d)))
    values = np.array(seen)
    assert (values[-1] < values[0]).all()
    assert (values[20:].min(axis=0) <= values[:20].min(axis=0) + 1e-9).all()
    assert (values[-1] < 1.01 * values.min(axis=0) + 1e-9).all()


def test_the_likelihood_of_the_truth_is_the_best(make_solved, library, shape):
    solved = make_solved(shape, library, hidden=True, gain=0.1)
    d = descent(solved, np.concatenate([solved.x, near(solved, 0.05), near(solved, 0.5)]))
    best, worse, worst = solved.host(log_likelihood(solved.y, d))
    assert best == pytest.approx(0, abs=1e-3)
    assert best < worse < worst


@pytest.mark.parametrize("gain", [None, 0.1])
def test_without_noise_a_descent_from_nearby_ends_at_the_truth(make_solved, library, shape, gain):
    solved = make_solved(shape, library, hidden=True, gain=gain)
    d = descent(solved, near(solved, 0.05))
    for _ in range(150):
        refine(solved.y, d)
    x, found = solved.x.ravel(), solved.host(d.x).ravel()
    phase = np.vdot(found, x) / abs(np.vdot(found, x))
    assert np.linalg.norm(phase * found - x) < 1e-3 * np.linalg.norm(x)


def test_the_likelihood_asks_for_a_pixel_that_the_support_lacks(make_solved, library, shape):
    solved = make_solved(shape, library, gain=0.1)
    lacking = tuple(np.argwhere(solved.support)[0])
    support = solved.support.copy()
    support[lacking] = False
    d = begin(solved.y, solved.there(solved.x), solved.there(support[None]))
    for _ in range(60):
        refine(solved.y, d)
    asked = np.abs(solved.host(pulled(solved.y, d))[0]) * ~support
    assert np.unravel_index(asked.argmax(), shape) == lacking
    assert asked[lacking] > 0.3 * abs(solved.x[0][lacking])


def test_a_step_costs_two_transforms_an_object(make_solved):
    solved = make_solved(hidden=True)
    d = descent(solved, np.concatenate([near(solved, 0.5), near(solved, 1.0)]))
    solved.y.counters.reset()
    refine(solved.y, d)
    assert solved.y.counters.ffts == 4


def test_unmeasured_pixels_have_no_say(make_solved):
    solved = make_solved(hidden=True)
    x = near(solved, 0.5)
    d = descent(solved, x)
    value = log_likelihood(solved.y, d)[0]
    seen = solved.host(solved.y.measured)
    d.spectrum = np.where(seen, d.spectrum, 100 * d.spectrum)
    assert log_likelihood(solved.y, d)[0] == value


def noisy_crystal(index: int) -> tuple[prbench.Problem, prbench.FarField]:
    """A crystal at 10 photons per pixel, and its measurement with its exact support."""
    problem = prbench.get_dataset("crystal2d[size=32,photons=10,strength=0.5]").problem(index, split="tune")
    y = problem.measurement
    return problem, dataclasses.replace(y, support=y.pad(np.asarray(problem.object_region)))


@pytest.mark.parametrize("name", ["ml[iterations=150,starts=4", "hio-er-ml[starts=4,recipe=200*HIO+20*ER+80*ML+20*ER+100*ML"])
def test_one_magnitude_for_all_pixels_takes_noise_out(name):
    problem, y = noisy_crystal(0)
    solvers = [f"{name},magnitude={kind}]" for kind in ("free", "uniform")]
    free, uniform = (prbench.solve(solver, y, backend="numpy").reconstruction for solver in solvers)
    errors = [prbench.score(found, problem, ["sa_nmse"])["sa_nmse"] for found in (free, uniform)]
    assert errors[1] < 0.6 * errors[0]
    size = np.abs(np.asarray(uniform.object))[np.asarray(uniform.aux["support"])]
    assert np.ptp(size) < 1e-4 * size.mean()


@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_a_tangent_change_keeps_the_magnitude_to_first_order(library):
    _, y = noisy_crystal(0)
    y = y.to(get_backend(library, "double"))
    rng, xp = np.random.default_rng(0), y.backend.xp
    noise = [y.backend.asarray(rng.standard_normal((2, *y.shape)) + 1j * rng.standard_normal((2, *y.shape))) for _ in range(2)]
    support = xp.stack([y.support, y.support])
    x = made_uniform(y, noise[0], support)
    change = along_uniform(y, x, support, noise[1] * support)
    np.testing.assert_allclose(y.backend.to_numpy(along_uniform(y, x, support, change)), y.backend.to_numpy(change), atol=1e-12)
    moved = x + 1e-4 * change
    gap = y.backend.to_numpy(made_uniform(y, moved, support) - moved)
    assert np.abs(gap).max() < 1e-6
