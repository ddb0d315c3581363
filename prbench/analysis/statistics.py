"""Statistics of many groups at once: medians with bootstrap intervals, proportions with Wilson intervals."""

from __future__ import annotations

from dataclasses import dataclass

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
    """The median of each group with its percentile bootstrap interval, without resampling.

    The k-th of n sorted values is at least the median of a resample exactly when at least half of the n draws fall among
    the first k, which has a binomial probability; so the quantiles of the bootstrap distribution of a median are order
    statistics of the sample (Maritz and Jarrett, JASA 73 (1978) 194, doi:10.1080/01621459.1978.10480027; Efron, Ann.
    Statist. 7 (1979) 1, doi:10.1214/aos/1176344552). For an even number of values the low end is taken from the lower and the
    high end from the upper of the two middle values of a resample, which can only widen the interval. One value has no
    interval.

    Args: as :func:`group_medians`.
    """
    from scipy.special import betaincinv

    ordered, start, count = _sorted_groups(values, groups, n_groups)
    low, high = np.full(n_groups, np.nan), np.full(n_groups, np.nan)
    some = count > 1
    n = count[some].astype(float)
    below, above = (n + 1) // 2, n // 2 + 1
    rank_low = np.ceil(n * betaincinv(below, n - below + 1, (1 - LEVEL) / 2))
    rank_high = np.ceil(n * betaincinv(above, n - above + 1, (1 + LEVEL) / 2))
    low[some] = ordered[start[some] + np.clip(rank_low, 1, n).astype(int) - 1]
    high[some] = ordered[start[some] + np.clip(rank_high, 1, n).astype(int) - 1]
    return Estimates(_middle(ordered, start, count), low, high, count)


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
