"""What is exact: how a solve ended, what it counted, what it allocated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from prbench.metrics.cost_names import COUNTS

from .evidence import ALPHA_DISTRIBUTIONS, of_distributions
from .findings import MISSING, Finding, Verdict, severity, solved
from .scores import Pair, cells_text

MEMORY = "allocated_bytes"
_LEAST_BYTES = 1 << 20


def missing(base: Mapping[str, Any]) -> Finding:
    """A cell of the base that the head does not have: nothing is known of it, which is no pass."""
    where = cells_text(1, 1, base)
    return Finding("status", base["solver"], base["dataset"], where, base["status"], MISSING, math.nan, math.nan, 1, "worse")


def compare_statuses(pairs: Sequence[Pair]) -> Iterator[Finding]:
    """One finding per cell that ended in another way, worse or better."""
    for base, head in pairs:
        before, now = severity(base["status"]), severity(head["status"])
        if before != now:
            verdict: Verdict = "worse" if now > before else "better"
            where = head["solver"], head["dataset"], cells_text(1, 1, head)
            yield Finding("status", *where, base["status"], head["status"], math.nan, math.nan, 1, verdict)


def compare_counts(pairs: Sequence[Pair], tolerance: float, *, paired: bool) -> Iterator[Finding]:
    """Counts of cells that both have solved: equal seeds count the same, so that one more in one cell is a finding.

    Args:
        pairs: cells of base and head, of one group.
        tolerance: relative change of the median up to which nothing is said where distributions are compared.
        paired: see :func:`prbench.gate.scores.compare_scores`.
    """
    for name in COUNTS:
        told = [p for p in pairs if all(solved(cell["status"]) and cell.get(name) is not None for cell in p)]
        if not told:
            continue
        if paired:
            yield from _changed_counts(told, name)
            continue
        before, now = ([pair[side][name] for pair in told] for side in (0, 1))
        evidence = of_distributions(before, now)
        verdict = evidence.verdict(ALPHA_DISTRIBUTIONS, tolerance)
        if verdict != "same":
            medians = float(np.median(before)), float(np.median(now))
            yield Finding(name, *_group(told), "", *medians, evidence.ratio, evidence.p, len(told), verdict)


def _changed_counts(pairs: Sequence[Pair], name: str) -> Iterator[Finding]:
    ratios = [(_over(head[name], base[name]), (base, head)) for base, head in pairs]
    verdicts: tuple[tuple[Verdict, list[tuple[float, Pair]]], ...] = (
        ("worse", sorted((r for r in ratios if r[0] > 1), key=lambda r: -r[0])),
        ("better", sorted((r for r in ratios if r[0] < 1), key=lambda r: r[0])),
    )
    for verdict, result in verdicts:
        for ratio, (base, head) in result[:1]:
            where = cells_text(len(result), len(pairs), head)
            yield Finding(name, *_group(pairs), where, base[name], head[name], ratio, math.nan, len(result), verdict)


def compare_allocations(pairs: Sequence[Pair], tolerance: float, *, binding: bool) -> Iterator[Finding]:
    """The cell that allocates most more, beyond the tolerance and a mebibyte: allocations repeat to a few per cent."""
    told = [(base, head) for base, head in pairs if base.get(MEMORY) and head.get(MEMORY)]
    changed = [
        (head[MEMORY] / base[MEMORY], (base, head)) for base, head in told if abs(head[MEMORY] - base[MEMORY]) > _LEAST_BYTES
    ]
    more = sorted((c for c in changed if c[0] > 1 + tolerance), key=lambda c: -c[0])
    fewer = sorted((c for c in changed if c[0] < 1 / (1 + tolerance)), key=lambda c: c[0])
    sides: tuple[tuple[Verdict, list[tuple[float, Pair]]], ...] = (("worse", more), ("better", fewer))
    for verdict, result in sides:
        for ratio, (base, head) in result[:1]:
            where = cells_text(len(result), len(told), head)
            values = base[MEMORY], head[MEMORY]
            yield Finding(MEMORY, *_group(pairs), where, *values, ratio, math.nan, len(result), verdict, binding)


def _over(now: float, before: float) -> float:
    if now == before:
        return 1.0
    return now / before if before else math.inf


def _group(pairs: Sequence[Pair]) -> tuple[str, str]:
    return pairs[0][1]["solver"], pairs[0][1]["dataset"]
