"""Statistics of many groups at once: medians with bootstrap intervals, proportions with Wilson intervals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

LEVEL = 0.95
"""Coverage of every interval."""


@dataclass(frozen=True, eq=False)
class Estimates:
    """A number a group with its interval; arrays of one length, NaN where there is nothing to say.

    Attributes:
        value: the estimate.
        low, high: ends of the interval of coverage :data:`LEVEL`.
        count: values in each group, int.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray


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


def bootstrap_medians(values: np.ndarray, groups: np.ndarray, n_groups: int) -> Estimates:
    """The median of each group with its percentile bootstrap interval: :func:`hierarchical_medians` of one seed a sample.

    Args: as :func:`group_medians`.
    """
    return hierarchical_medians(values, np.arange(len(values)), groups, n_groups)


def hierarchical_medians(values: np.ndarray, samples: np.ndarray, owner: np.ndarray, n_owners: int) -> Estimates:
    """The median over samples of each sample's median over seeds, with its hierarchical bootstrap interval, without resampling.

    The hierarchical bootstrap draws samples with replacement and, within each sample drawn, seeds with replacement (Davison and
    Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). What the seeds of one sample can give, and how often, is
    known (:func:`middle_pairs`); so every draw comes from a known mixture, and the median of n draws is at most x exactly when at
    least half of them are, which has a binomial probability. The quantiles of the bootstrap distribution are read off the mixture
    (Maritz and Jarrett, JASA 73 (1978) 194, doi:10.1080/01621459.1978.10480027; Efron, Ann. Statist. 7 (1979) 1,
    doi:10.1214/aos/1176344552). Of two samples in the middle the low end takes the lower and the high end the upper, which can
    only widen the interval; it is widened, too, where it would not hold the estimate. One sample has no interval.

    Args:
        values: float (N,), one a cell; infinities are values, NaN are left out.
        samples: int (N,), the sample of each value, 0 to ``len(owner) - 1``.
        owner: int (M,), the group that each sample belongs to, 0 to ``n_owners - 1``.
        n_owners: number of groups.

    Returns:
        One estimate a group; ``count`` is its samples.
    """
    from scipy.special import betaincinv

    ordered, start, seeds = _sorted_groups(values, samples, len(owner))
    value, count = group_medians(_middle(ordered, start, seeds), owner, n_owners)
    parts = []
    for k in np.unique(seeds[seeds > 0]):
        low, high, weight = middle_pairs(int(k))
        of = np.flatnonzero(seeds == k)
        seen = (ordered[start[of][:, None] + low] + ordered[start[of][:, None] + high]) / 2
        parts.append((seen.ravel(), np.repeat(owner[of], len(weight)), (weight / count[owner[of]][:, None]).ravel()))
    if not parts:
        return Estimates(value, value, value, count)
    atoms, group, share = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    by_size = np.lexsort((atoms, group))
    atoms, cumulated = atoms[by_size], np.cumsum(share[by_size])
    several = np.flatnonzero(count > 1)
    n = count[several].astype(float)
    # Shares of a group sum to one, so that one ascending array holds the distributions of all groups that are not empty.
    offset = several - np.cumsum(count == 0)[several] - 1e-9

    def end(at_least: np.ndarray, tail: float) -> np.ndarray:
        found = np.full(n_owners, np.nan)
        found[several] = atoms[np.searchsorted(cumulated, offset + betaincinv(at_least, n - at_least + 1, tail))]
        return found

    low, high = end((n + 1) // 2, (1 - LEVEL) / 2), end(n // 2 + 1, (1 + LEVEL) / 2)
    return Estimates(value, np.minimum(low, value), np.maximum(high, value), count)


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


def wilson(successes: np.ndarray, count: np.ndarray) -> Estimates:
    """Proportions with Wilson score intervals (Wilson, JASA 22 (1927) 209, doi:10.1080/01621459.1927.10502953).

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
    return Estimates(p, np.clip(centre - half, 0, p), np.clip(centre + half, p, 1), np.asarray(count))


def group_sums(values: np.ndarray, groups: np.ndarray, n_groups: int) -> np.ndarray:
    """The sum of each group, float (n_groups,)."""
    return np.bincount(groups, weights=values.astype(float), minlength=n_groups)


def _sorted_groups(values: np.ndarray, groups: np.ndarray, n_groups: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values sorted by group and size, NaN dropped, with the start and the length of each group."""
    known = ~np.isnan(values)
    values, groups = values[known], groups[known]
    ordered = values[np.lexsort((values, groups))]
    count = np.bincount(groups, minlength=n_groups)
    return ordered, np.concatenate([[0], np.cumsum(count)[:-1]]).astype(int), count


def _middle(ordered: np.ndarray, start: np.ndarray, count: np.ndarray) -> np.ndarray:
    median = np.full(len(count), np.nan)
    some = count > 0
    median[some] = (ordered[start[some] + (count[some] - 1) // 2] + ordered[start[some] + count[some] // 2]) / 2
    return median
