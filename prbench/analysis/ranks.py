"""How sure a ranking is: intervals of ranks, how often a bootstrap puts a solver first, and interquartile means."""

from __future__ import annotations

import numpy as np

from .goals import Goal
from .paired import differences, holm, signed_rank, worth_naming
from .resampling import RESAMPLES, chances_of_best, interquartile_means, resample
from .statistics import LEVEL, group_medians


def rank_intervals(per_sample: np.ndarray, goal: Goal, smallest: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """For each solver the ranks consistent with the paired tests.

    A solver's rank is one more than the number of those shown better, and at most the number of solvers less those shown worse;
    what is shown is what paired signed-rank tests show, corrected by Holm for all comparisons of that solver. That each such set
    of claims is right with probability 95 % makes the interval hold with 95 % (Mogstad, Romano, Shaikh and Wilhelm, Rev. Econ.
    Stud. 91 (2024) 476, doi:10.1093/restud/rdad006); bootstrapped ranks do not hold where solvers are nearly equal (Hall and
    Miller, Ann. Statist. 37 (2009) 3929, doi:10.1214/09-AOS699).

    Args:
        per_sample: float (S, P), the score of each solver on each sample; NaN where it has none, ``goal.worst`` where it failed.
        goal: which way is better, and whether ratios or differences are compared.
        smallest: the smallest difference worth naming, in the metric's unit: closer scores are ties in the tests, and no solver
            is shown better than one that is closer on average (:func:`prbench.analysis.paired.worth_naming`).

    Returns:
        lowest and highest rank, int (S,), 1 being best. One to S where nothing is shown, as with few samples.
    """
    solvers = len(per_sample)
    first, second = np.triu_indices(solvers, 1)
    a, b = per_sample[first], per_sample[second]
    tests = signed_rank(differences(a, b, ratio=compares_ratios(per_sample, goal), smallest=smallest))
    named = np.zeros((solvers, solvers), dtype=bool)
    named[first, second] = named[second, first] = worth_naming(a, b, smallest)
    p, effect = np.full((solvers, solvers), np.nan), np.zeros((solvers, solvers))
    p[first, second] = p[second, first] = tests.p
    effect[first, second], effect[second, first] = tests.effect, -tests.effect
    shown = (holm(p) <= 1 - LEVEL) & named
    # effect[i, j] > 0: the score of j is higher than that of i.
    higher, lower = (shown & (effect > 0)).sum(axis=1), (shown & (effect < 0)).sum(axis=1)
    better, worse = (lower, higher) if goal.better == "lower" else (higher, lower)
    return 1 + better, solvers - worse


_DRAWS = 40_000_000
"""Most draws of a sample for a solver, a few tenths of a second; large studies get fewer resamples, and need fewer."""


LEAST_FOR_SHARE = 10
"""Samples from which on a bootstrap share is told: of two equal solvers on two samples, one has 95 % or more every other time."""


def resampled(scores: np.ndarray, goal: Goal, resamples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The interquartile mean of each solver, and its bootstrap share: how often its median is the best of a resample.

    The share is asked of the samples that all solvers have, so that a resample gives all of them the same problems. It is no
    probability that the solver is the best one. The mean is taken over the samples that a solver has.

    Args:
        scores: float (S, P, K), see :func:`prbench.analysis.resampling.resample`; NaN where there is no cell.
        goal: which way is better.
        resamples: how many; 10 000 where None, fewer for more than 4000 solvers times samples, and never below 1000.

    Returns:
        Interquartile means (S,), and shares (S,), NaN where fewer than :data:`LEAST_FOR_SHARE` samples are common.
    """
    there = ~np.isnan(scores).all(axis=2)
    iqm, best = np.full(len(scores), np.nan), np.full(len(scores), np.nan)
    for samples in np.unique(there, axis=0):
        own = np.flatnonzero((there == samples).all(axis=1))
        if samples.any():
            with np.errstate(invalid="ignore"):
                iqm[own] = interquartile_means(sample_medians(scores[own][:, samples]))
    shared = there.all(axis=0)
    if shared.sum() >= LEAST_FOR_SHARE:
        resamples = resamples or int(np.clip(_DRAWS // max(there.size, 1), 1000, RESAMPLES))
        best = chances_of_best(resample(scores[:, shared], resamples), lower=goal.better == "lower")
    return iqm, best


def sample_medians(scores: np.ndarray) -> np.ndarray:
    """Medians over seeds, (S, P) of (S, P, K); NaN are left out, infinities are values."""
    solvers, samples, seeds = scores.shape
    groups = np.repeat(np.arange(solvers * samples), seeds)
    return group_medians(scores.ravel(), groups, solvers * samples)[0].reshape(solvers, samples)


def compares_ratios(values: np.ndarray, goal: Goal) -> bool:
    """Whether scores are compared by ratio: errors, none of which is negative. Others, such as decibels, are subtracted."""
    return goal.better == "lower" and not bool((values < 0).any())


def point_ranks(medians: np.ndarray, goal: Goal, smallest: float = 0.0) -> np.ndarray:
    """One more than the number of solvers whose median is better by at least the smallest difference worth naming.

    Args:
        medians: float (S,), infinite where failures reach them.
        goal: which way is better.
        smallest: in the metric's unit; closer medians share a rank.

    Returns:
        int (S,), 1 being best.
    """
    signed = medians if goal.better == "lower" else -medians
    apart = -differences(signed[:, None], signed[None, :], ratio=False, smallest=smallest)
    return 1 + np.asarray((apart > 0).sum(axis=1))
