"""The hierarchical bootstrap by drawing: samples with replacement, and seeds with replacement within each sample drawn.

It serves the question who is best, which is one to all solvers at once. Intervals come from order statistics
(:func:`prbench.analysis.statistics.hierarchical_medians`): those of the bootstrap do not cover for few samples.
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


def resample(scores: np.ndarray, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """Bootstrap the medians of solvers on the same samples.

    Two levels, as cells are nested: samples stand for the problems one may meet, seeds for a solver's own spread (Davison and
    Hinkley, Bootstrap Methods and their Application, 1997, section 3.8; Saravanan et al., arXiv:2007.07797).

    A sample's median over resampled seeds is drawn at once, from its exact distribution; what is sorted are ranks of two bytes.

    Args:
        scores: float (S, P, K): solvers, samples, seeds; NaN where there is no cell. Infinities are values. Every solver needs a
            cell of every sample.
        resamples: how many.
        seed: of the draws; the same scores give the same resamples.

    Returns:
        float (B, S), the median over samples of each sample's median over seeds; in a resample all solvers are given the same
        samples.

    Raises:
        ValueError: where a solver has no cell of a sample.
    """
    solvers, n, _ = scores.shape
    counts = (~np.isnan(scores)).sum(axis=2)
    if not counts.all():
        raise ValueError("scores must hold at least one finite cell of every solver and sample")
    atoms = [_Atoms.of(row, count) for row, count in zip(np.sort(scores, axis=2), counts, strict=True)]
    result = np.empty((resamples, solvers))
    rng = np.random.default_rng(seed)
    chunk = max(1, _CHUNK // n)
    for begin in range(0, resamples, chunk):
        rows = slice(begin, min(begin + chunk, resamples))
        samples = rng.integers(0, n, (rows.stop - rows.start, n), dtype=np.int32)
        for s in range(solvers):
            result[rows, s] = _median(atoms[s].sorted_draws(samples, rng), atoms[s].ladder)
    return result


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
        medians: (B, S), see :func:`resample`.
        lower: whether the lowest is best.
    """
    signed = medians if lower else -medians
    best = signed.min(axis=1, keepdims=True)
    winners = (signed == best) & np.isfinite(best)
    return np.asarray((winners / np.maximum(winners.sum(axis=1, keepdims=True), 1)).mean(axis=0))


def _median(codes: np.ndarray, ladder: np.ndarray) -> np.ndarray:
    n = codes.shape[1]
    return np.asarray((ladder[codes[:, (n - 1) // 2]] + ladder[codes[:, n // 2]]) / 2)


@dataclass(frozen=True, eq=False)
class _Atoms:
    """All values that a sample's median over resampled seeds can take, for every sample of one solver.

    Attributes:
        ladder: the values met, ascending.
        code: index in the ladder of every atom of every sample, one after the other.
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

    def sorted_draws(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Codes of the values of the samples drawn (B, n), each with seeds resampled, sorted along the last axis."""
        atom = self.start.take(samples)
        if self.table.any():  # all zero where every sample has one seed
            coin = np.frombuffer(rng.bytes(2 * samples.size), np.uint16).reshape(samples.shape)
            atom += self.table.take(coin if len(self.table) == _COINS else self.coin.take(samples) + coin)
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
