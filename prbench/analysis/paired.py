"""Paired comparisons: signed-rank tests of many pairs at once, what the effect is, and the correction for their number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from .statistics import LEVEL

LEAST_PAIRS = 6
"""With fewer pairs no two-sided test on signs and ranks can reach 5 %: five that all agree have p = 1/16."""
_EXACT = 25
"""Pairs up to which the null distribution is enumerated; beyond, the normal one is close enough."""


@dataclass(frozen=True, eq=False)
class PairedTests:
    """What a signed-rank test finds, one number per row of differences; NaN where there is no pair.

    Attributes:
        p: two-sided p-value.
        effect: matched-pairs rank-biserial correlation, from -1 (all differences negative) to 1 (Kerby, Compr. Psychol. 3
            (2014) 1, doi:10.2466/11.IT.3.1).
        superiority: share of pairs with a positive difference, those with none counted half.
        count: pairs, int.
    """

    p: np.ndarray
    effect: np.ndarray
    superiority: np.ndarray
    count: np.ndarray


def samples_needed(solvers: int) -> int:
    """How many samples that many solvers need before any two ranks can differ.

    The smallest p-value of n pairs is ``2^(1 - n)``; Holm multiplies it by the number of other solvers.
    """
    return LEAST_PAIRS if solvers < 2 else 1 + math.ceil(math.log2((solvers - 1) / (1 - LEVEL)))


def differences(first: np.ndarray, second: np.ndarray, *, ratio: bool, smallest: float = 0.0) -> np.ndarray:
    """``second - first``, or ``log(second / first)`` of values that are not negative; broadcast.

    Two failures are a tie; one failure is infinitely far; NaN where either value is missing.

    Args:
        first: float array, in the metric's unit.
        second: the same; the two broadcast.
        ratio: whether to compare by ratio.
        smallest: the smallest difference worth naming, in the metric's unit; values closer than that are a tie as well, and
            their difference is 0 (:func:`prbench.analysis.goals.smallest_difference`).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        a, b = (np.log(first), np.log(second)) if ratio else (first, second)
        result = np.asarray(b - a, dtype=float)
        equal = (a == b) & np.isinf(a)
        if smallest > 0:
            equal |= np.abs(np.subtract(second, first)) < smallest * _ROUNDING
    return np.where(equal, 0.0, result)


_ROUNDING = 1 - 1e-9
"""0.251 - 0.25 is a little less than 0.001 in floating point, and still a difference of 0.001."""


def worth_naming(first: np.ndarray, second: np.ndarray, smallest: float) -> np.ndarray:
    """Whether paired values are far enough apart, on average, for a difference between them to be called one.

    A test says whether a difference is there, not whether it matters: many equal pairs beside a few that differ a little are
    significant sooner or later. Here the mean distance decides, so that a few failures, infinitely far, always count.

    Args:
        first: float (..., N), in the metric's unit; NaN where there is no value.
        second: the same.
        smallest: the smallest difference worth naming; 0 where every difference is.

    Returns:
        bool (...).
    """
    if smallest <= 0:
        return np.ones(np.broadcast_shapes(np.shape(first), np.shape(second))[:-1], dtype=bool)
    apart = np.abs(differences(first, second, ratio=False))
    there = ~np.isnan(apart)
    total = np.where(there, apart, 0.0).sum(axis=-1)
    return np.asarray(total >= smallest * _ROUNDING * np.maximum(there.sum(axis=-1), 1))


def signed_rank(values: np.ndarray) -> PairedTests:
    """Wilcoxon's signed-rank test of each row (Biometrics Bull. 1 (1945) 80, doi:10.2307/3001968), two-sided.

    Zeros are ranked and then left out (Pratt, JASA 54 (1959) 655, doi:10.1080/01621459.1959.10501526). Up to 25 pairs the
    distribution over all signs is exact, with the ties that there are; beyond it is the normal one of equal variance.

    Args:
        values: float (R, N), the differences; NaN where there is no pair, infinite where one side failed.
    """
    from scipy.stats import norm, rankdata

    there = ~np.isnan(values)
    # Missing pairs take the highest ranks, where they disturb nobody, and infinities stay below them.
    size = np.where(there, np.minimum(np.abs(values), np.finfo(float).max), np.inf)
    ranks = np.where(there & (values != 0), rankdata(size, axis=1), 0.0)
    up = np.where(values > 0, ranks, 0.0).sum(axis=1)
    total, squares = ranks.sum(axis=1), (ranks**2).sum(axis=1)
    count = there.sum(axis=1)
    signs = (ranks > 0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * norm.sf(np.abs(up - total / 2) / np.sqrt(squares / 4))
        effect = np.where(signs > 0, (2 * up - total) / total, 0.0)
        superiority = ((values > 0).sum(axis=1) + 0.5 * (values == 0).sum(axis=1)) / count
    p[signs == 0] = 1.0
    for row in np.flatnonzero((signs > 0) & (signs <= _EXACT)):
        doubled = np.sort(np.rint(2 * ranks[row][ranks[row] > 0]).astype(int))
        p[row] = _exact_p(tuple(doubled.tolist()), round(2 * up[row]))
    p = np.where(count > 0, np.minimum(p, 1.0), np.nan)
    return PairedTests(p, np.where(count > 0, effect, np.nan), superiority, count)


@cache
def _null(doubled_ranks: tuple[int, ...]) -> np.ndarray:
    """P(sum of the doubled ranks with a positive sign <= s) for every s, each sign being a fair coin."""
    chance = np.zeros(sum(doubled_ranks) + 1)
    chance[0] = 1.0
    for rank in doubled_ranks:
        shifted = np.zeros_like(chance)
        shifted[rank:] = chance[: chance.size - rank]
        chance = 0.5 * (chance + shifted)
    return np.asarray(np.cumsum(chance))


def _exact_p(doubled_ranks: tuple[int, ...], up: int) -> float:
    below = _null(doubled_ranks)
    # The distribution is symmetric: P(>= up) = P(<= total - up).
    return 2 * float(below[min(up, below.size - 1 - up)])


def holm(p: np.ndarray) -> np.ndarray:
    """p-values adjusted for their number, so that the chance of any false claim stays below the level (Holm, Scand. J. Statist.
    6 (1979) 65, https://www.jstor.org/stable/4615733).

    Args:
        p: float (..., M); each row along the last axis is a family. NaN stays NaN and is not counted.
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(p, axis=-1)  # NaN last
    m = (~np.isnan(p)).sum(axis=-1, keepdims=True)
    scaled = np.take_along_axis(p, order, axis=-1) * np.maximum(m - np.arange(p.shape[-1]), 1)
    stepped = np.minimum(np.maximum.accumulate(scaled, axis=-1), 1.0)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, stepped, axis=-1)
    return np.where(np.isnan(p), np.nan, adjusted)
