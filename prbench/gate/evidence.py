"""How sure a change is: factors of pairs, and distributions where there are no pairs. A factor above 1 is worse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from prbench.analysis.paired import signed_rank

from .findings import Verdict

ALPHA_PAIRS = 0.01
"""Level of a test of pairs, one-sided. Eight samples reach it with eight or seven that agree: 1/256 and, with one tie, 1/128."""

ALPHA_TIMES = 0.005
"""Level of a test of times, one-sided; a version found slower is timed once more."""

ALPHA_DISTRIBUTIONS = 0.001
"""Level of a test of distributions, one-sided, lower because an unchanged version is not equal bit by bit there, and many groups
are tested. Eight samples against eight reach it where seven of them are worse than all before: 9 of 12 870 divisions.
"""
_FAR = 1e300
_LARGEST = 700.0
"""Logarithms beyond are infinite factors."""
_EXACT = 50
"""Values up to which the distribution of rank sums is enumerated."""


@dataclass(frozen=True)
class Evidence:
    """A typical factor and the probability of one so far from 1 without a cause.

    Attributes:
        ratio: median factor; of pairs, of those that are no ties.
        p: one-sided.
        count: pairs that are no ties, or values on each side.
    """

    ratio: float
    p: float
    count: int

    def verdict(self, alpha: float, tolerance: float) -> Verdict:
        """``worse`` or ``better`` where the change is sure and beyond the tolerance, ``same`` where it is within."""
        within = 1 / (1 + tolerance) <= self.ratio <= 1 + tolerance
        if within:
            return "same"
        if self.p > alpha:
            return "unclear"
        return "worse" if self.ratio > 1 else "better"


def of_pairs(factors: Sequence[float]) -> Evidence:
    """Wilcoxon's signed-rank test of the logarithms of ``factors``, ties left out; infinite factors are the largest."""
    with np.errstate(divide="ignore"):
        changes = np.clip(np.log(np.asarray(factors, dtype=float)), -_FAR, _FAR)
    changes = changes[changes != 0]
    if not changes.size:
        return Evidence(1.0, 1.0, 0)
    two_sided = float(signed_rank(changes[None]).p[0])
    return Evidence(_exp(float(np.median(changes))), two_sided / 2, changes.size)


def of_distributions(base: Sequence[float], head: Sequence[float]) -> Evidence:
    """Permutation test of the rank sum of positive errors (Wilcoxon, Biometrics Bull. 1 (1945) 80, doi:10.2307/3001968).

    The values of the two sides are exchangeable where nothing has changed, whatever their distribution. Up to 50 values in all
    the distribution over all divisions is exact, with the ties that there are; beyond it is the normal one of equal variance. The
    direction is that of the medians.
    """
    from scipy.stats import norm, rankdata

    both = np.concatenate([base, head]).astype(float)
    if not len(base) or not len(head) or (both == both[0]).all():
        return Evidence(1.0, 1.0, len(head))
    ratio = _over(float(np.median(head)), float(np.median(base)))
    ranks = rankdata(both if ratio > 1 else -both)
    result = float(ranks[len(base) :].sum())
    if len(both) <= _EXACT:
        doubled = tuple(np.sort(np.rint(2 * ranks).astype(int)).tolist())
        p = float(_upper_tails(doubled, len(head))[round(2 * result)])
    else:
        variance = len(base) * len(head) * float(ranks.var()) / (len(both) - 1)
        p = float(norm.sf((result - len(head) * float(ranks.mean())) / math.sqrt(variance)))
    return Evidence(ratio, p, len(head))


@cache
def _upper_tails(doubled_ranks: tuple[int, ...], size: int) -> np.ndarray:
    """P(sum of ``size`` of the doubled ranks, drawn without replacement, >= s) for every s."""
    ways = np.zeros((size + 1, sum(doubled_ranks) + 1))
    ways[0, 0] = 1.0
    for rank in doubled_ranks:
        ways[1:, rank:] += ways[:-1, : ways.shape[1] - rank].copy()
    return np.asarray(np.cumsum(ways[size, ::-1])[::-1] / math.comb(len(doubled_ranks), size))


def sign_test(lost: int, gained: int) -> float:
    """Probability of ``lost`` or more of ``lost + gained`` fair coins."""
    n = lost + gained
    return sum(math.comb(n, k) for k in range(lost, n + 1)) / 2.0**n


def _over(now: float, before: float) -> float:
    if now == before:
        return 1.0
    return now / before if before else math.inf


def _exp(change: float) -> float:
    return math.exp(change) if abs(change) < _LARGEST else math.inf if change > 0 else 0.0
