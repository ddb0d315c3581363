"""How often each interval that prbench prints holds the truth, and how wide it is; run as a program it prints the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from prbench.analysis import clopper_pearson, medians
from prbench.analysis.goals import Goal
from prbench.analysis.paired import differences
from prbench.analysis.ranks import rank_intervals
from prbench.analysis.statistics import LEVEL, Estimates, order_statistic

SIZES = (6, 8, 10, 20, 50)
REPEATS = 10_000
_SHIFT = 0.8
"""Ratio of the scores of two solvers, or their difference."""


@dataclass(frozen=True)
class Scores:
    """A distribution of scores over samples.

    Attributes:
        draw: scores of a shape.
        median: of the population.
        threshold, success: a score that is just a success, and the share of the population that is one.
        ratio: whether two solvers are compared by ratio.
    """

    draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
    median: float
    threshold: float
    success: float
    ratio: bool


def _bimodal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    failed = rng.random(shape) < 0.2
    return np.asarray(np.where(failed, 1.0, 0.01) * np.exp(0.3 * rng.normal(size=shape)))


_NORMAL_QUANTILE = 0.3186393639643752  # of 0.625: half of all is 0.625 of the 80 % that do not fail

DISTRIBUTIONS = {
    "normal": Scores(lambda rng, shape: rng.normal(size=shape), 0.0, 1.0, 0.8413447460685429, ratio=False),
    "log-normal, sigma 2": Scores(lambda rng, shape: np.exp(2 * rng.normal(size=shape)), 1.0, 1.0, 0.5, ratio=True),
    "bimodal, 20 % failures": Scores(_bimodal, 0.01 * float(np.exp(0.3 * _NORMAL_QUANTILE)), 0.1, 0.8, ratio=True),
}


@dataclass(frozen=True)
class Row:
    """One interval for one distribution and number of samples: stated level, coverage and mean width."""

    interval: str
    scores: str
    samples: int
    stated: float
    coverage: float
    width: float


def rows(repeats: int = REPEATS) -> Iterator[Row]:
    """Every interval on every distribution and number of samples."""
    for name, scores in DISTRIBUTIONS.items():
        for n in SIZES:
            rng = np.random.default_rng(n)
            x = scores.draw(rng, (repeats, n))
            owner = np.repeat(np.arange(repeats), n)
            stated = order_statistic(n)[1]
            yield _row("median", name, n, stated, medians(x.ravel(), owner, repeats), scores.median)
            share = clopper_pearson((x <= scores.threshold).sum(axis=1), np.full(repeats, n))
            yield _row("success rate", name, n, LEVEL, share, scores.success)
            other = scores.draw(rng, (repeats, n))
            other = _SHIFT * other if scores.ratio else other + _SHIFT
            change = medians(differences(x, other, ratio=scores.ratio).ravel(), owner, repeats)
            yield _row("change (compare)", name, n, stated, change, np.log(_SHIFT) if scores.ratio else _SHIFT)
            yield _ranks(name, scores, n, repeats, rng)


def _row(interval: str, scores: str, n: int, stated: float, found: Estimates, true: float) -> Row:
    covered = (found.low <= true) & (true <= found.high)
    return Row(interval, scores, n, stated, float(covered.mean()), float((found.high - found.low).mean()))


def _ranks(name: str, scores: Scores, n: int, repeats: int, rng: np.random.Generator) -> Row:
    """Of three solvers, the first two of which are equal; the coverage is that of the solver that has the least."""
    x = scores.draw(rng, (repeats, 3, n))
    x[:, 2] = x[:, 2] / _SHIFT**2 if scores.ratio else x[:, 2] + _SHIFT
    true = np.array([1, 1, 3])
    ends = np.array([rank_intervals(study, Goal("score", "lower")) for study in x])
    covered = (ends[:, 0] <= true) & (true <= ends[:, 1])
    return Row("ranks", name, n, LEVEL, float(covered.mean(axis=0).min()), float((ends[:, 1] - ends[:, 0]).mean()))


def markdown(found: list[Row]) -> str:
    """The table of the documentation."""
    lines = [
        "| interval | scores | samples | stated % | coverage % | mean width |",
        "| :--- | :--- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.interval} | {row.scores} | {row.samples} | {100 * row.stated:.1f} | {100 * row.coverage:.1f} | {row.width:.3g} |"
        for row in sorted(found, key=lambda row: row.interval)
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(list(rows())))  # noqa: T201 - the table is what the program is for
