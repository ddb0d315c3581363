"""Statistics of many groups at once: medians and proportions, with intervals that cover what they say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

LEVEL = 0.95
"""Least coverage of every interval."""
LEAST_SAMPLES = 6
"""Samples from which on there are intervals: the whole range of five covers the median of the population with 93.75 % only."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """One number per group with its interval; arrays of one length, NaN where there is nothing to say.

    Attributes:
        value: the estimate.
        low, high: ends of the interval, whose coverage is at least :data:`LEVEL`.
        count: values in each group, int.
        level: coverage that the interval attains; at least that where the data have ties.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray
    level: np.ndarray


def group_medians(values: np.ndarray, groups: np.ndarray, n_groups: int) -> tuple[np.ndarray, np.ndarray]:
    """The median of each group, and how many values it has.

    Args:
        values: float (N,); infinities are values, NaN are left out.
        groups: int (N,), the group of each value, 0 to ``n_groups - 1``.
        n_groups: number of groups.

    Returns:
        medians (n_groups,), NaN for an empty group, and counts (n_groups,).
    """
    ordered, start, count = _sorted_groups(values, groups, n_groups)
    return _middle(ordered, start, count), count


def hierarchical_medians(values: np.ndarray, samples: np.ndarray, owner: np.ndarray, n_owners: int) -> Estimates:
    """The median over samples of each sample's median over seeds, with an exact interval from order statistics.

    Of n independent samples, the median of the population lies between the k-th smallest and the k-th largest value with
    probability ``1 - 2 P(B < k)``, B binomial of n and 1/2, whatever the distribution; ties only raise it (Thompson, Ann. Math.
    Statist. 7 (1936) 122, doi:10.1214/aoms/1177732502). The k taken is the largest for which that is at least :data:`LEVEL`. The
    units are samples: more seeds of a sample make its own median surer, not the interval narrower.

    Args:
        values: float (N,), one per cell; infinities are values, NaN are left out.
        samples: int (N,), the sample of each value, 0 to ``len(owner) - 1``.
        owner: int (M,), the group that each sample belongs to, 0 to ``n_owners - 1``.
        n_owners: number of groups.

    Returns:
        One estimate per group; ``count`` is its samples. Below :data:`LEAST_SAMPLES` there is no interval.
    """
    return medians(group_medians(values, samples, len(owner))[0], owner, n_owners)


def medians(values: np.ndarray, groups: np.ndarray, n_groups: int) -> Estimates:
    """:func:`hierarchical_medians` of one value per sample.

    Args: as :func:`group_medians`.
    """
    ordered, start, count = _sorted_groups(values, groups, n_groups)
    low, high, level = (np.full(n_groups, np.nan) for _ in range(3))
    for n in np.unique(count[count >= LEAST_SAMPLES]):
        mine = np.flatnonzero(count == n)
        k, level[mine] = order_statistic(int(n))
        low[mine], high[mine] = ordered[start[mine] + k - 1], ordered[start[mine] + n - k]
    return Estimates(_middle(ordered, start, count), low, high, count, level)


bootstrap_medians = medians
"""The name of version 0.1.0, whose intervals were those of the bootstrap."""


@cache
def order_statistic(n: int) -> tuple[int, float]:
    """The k of :func:`hierarchical_medians` for n samples, :data:`LEAST_SAMPLES` or more, and the coverage attained."""
    from scipy.special import bdtr

    below = bdtr(np.arange(n // 2 + 1), n, 0.5)  # P(B <= 0), P(B <= 1), ...
    k = int(np.searchsorted(below, (1 - LEVEL) / 2, side="right"))
    return k, float(1 - 2 * below[k - 1])


_ALL_PAIRS = 4


@cache
def middle_pairs(k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The two values in the middle of a resample of k values, as order statistics of the k, and the probability of each pair.

    For odd k both are the same one. For even k above 4 the resample has one value more, so that it has a middle: this leaves k
    possibilities instead of k (k + 1) / 2, and spreads them by 4 % more at most (k = 6; 2 % at k = 10).

    Returns:
        lower and upper order statistic, int from 0, and probabilities, float; equal lengths.
    """
    from scipy.special import betainc, gammaln

    m = (k + 1) // 2
    if k % 2 or k > _ALL_PAIRS:
        one, half = np.arange(k), k // 2 + 1
        return one, one, np.diff(betainc(half, half, np.arange(k + 1) / k))
    lower = np.diff(betainc(m, k - m + 1, np.arange(k + 1) / k))
    # m draws up to a, the largest of which is a; m draws from b on, the smallest of which is b; none between.
    upto = np.diff((np.arange(k + 1) / k) ** m)
    both = np.triu(np.exp(gammaln(k + 1) - 2 * gammaln(m + 1)) * np.outer(upto, upto[::-1]), 1)
    np.fill_diagonal(both, lower - both.sum(axis=1))
    low, high = np.triu_indices(k)
    return low, high, both[low, high]


def clopper_pearson(successes: np.ndarray, count: np.ndarray) -> Estimates:
    """Proportions with exact intervals (Clopper and Pearson, Biometrika 26 (1934) 404, doi:10.1093/biomet/26.4.404), which cover
    at least :data:`LEVEL` whatever the proportion.

    Args:
        successes: (G,); fractions, where a trial is itself the mean of several, are rounded down for the low end and up for the
            high one.
        count: (G,), number of independent trials.

    Returns:
        One estimate per group, without interval below :data:`LEAST_SAMPLES` trials.
    """
    from scipy.special import betaincinv

    count = np.asarray(count)
    n = np.where(count > 0, count, np.nan).astype(float)
    several = count >= LEAST_SAMPLES
    few, many = np.floor(np.round(successes, 9)), np.ceil(np.round(successes, 9))
    low, high = np.where(several, 0.0, np.nan), np.where(several, 1.0, np.nan)
    some, rest = several & (few > 0), several & (many < n)
    low[some] = betaincinv(few[some], n[some] - few[some] + 1, (1 - LEVEL) / 2)
    high[rest] = betaincinv(many[rest] + 1, n[rest] - many[rest], (1 + LEVEL) / 2)
    return Estimates(successes / n, low, high, count, np.where(several, LEVEL, np.nan))


def wilson(successes: np.ndarray, count: np.ndarray) -> Estimates:
    """Proportions with Wilson score intervals (Wilson, JASA 22 (1927) 209, doi:10.1080/01621459.1927.10502953).

    They hold on average over proportions; for single ones they cover as little as 83 %, so that boards take
    :func:`clopper_pearson`.

    Args:
        successes: (G,); may be fractions, where a trial is itself the mean of several.
        count: (G,), number of independent trials; NaN where it is zero.
    """
    z = 1.959963984540054  # the normal quantile of LEVEL
    with np.errstate(invalid="ignore", divide="ignore"):
        n = np.where(count > 0, count, np.nan).astype(float)
        p = successes / n
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    level = np.where(count > 0, LEVEL, np.nan)
    return Estimates(p, np.clip(centre - half, 0, p), np.clip(centre + half, p, 1), np.asarray(count), level)


def group_sums(values: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """The sum of each group, float (n_groups,)."""
    return np.bincount(groups, weights=values.astype(float), minlength=n_groups)


def _sorted_groups(values: np.ndarray, groups: np.ndarray, n_groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values sorted by group and size, NaN dropped, with the start and the length of each group."""
    defined = ~np.isnan(values)
    values, groups = values[defined], groups[defined]
    ordered = values[np.lexsort((values, groups))]
    count = np.bincount(groups, minlength=n_groups)
    return ordered, np.concatenate([[0], np.cumsum(count)[:-1]]).astype(int), count


def _middle(ordered: np.ndarray, start: np.ndarray, count: np.ndarray) -> np.ndarray:
    median = np.full(len(count), np.nan)
    some = count > 0
    median[some] = (ordered[start[some] + (count[some] - 1) // 2] + ordered[start[some] + count[some] // 2]) / 2
    return median
