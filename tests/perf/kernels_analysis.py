"""What the statistics of a large study cost: each function prepares a call that runs once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from prbench.analysis import leaderboards
from prbench.analysis.goals import Goal
from prbench.analysis.ranks import rank_intervals, resampled, sample_medians

SOLVERS, SAMPLES, RESAMPLES = 20, 200, 10_000


def scores(seeds: int) -> np.ndarray:
    """Errors of solvers by sample and seed, two in a hundred of them failures."""
    rng = np.random.default_rng(0)
    difficulty = rng.normal(size=(1, SAMPLES, 1))
    x = 10 ** (difficulty + 0.1 * np.arange(SOLVERS)[:, None, None] + 0.3 * rng.normal(size=(SOLVERS, SAMPLES, seeds)))
    x[rng.random(x.shape) < 0.02] = np.inf
    return np.asarray(x)


def bootstrap(seeds: int) -> Callable[[], object]:
    """Interquartile means, probabilities of being best and rank intervals of all solvers."""
    x, goal = scores(seeds), Goal("error", "lower")
    return lambda: (resampled(x, goal, RESAMPLES), rank_intervals(sample_medians(x), goal))


def records(seeds: int) -> pd.DataFrame:
    """The same as records."""
    x = scores(seeds)
    solver, sample, seed = (a.ravel() for a in np.meshgrid(*(np.arange(n) for n in x.shape), indexing="ij"))
    cells = {"solver": np.char.add("solver-", solver.astype(str)), "sample": sample, "seed": seed}
    frame = pd.DataFrame({**cells, "task": "far-field", "dataset": "made", "status": "ok", "sa_nmse": x.ravel()})
    frame["status"] = frame["status"].where(np.isfinite(frame["sa_nmse"]), "crashed")
    return frame


def leaderboard(seeds: int) -> Callable[[], object]:
    """A whole leaderboard."""
    frame = records(seeds)
    return lambda: leaderboards(frame)
