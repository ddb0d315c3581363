"""What is true of the solvers of random measurements, beyond what holds for every solver."""

import dataclasses

import numpy as np
import pytest

import prbench
from prbench.backend import get_backend
from prbench.core import plugin_names

DESCENTS = ["amplitude-flow", "truncated-af", "reweighted-af", "wirtinger-flow", "truncated-wf", "gs-random"]
PROJECTIONS = ["hio-random", "raar-random", "rrr-random"]
FLOWS = [*DESCENTS, *PROJECTIONS, "phasemax", "phaselamp"]
MAPS = [
    "gaussian-map[n=48,ratio=8]",
    "gaussian-map[n=48,ratio=6,field=real]",
    "coded-diffraction[size=12,patterns=8,image=noise]",
]


def error(name, problem, **options):
    found = prbench.solve(name, problem.measurement, backend="numpy", **options)
    return np.sqrt(prbench.score(found.reconstruction, problem, ["sa_nmse"])["sa_nmse"]), found


@pytest.mark.parametrize("dataset", MAPS)
@pytest.mark.parametrize("name", FLOWS)
def test_with_many_measurements_the_object_is_found(name, dataset):
    away, found = error(name, prbench.get_dataset(dataset).problem(0))
    assert away < 1e-4
    assert found.cost.iterations <= 2500


@pytest.mark.parametrize("name", FLOWS)
def test_a_real_object_is_answered_with_a_real_one(name):
    _, found = error(name, prbench.get_dataset(MAPS[1]).problem(1))
    np.testing.assert_array_equal(found.reconstruction.object.imag, 0)


@pytest.mark.parametrize("name", FLOWS)
def test_a_brighter_measurement_has_a_brighter_object(name):
    """Y scaled by four has the same answer, twice as large, step by step."""
    y = prbench.get_dataset("gaussian-map[n=32,ratio=6]").problem(0).measurement
    backend = get_backend("numpy", "double")
    once, brighter = (
        prbench.solve(f"{name}[iterations=40]", dataclasses.replace(y, intensity=scale * y.intensity), backend=backend)
        for scale in (1, 4)
    )
    np.testing.assert_allclose(brighter.reconstruction.object, 2 * once.reconstruction.object, rtol=1e-6)


@pytest.mark.parametrize("name", FLOWS)
def test_what_stands_in_unmeasured_places_does_not_matter(name):
    y = prbench.get_dataset("structured-map[size=8,ratio=6.5]").problem(0).measurement
    rubbish = np.where(y.mask, y.intensity, 1e9)
    first, second = (
        prbench.solve(f"{name}[iterations=30]", dataclasses.replace(y, intensity=intensity), backend="numpy").reconstruction
        for intensity in (y.intensity, rubbish)
    )
    np.testing.assert_array_equal(first.object, second.object)


@pytest.mark.parametrize("name", [*DESCENTS, *PROJECTIONS])
def test_the_truth_is_a_fixed_point(name):
    problem = prbench.get_dataset("gaussian-map[n=32,ratio=4]").problem(0)
    y = problem.measurement.to(get_backend("numpy", "double"))
    solver = prbench.get_solver(name)
    state = solver.init(y, np.random.default_rng(0))
    state.x = np.asarray(problem.truth.object, np.complex128)[None]
    if name in PROJECTIONS:
        state.z = y.apply(state.x)
    for _ in range(5):
        state = solver.step(y, state)
    np.testing.assert_allclose(state.x[0], problem.truth.object, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", FLOWS)
def test_a_step_costs_one_application_and_one_adjoint(name):
    y = prbench.get_dataset("coded-diffraction[size=8]").problem(0).measurement.to(get_backend("numpy"))
    solver = prbench.get_solver(name)
    state = solver.init(y, np.random.default_rng(0))
    before = y.counters.operators
    solver.step(y, state)
    assert y.counters.operators - before == 2


@pytest.mark.parametrize(
    "dataset", ["gaussian-map[n=64,ratio=1]", "gaussian-map[n=64,ratio=1,photons=1]", "structured-map[size=8,ratio=1]"]
)
@pytest.mark.parametrize("name", FLOWS)
def test_too_few_measurements_are_survived(name, dataset):
    for index in range(3):
        found = prbench.solve(name, prbench.get_dataset(dataset).problem(index).measurement, backend="numpy")
        assert found.status == "ok"


def test_a_settled_run_ends_early():
    _, found = error("truncated-af[iterations=5000]", prbench.get_dataset(MAPS[0]).problem(0))
    assert found.status == "ok"
    assert found.cost.iterations < 5000


@pytest.mark.parametrize("preprocess", ["optimal", "weighted", "orthogonality", "truncated", "plain"])
def test_a_spectral_start_points_towards_the_object(preprocess):
    """The more measurements, the nearer; with very many nearly exactly, and with the right length."""
    away = [
        np.median(
            [
                error(f"spectral[preprocess={preprocess}]", prbench.get_dataset("gaussian-map", n=48, ratio=r).problem(k))[0]
                for k in range(3)
            ]
        )
        for r in (4, 40)
    ]
    assert away[1] < 0.45
    assert away[1] < away[0]


def test_the_optimal_preprocessing_is_nearest():
    def away(preprocess):
        cases = [prbench.get_dataset("gaussian-map[n=128,ratio=4]").problem(k) for k in range(5)]
        return np.median([error(f"spectral[preprocess={preprocess}]", case)[0] for case in cases])

    assert away("optimal") < min(away("plain"), away("truncated"))


@pytest.mark.parametrize(("start", "solved"), [("random", False), ("positive", True)])
def test_knowing_the_sign_solves_a_fresnel_pattern(start, solved):
    problem = prbench.get_dataset("three-regimes[regime=fresnel,size=16,fresnel_number=4]").problem(0)
    away, found = error(f"amplitude-flow[start={start},iterations=500]", problem)
    assert (away < 1e-4) == solved
    y = problem.measurement.to(get_backend("numpy"))
    x = prbench.get_solver("amplitude-flow", start=start).init(y, np.random.default_rng(0)).x
    assert np.linalg.norm(x) == pytest.approx(y.amplitude_norm / np.sqrt(y.power), rel=1e-5)
    assert not x.imag.any()
    assert (x.real.min() >= 0) == solved
    assert found.status == "ok"


def test_every_solver_of_the_task_is_tested_here():
    random = {name for name in plugin_names("solver") if prbench.get_solver(name).info.task == "random"}
    assert random - {"dip-random", "deep-decoder", "pnp-random"} == {*FLOWS, "spectral"}


@pytest.mark.parametrize(("name", "ratio", "exact"), [("phasemax", 8, True), ("phasemax", 4, False), ("phaselamp", 5, True)])
def test_a_linear_programme_needs_rows_as_its_papers_say(name, ratio, exact):
    """PhaseMax needs more than 4 n rows over its start's accuracy; PhaseLamp, which starts again from its answer, needs fewer."""
    found = [error(name, prbench.get_dataset("gaussian-map", n=64, ratio=ratio).problem(k))[0] for k in range(3)]
    assert (max(found) < 1e-5) == exact


@pytest.mark.parametrize("name", PROJECTIONS)
def test_projections_solve_three_coded_patterns(name):
    away, _ = error(name, prbench.get_dataset("coded-diffraction[size=16,patterns=3]").problem(0))
    assert away < 1e-5
