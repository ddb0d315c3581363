"""A search that ends where the known number of pixels holds the power, as the published benchmark of atoms in a cell asks."""

import numpy as np
import pytest

import prbench
from prbench.algorithms.far_field._solution import PowerGoal, power_shares
from prbench.backend import get_backend
from prbench.core import Case, Reconstruction, load_plugin

ATOMS = "atoms2d[atoms=6,size=32]"
SEARCHES = ["rrr[power_goal=0.95]", "difference-map[beta=0.7,power_goal=0.95]"]


@pytest.fixture(scope="module")
def problem():
    return prbench.get_dataset(ATOMS).problem(0)


def judged(name, problem, answer, **aux):
    return load_plugin("metric", name)(Case(Reconstruction(object=np.asarray(answer), aux=aux), problem))


@pytest.mark.parametrize("spelled", SEARCHES)
@pytest.mark.parametrize("backend", ["numpy", "torch"])
def test_a_search_ends_at_the_step_in_which_it_finds_the_object(problem, spelled, backend):
    found = prbench.solve(spelled, problem.measurement, backend=backend)
    steps = int(found.reconstruction.aux["solved_after"])
    assert 0 < steps < 1000
    assert found.cost.iterations == steps == found.curve[-1].iteration
    assert judged("support_power", problem, found.reconstruction.object) > 0.95
    assert judged("steps_to_solution", problem, found.reconstruction.object, solved_after=np.asarray(steps)) == steps
    assert found.reconstruction.aux["scores"][0] < 0.25


def test_the_step_does_not_depend_on_how_steps_are_asked_for(problem):
    y, solver = problem.measurement.to(get_backend("numpy")), prbench.get_solver(SEARCHES[0])
    ends = []
    for block in (1, 1000):
        state = solver.init(y, np.random.default_rng(5))
        for _ in range(0, 1000, block):
            state = solver.advance(y, state, block)
        ends.append((state.solved, solver.steps_taken(state, 1000)))
    assert ends[0] == ends[1]
    assert ends[0][1] < 1000


def test_of_many_starts_the_one_that_finds_it_is_the_answer(problem):
    y, solver = problem.measurement.to(get_backend("numpy")), prbench.get_solver("rrr[starts=5,power_goal=0.95]")
    state = solver.advance(y, solver.init(y, np.random.default_rng(1)), 1000)
    row, steps = state.solved
    answer = solver.estimate(y, state)
    assert int(answer.aux["solved_after"]) == steps
    assert np.array_equal(answer.object, y.crop(state.estimate(row)))
    assert judged("support_power", problem, answer.object) > 0.95


def test_without_a_number_of_pixels_all_steps_are_made():
    y = prbench.get_dataset("cell2d[size=16]").problem(0).measurement
    assert y.support_size is None
    found = prbench.solve("rrr[iterations=30,power_goal=0.5]", y, backend="numpy")
    assert found.cost.iterations == 30
    assert "solved_after" not in found.reconstruction.aux


def test_the_share_is_that_of_the_published_criterion(problem):
    """All of the power is the measured one and that of the mean over the pixels kept, zero frequency being unmeasured."""
    y = problem.measurement.to(get_backend("numpy", "double"))
    truth = np.asarray(problem.truth.object, np.complex128)[None]
    inside = np.zeros(truth.shape, bool)
    inside.flat[np.argsort(truth.real, axis=None)[-y.support_size :]] = True
    kept = truth.real[inside]
    spectrum = np.abs(np.fft.fft2(truth[0])) ** 2
    spectrum[0, 0] = kept.sum() ** 2
    expected = (kept**2).sum() / (spectrum.sum() / spectrum.size)
    assert power_shares(y, truth, inside)[0] == pytest.approx(expected, rel=1e-5)
    assert expected > 0.95
    assert PowerGoal.applies(y)


def test_neither_scale_nor_cuts_raise_the_metric(problem):
    truth = np.asarray(problem.truth.object, np.complex128)
    noise = np.random.default_rng(0).random(truth.shape)
    size = problem.measurement.support_size
    sparse = np.where(noise >= np.sort(noise, axis=None)[-size], noise, 0)
    exact = judged("support_power", problem, truth)
    assert exact > 0.95
    assert judged("support_power", problem, 10 * truth.real + 0j) < exact
    assert judged("support_power", problem, noise + 0j) < 0.8
    assert judged("support_power", problem, sparse + 0j) < 0.8
    assert judged("support_power", problem, 100 * sparse + 0j) < 0.8
