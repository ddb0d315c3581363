"""How often the tests behind verdicts and ranks find a difference that is there; run as a program it prints the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from kernels_intervals import SIZES

from prbench.analysis.goals import Goal
from prbench.analysis.paired import holm, signed_rank
from prbench.analysis.ranks import rank_intervals
from prbench.analysis.statistics import LEVEL
from prbench.gate.evidence import ALPHA_DISTRIBUTIONS, ALPHA_PAIRS, of_distributions, of_pairs
from prbench.gate.regression import QUALITY, TOLERANCES

REPEATS = 2_000
"""Simulated studies; the error of a share is 1.1 points at most."""

EFFECTS = (0.0, 0.5, 1.0, 2.0)
"""The change between two solvers, in standard deviations of the change over samples."""

FACTORS = (1.0, 1.1, 1.25, 1.5, 2.0)
"""By how much a version of a package multiplies the errors of all samples."""

SPREADS = (0.02, 0.1, 0.3)
"""Standard deviation over samples of the logarithm of that factor."""

_SOLVERS = 5


def _heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Student's t of three degrees of freedom, of variance 1: now and then one sample changes by much."""
    return np.asarray(rng.standard_t(3, size=shape) / np.sqrt(3))


CHANGES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "heavy tails": _heavy,
}
"""Distributions of the change over samples, of mean 0 and standard deviation 1."""


@dataclass(frozen=True)
class Row:
    """How often one test finds a difference of each size, for one distribution and number of samples."""

    test: str
    changes: str
    samples: int
    found: tuple[float, ...]


def rows(repeats: int = REPEATS) -> Iterator[Row]:
    """Every test on every distribution and number of samples; the sizes are :data:`EFFECTS`."""
    for name, draw in CHANGES.items():
        for n in SIZES:
            rng = np.random.default_rng(n)
            noise = draw(rng, (repeats, n))
            yield Row("compare, one row", name, n, tuple(_compared(noise + size, 1) for size in EFFECTS))
            yield Row("compare, ten rows", name, n, tuple(_compared(noise + size, 10) for size in EFFECTS))
            crowd = draw(rng, (repeats, _SOLVERS, n)) / np.sqrt(2)  # the difference of two then has deviation 1
            found = tuple(_ranked(crowd, size) for size in EFFECTS)
            yield Row(f"ranks of {_SOLVERS} solvers", name, n, found)


def _compared(changes: np.ndarray, family: int) -> float:
    """Share of studies whose change is shown, in a table of ``family`` rows, the others of which show nothing."""
    p = signed_rank(changes).p
    adjusted = holm(np.column_stack([p, np.ones((len(p), family - 1))]))[:, 0]
    return float((adjusted <= 1 - LEVEL).mean())


def _ranked(scores: np.ndarray, size: float) -> float:
    """Share of studies in which the rank of the last solver, worse than equal others by ``size``, is shown to be the last."""
    moved = scores.copy()
    moved[:, -1] += size
    goal = Goal("score", "lower")
    last = [rank_intervals(study, goal)[0][-1] for study in moved]
    return float((np.array(last) == _SOLVERS).mean())


@dataclass(frozen=True)
class Drift:
    """How often the gate calls a group worse whose errors all grow by a factor."""

    machines: str
    spread: float
    samples: int
    found: tuple[float, ...]


def drifts(repeats: int = REPEATS) -> Iterator[Drift]:
    """On one machine, pair by pair, and between machines, as distributions; the sizes are :data:`FACTORS`."""
    for spread in SPREADS:
        for n in (8, 20):
            rng = np.random.default_rng(n)
            noise = np.exp(spread * rng.normal(size=(repeats, n)))
            base, head = (np.exp(spread * rng.normal(size=(repeats, n))) for _ in range(2))
            yield Drift("one", spread, n, tuple(_share(lambda f, i=noise: map(of_pairs, f * i), ALPHA_PAIRS, f) for f in FACTORS))
            told = (
                _share(lambda f, b=base, h=head: map(of_distributions, b, f * h), ALPHA_DISTRIBUTIONS, factor)
                for factor in FACTORS
            )
            yield Drift("two", spread, n, tuple(told))


def _share(evidence: Callable[[float], Iterator], alpha: float, factor: float) -> float:
    verdicts = [one.verdict(alpha, TOLERANCES[QUALITY]) for one in evidence(factor)]
    return verdicts.count("worse") / len(verdicts)


def markdown(found: list[Row]) -> str:
    """The table of docs/statistics.md."""
    heads = " | ".join(f"{size:g} sd" if size else "none" for size in EFFECTS)
    lines = [f"| test | change over samples | samples | {heads} |", "| :--- | :--- | ---: |" + " ---: |" * len(EFFECTS)]
    ordered = sorted(found, key=lambda row: row.test)
    lines += [f"| {row.test} | {row.changes} | {row.samples} | {_percent(row.found)} |" for row in ordered]
    return "\n".join(lines)


def markdown_drifts(found: list[Drift]) -> str:
    """The table of docs/gate.md."""
    heads = " | ".join(f"{factor:g}" for factor in FACTORS)
    lines = [f"| machines | spread % | samples | {heads} |", "| :--- | ---: | ---: |" + " ---: |" * len(FACTORS)]
    ordered = sorted(found, key=lambda row: row.machines)
    lines += [f"| {row.machines} | {100 * row.spread:.0f} | {row.samples} | {_percent(row.found)} |" for row in ordered]
    return "\n".join(lines)


def _percent(shares: tuple[float, ...]) -> str:
    return " | ".join(f"{100 * share:.1f}" for share in shares)


if __name__ == "__main__":
    print(markdown(list(rows())))  # noqa: T201 - the tables are what the program is for
    print(markdown_drifts(list(drifts())))  # noqa: T201
