"""The hierarchical bootstrap by drawing: samples with replacement, and seeds with replacement within each sample drawn.

For the median alone :func:`prbench.analysis.statistics.hierarchical_medians` needs no drawing; here are the statistics that
do: the interquartile mean, and who is best, which is a question to all solvers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .statistics import middle_pairs

RESAMPLES = 10_000
_COINS = 1 << 16
_CHUNK = 1 << 17
"""Draws held at a time: their codes, indices and random bits take about a megabyte, which stays in cache."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """Statistics of resamples; every solver is given the same samples in the same resample.

    Attributes:
        median: (B, S), the median over samples of each sample's median over seeds.
        iqm: (B, S), the interquartile mean over samples of the same.
    """

    median: np.ndarray
    iqm: np.ndarray


def resample(scores: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> Resampled:
    """Bootstrap the medians and interquartile means of solvers on the same samples.

    Two levels, as cells are nested: samples stand for the problems one may meet, seeds for a solver's own spread (Davison and
    Hinkley, Bootstrap Methods and their Application, 1997, section 3.8; Saravanan et al., arXiv:2007.07797).

    A sample's median over resampled seeds is drawn at once, from its exact distribution; what is sorted are ranks of two bytes.

    Args:
        scores: float (S, P, K): solvers, samples, seeds; NaN where there is no cell. Infinities are values. Every solver needs a
            cell of every sample.
        resamples: how many.
        seed: of the draws; the same scores give the same resamples.

    Raises:
        ValueError: where a solver has no cell of a sample.
    """
    solvers, n, _ = scores.shape
    counts = (~np.isnan(scores)).sum(axis=2)
    if not counts.all():
        raise ValueError("every solver needs at least one cell of every sample")
    atoms = [_Atoms.of(row, count) for row, count in zip(np.sort(scores, axis=2), counts, strict=True)]
    found = Resampled(np.empty((resamples, solvers)), np.empty((resamples, solvers)))
    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // n)
    for begin in range(0, resamples, chunk):
        rows = slice(begin, min(begin + chunk, resamples))
        drawn = rng.integers(0, n, (rows.stop - rows.start, n), dtype=np.int32)
        for s in range(solvers):
            values = atoms[s].sorted_draws(drawn, rng)
            found.median[rows, s], found.iqm[rows, s] = _median(values, atoms[s].ladder), _iqm(values, atoms[s].ladder)
    return found


def interquartile_means(values: np.ndarray) -> np.ndarray:
    """The mean of what is left of each row when its lowest and its highest quarter are cut off (scipy's ``trim_mean`` at 0.25;
    Agarwal et al., arXiv:2108.13264).

    Args:
        values: float (R, N) without NaN.
    """
    ordered = np.sort(values, axis=1)
    cut = values.shape[1] // 4
    return np.asarray(ordered[:, cut : values.shape[1] - cut].mean(axis=1))


def chances_of_best(medians: np.ndarray, *, lower: bool = True) -> np.ndarray:
    """In which share of the resamples each solver is best; ties share, and nobody is best where all have failed.

    Args:
        medians: (B, S), see :class:`Resampled`.
        lower: whether the lowest is best.
    """
    signed = medians if lower else -medians
    best = signed.min(axis=1, keepdims=True)
    winners = (signed == best) & np.isfinite(best)
    return np.asarray((winners / np.maximum(winners.sum(axis=1, keepdims=True), 1)).mean(axis=0))


def percentile_interval(statistics: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the percentile intervals of bootstrapped statistics (B, S); infinities are values."""
    ends = np.quantile(statistics, [(1 - level) / 2, (1 + level) / 2], axis=0, method="inverted_cdf")
    return ends[0], ends[1]


def _median(codes: np.ndarray, ladder: np.ndarray) -> np.ndarray:
    n = codes.shape[1]
    return np.asarray((ladder[codes[:, (n - 1) // 2]] + ladder[codes[:, n // 2]]) / 2)


def _iqm(codes: np.ndarray, ladder: np.ndarray) -> np.ndarray:
    n = codes.shape[1]
    return np.asarray(ladder.take(codes[:, n // 4 : n - n // 4]).mean(axis=1))


@dataclass(frozen=True, eq=False)
class _Atoms:
    """All values that a sample's median over resampled seeds can take, for every sample of one solver.

    Attributes:
        ladder: the values met, ascending.
        code: place in the ladder of every atom of every sample, one after the other.
        start: where each sample's atoms begin in ``code``.
        coin: for each sample where its table begins in ``table``.
        table: which atom a 16-bit random number selects.
    """

    ladder: np.ndarray
    code: np.ndarray
    start: np.ndarray
    coin: np.ndarray
    table: np.ndarray

    @classmethod
    def of(cls, ordered: np.ndarray, counts: np.ndarray) -> _Atoms:
        """From the scores of one solver (P, K), sorted, and how many of each row there are."""
        kinds, kind = np.unique(counts, return_inverse=True)
        pairs = [middle_pairs(int(k)) for k in kinds]
        middles = [(row[pairs[i][0]] + row[pairs[i][1]]) / 2 for row, i in zip(ordered, kind, strict=True)]
        ladder, code = np.unique(np.concatenate(middles), return_inverse=True)
        sizes = np.array([len(values) for values in middles])
        start = (np.cumsum(sizes) - sizes).astype(np.int32)
        small = np.int16 if len(ladder) < 1 << 15 else np.int32
        table = np.concatenate([_coins(int(k)) for k in kinds])
        return cls(ladder, code.astype(small), start, (kind * _COINS).astype(np.int32), table)

    def sorted_draws(self, drawn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Codes of the values of the samples drawn (B, n), each with seeds resampled, sorted along the last axis."""
        atom = self.start.take(drawn)
        if self.table.any():  # all zero where every sample has one seed
            coin = np.frombuffer(rng.bytes(2 * drawn.size), np.uint16).reshape(drawn.shape)
            atom += self.table.take(coin if len(self.table) == _COINS else self.coin.take(drawn) + coin)
        codes: np.ndarray = self.code.take(atom)
        codes.sort(axis=1)
        return codes


@cache
def _coins(k: int) -> np.ndarray:
    """Which of :func:`~prbench.analysis.statistics.middle_pairs` each 16-bit number stands for."""
    edges = np.cumsum(middle_pairs(k)[2])
    return np.minimum(np.searchsorted(edges, (np.arange(_COINS) + 0.5) / _COINS), len(edges) - 1).astype(
        np.min_scalar_type(len(edges))
    )
