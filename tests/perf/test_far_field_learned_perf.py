"""What a network's look at a pattern costs, and what it is worth to HIO: ``pytest tests/perf --benchmark-only``."""

import numpy as np
import pytest

import prbench
from prbench.analysis.goals import goals
from prbench.analysis.statistics import bootstrap_medians

DATASET = "crystal2d[size=32]"
SAMPLES = 40
ITERATIONS = (20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280)
"""Lengths of a run that are tried; a crystal that none of them solves counts as infinitely many."""


def errors(solver, problems):
    """sa_nmse of each problem."""
    solved = [prbench.solve(solver, problem.measurement, backend="torch").reconstruction for problem in problems]
    return np.array([prbench.score(one, p, ["sa_nmse"])["sa_nmse"] for one, p in zip(solved, problems, strict=True)])


def iterations_to_success(solver, problems):
    """For each problem the shortest run tried that solves it."""
    success = goals("far-field")[0].success
    solved = np.array([errors(f"{solver}[starts=1,iterations={n}]", problems) <= success for n in ITERATIONS])
    return np.where(solved.any(axis=0), np.array(ITERATIONS)[solved.argmax(axis=0)], np.inf)


def median(values):
    """The median and its interval, rounded."""
    found = bootstrap_medians(values, np.zeros(len(values), int), 1)
    return [round(float(part[0]), 4) for part in (found.value, found.low, found.high)]


def crystals(count=SAMPLES):
    return [prbench.get_dataset(DATASET).problem(index) for index in range(count)]


def mean_of_both(problem):
    """The mean of a crystal and its conjugate flip about the middle pixel, with the crystal's energy.

    It is what a network taught raw targets should answer at best: it cannot know which of both the data held.
    """
    x = problem.truth.object
    mean = (x + np.roll(np.conj(np.flip(x)), (1, 1), axis=(0, 1))) / 2
    return prbench.Reconstruction(object=mean * (np.linalg.norm(x) / np.linalg.norm(mean)))


def test_one_look_of_symmetry_broken_and_raw_training(benchmark):
    """The median of sa_nmse over crystals: symmetry-broken at most 0.6 of raw; and what raw training could reach at best."""
    problems = crystals(100)
    broken = benchmark.pedantic(errors, ("symmetry-breaking", problems), rounds=1)
    raw = errors("raw-training", problems)
    at_best = np.array([prbench.score(mean_of_both(p), p, ["sa_nmse"])["sa_nmse"] for p in problems])
    benchmark.extra_info.update(
        broken=median(broken), raw=median(raw), raw_at_best=median(at_best), paired_ratio=median(broken / raw)
    )


def test_iterations_to_success_from_a_network_and_from_random_phases(benchmark):
    """Runs of one start: the median crystal needs at most half as many iterations from the network's answer."""
    problems = crystals()
    net = benchmark.pedantic(iterations_to_success, ("net-hio", problems), rounds=1)
    random = iterations_to_success("hio-er", problems)
    both = np.isfinite(net) | np.isfinite(random)
    benchmark.extra_info.update(
        net=median(net),
        random=median(random),
        paired_ratio=median(np.where(np.isinf(random), 0.0, net / np.where(np.isinf(random), 1.0, random))[both]),
        never_net=int(np.isinf(net).sum()),
        never_random=int(np.isinf(random).sum()),
    )


@pytest.mark.parametrize("name", ["symmetry-breaking", "net-hio[starts=1,iterations=100]"])
def test_latency(benchmark, name):
    """One look, and a hundred iterations after one; in pairs of FFTs of the pattern."""
    y = crystals(1)[0].measurement
    prbench.solve(name, y, backend="torch")
    costs = [prbench.solve(name, y, backend="torch").cost for _ in range(9)]
    benchmark.extra_info["fft_pairs"] = round(float(np.median([cost.latency_fft for cost in costs])), 1)
    benchmark.extra_info["ms"] = round(float(np.median([cost.latency_s for cost in costs])) * 1e3, 2)
    benchmark.pedantic(prbench.solve, (name, y), {"backend": "torch"}, rounds=3)
