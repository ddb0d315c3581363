"""Statistics of 20 solvers on 200 samples with 10 000 resamples: what a leaderboard of a large study costs."""

import time

import numpy as np
import pandas as pd
import pytest

from prbench.analysis import leaderboards
from prbench.analysis.goals import Goal
from prbench.analysis.ranks import rank_intervals, resampled, sample_medians

SOLVERS, SAMPLES, RESAMPLES = 20, 200, 10_000


def scores(seeds):
    rng = np.random.default_rng(0)
    difficulty = rng.normal(size=(1, SAMPLES, 1))
    x = 10 ** (difficulty + 0.1 * np.arange(SOLVERS)[:, None, None] + 0.3 * rng.normal(size=(SOLVERS, SAMPLES, seeds)))
    x[rng.random(x.shape) < 0.02] = np.inf
    return x


@pytest.mark.parametrize("seeds", [1, 3, 10])
def test_bootstrap_of_all_solvers(benchmark, seeds):
    x, goal = scores(seeds), Goal("error", "lower")

    def all_of_it():
        return resampled(x, goal, RESAMPLES), rank_intervals(sample_medians(x), goal)

    all_of_it()
    benchmark.extra_info.update(solvers=SOLVERS, samples=SAMPLES, seeds=seeds, resamples=RESAMPLES)
    benchmark.pedantic(all_of_it, rounds=5)
    assert benchmark.stats.stats.min < 2.0


def test_leaderboard_of_all_solvers(benchmark):
    x = scores(3)
    solver, sample, seed = (a.ravel() for a in np.meshgrid(*(np.arange(n) for n in x.shape), indexing="ij"))
    cells = {"solver": np.char.add("solver-", solver.astype(str)), "sample": sample, "seed": seed}
    frame = pd.DataFrame({**cells, "task": "far-field", "dataset": "made", "status": "ok", "sa_nmse": x.ravel()})
    frame["status"] = frame["status"].where(np.isfinite(frame["sa_nmse"]), "crashed")
    begin = time.perf_counter()
    leaderboards(frame)
    benchmark.extra_info.update(records=len(frame), first_call_s=time.perf_counter() - begin)
    benchmark.pedantic(leaderboards, (frame,), rounds=5)
    assert benchmark.stats.stats.min < 2.0
