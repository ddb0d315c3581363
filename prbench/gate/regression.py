"""What a change did to cost and quality, told apart from the noise of the machine and from the paths of chaotic solvers.

The same version gives the same answer bit by bit to the same seed, on the same class of processor and libraries. There, status,
scores, counts and successes of every single cell bind, and drifts of a group are tested by magnitudes. On another class, chaotic
solvers take other paths: only distributions over the samples are compared. Times of another day are advice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from .exact import compare_allocations, compare_counts, compare_statuses, missing
from .findings import Comparison, Finding, solved
from .scores import Pair, compare_scores
from .timing import CONVERGENCE, TIME, WALL_TIME, compare_convergence, compare_times

QUALITY, MEMORY = "quality", "memory"
TOLERANCES: Mapping[str, float] = {QUALITY: 0.05, CONVERGENCE: 0.10, TIME: 0.10, MEMORY: 0.05}
"""Relative change of the median up to which nothing is said, by what is compared."""
STORED_TIME_TOLERANCE = 0.50


def compare_versions(
    base: Sequence[Mapping[str, Any]],
    head: Sequence[Mapping[str, Any]],
    *,
    stored: bool,
    same_class: bool = True,
    tolerances: Mapping[str, float] | None = None,
) -> Comparison:
    """Compare measurements cell by cell.

    Args:
        base: as :func:`prbench.gate.measuring.measure` returns it.
        head: likewise.
        stored: whether ``base`` was measured at another time; its times are advice then.
        same_class: whether both were measured on one class of processor and libraries, so that equal seeds give equal answers.
        tolerances: in place of :data:`TOLERANCES`, by name.
    """
    allowed = {**TOLERANCES, **({TIME: STORED_TIME_TOLERANCE} if stored else {}), **(tolerances or {})}
    other = {_label(cell): cell for cell in head}
    labels = {_label(cell) for cell in base}
    pairs = sorted(((cell, other[_label(cell)]) for cell in base if _label(cell) in other), key=lambda pair: _label(pair[1]))
    findings = [missing(cell) for cell in base if _label(cell) not in other and solved(cell["status"])]
    for _, members in groupby(pairs, key=lambda pair: _group_label(pair[1])):
        findings += _group(list(members), allowed, stored=stored, paired=same_class)
    compared = sum(solved(cell["status"]) for cell, _ in pairs)
    alone = len(other.keys() - labels) + len(pairs) - compared
    return Comparison(tuple(findings), compared, alone)


def _label(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("solver", "dataset", "backend", "precision", "split", "sample", "seed")
    return tuple(cell.get(name, "") for name in names)


def _group_label(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    return _label(cell)[:5]


def _group(pairs: Sequence[Pair], allowed: Mapping[str, float], *, stored: bool, paired: bool) -> Iterator[Finding]:
    """One solver on one dataset."""
    yield from compare_statuses(pairs)
    yield from compare_scores(pairs, allowed[QUALITY], paired=paired)
    yield from compare_counts(pairs, allowed[CONVERGENCE], paired=paired)
    yield from compare_allocations(pairs, allowed[MEMORY], binding=paired)
    if paired:
        yield from compare_convergence(pairs, allowed[CONVERGENCE])
    yield from compare_times(pairs, allowed[TIME], stored=stored)


def slower_groups(comparison: Comparison) -> set[tuple[str, str]]:
    """Solver and dataset of the groups whose time fails the check."""
    return {(result.solver, result.dataset) for result in comparison.regressions if result.what in (TIME, WALL_TIME)}


def confirm_times(first: Comparison, second: Comparison) -> Comparison:
    """``first``, with a group called slower only where ``second``, measured anew with fresh processes, says so too.

    Two processes of one version may differ in speed by the layout of their memory, and stay so as long as they live.
    """
    slower = slower_groups(second)

    def doubted(finding: Finding) -> bool:
        return finding.what in (TIME, WALL_TIME) and finding.regression and (finding.solver, finding.dataset) not in slower

    findings = (dataclasses.replace(result, verdict="unclear") if doubted(result) else result for result in first.findings)
    return dataclasses.replace(first, findings=tuple(findings))
