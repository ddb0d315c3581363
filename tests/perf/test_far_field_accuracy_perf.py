"""How near the pipelines come to the truth, on test crystals of 64 pixels: ``pytest tests/perf --benchmark-only``."""

import numpy as np
import pytest

import prbench
from prbench.physics.cramer_rao import cramer_rao_nmse

EASY = ["crystal2d", "crystal2d[dislocations=2]"]
HARD = ["crystal2d[dislocations=4,strength=2]"]


def errors(solver, dataset, samples):
    """sa_nmse, seconds and FFT pairs of each sample, and the problems."""
    problems = [prbench.get_dataset(dataset).problem(index) for index in range(samples)]
    solved = [prbench.solve(solver, problem.measurement, backend="torch") for problem in problems]
    scores = [prbench.score(one.reconstruction, p, ["sa_nmse"])["sa_nmse"] for one, p in zip(solved, problems, strict=True)]
    pairs = [one.cost.ffts / 2 for one in solved]
    return np.array(scores), np.array([one.cost.latency_s for one in solved]), np.array(pairs), problems


@pytest.mark.parametrize("dataset", [*EASY, *HARD])
def test_crystals_solved_without_noise(benchmark, dataset):
    """sa_nmse under 0.02: at least 48 of 50, with four dislocations and +-2 pi at least 45; FFT pairs, 38720 in version 0.1.0."""
    found, seconds, pairs, _ = benchmark.pedantic(errors, ("hio-er", dataset, 50), rounds=1)
    benchmark.extra_info.update(solved=int((found < 0.02).sum()), median_seconds=round(float(np.median(seconds)), 2))
    benchmark.extra_info["pairs"] = float(np.median(pairs))


@pytest.mark.parametrize("dataset", ["crystal2d[photons=100]", "crystal2d[dislocations=2,photons=100]"])
@pytest.mark.parametrize("solver", ["hio-er", "hio-er-ml"])
def test_error_over_the_cramer_rao_bound(benchmark, solver, dataset):
    """The median over the median crystal's bound: at most 5 for hio-er-ml."""
    found, seconds, _, problems = benchmark.pedantic(errors, (solver, dataset, 20), rounds=1)
    bounds = [cramer_rao_nmse(p.truth.object, p.object_region, p.measurement.gain, p.measurement.shape) for p in problems]
    benchmark.extra_info.update(
        sa_nmse=round(float(np.median(found)), 5),
        over_bound=round(float(np.median(found / np.array(bounds))), 2),
        median_seconds=round(float(np.median(seconds)), 2),
    )
