"""What became of scores: lost ones, single samples that are ruined, successes, and groups that drifted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from prbench.analysis.goals import Goal, goal_by, goals, smallest_difference, successes
from prbench.core import load_plugin, plugin_names
from prbench.core.metric import MetricInfo

from .evidence import ALPHA_DISTRIBUTIONS, ALPHA_PAIRS, of_distributions, of_pairs, sign_test
from .findings import LOST, Finding, solved

GROSS = 2.0
"""From this factor of error on, a single sample is a finding: one version gives the same answer, bit by bit, to the same seed."""

Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


def compare_scores(pairs: Sequence[Pair], tolerance: float, *, paired: bool) -> Iterator[Finding]:
    """Compare the scores of one solver on one dataset.

    Args:
        pairs: cells of base and head, of one group.
        tolerance: relative change of an error up to which nothing is said of a group.
        paired: whether equal seeds mean equal answers. Otherwise only distributions over the samples are compared.
    """
    names = sorted({name for base, _ in pairs for name in base["metrics"]})
    yield from (finding for name in names for finding in _lost(pairs, name))
    ranking = _ranking(pairs, names)
    for goal in ranking:
        yield _drift(pairs, goal.metric, tolerance, paired=paired)
        if goal.success is not None:
            yield from _successes(pairs, goal, paired=paired)
    if paired:
        yield from (finding for name in names if _info(name) is not None for finding in _ruined(pairs, name))


def score_of(cell: Mapping[str, Any], name: str) -> float:
    """A score; NaN where there is none."""
    value = cell["metrics"].get(name)
    return math.nan if value is None or not math.isfinite(value) else float(value)


def _ranking(pairs: Sequence[Pair], names: Sequence[str]) -> list[Goal]:
    """The metrics that may rank the task, of those that the base has."""
    return [goal for goal in goals(pairs[0][1]["task"]) if goal.metric in names]


def _lost(pairs: Sequence[Pair], name: str) -> Iterator[Finding]:
    """Scores that one side has and the other lacks. Where a solve failed, its status says so already."""
    both = [pair for pair in pairs if all(solved(cell["status"]) for cell in pair)]
    lost = [pair for pair in both if _has_score(pair[0], name) and not _has_score(pair[1], name)]
    gained = [pair for pair in both if not _has_score(pair[0], name) and _has_score(pair[1], name)]
    for first in lost[:1]:
        where, base = _cells(len(lost), pairs, first), score_of(first[0], name)
        yield Finding(name, *_group(pairs), where, base, LOST, math.nan, math.nan, len(lost), "worse")
    for first in gained[:1]:
        where, head = _cells(len(gained), pairs, first), score_of(first[1], name)
        yield Finding(name, *_group(pairs), where, LOST, head, math.nan, math.nan, len(gained), "better")


def _has_score(cell: Mapping[str, Any], name: str) -> bool:
    return not math.isnan(score_of(cell, name))


def _scored(pairs: Sequence[Pair], name: str) -> list[tuple[Pair, float, float]]:
    values = [(pair, score_of(pair[0], name), score_of(pair[1], name)) for pair in pairs]
    return [(pair, before, now) for pair, before, now in values if not math.isnan(before) and not math.isnan(now)]


def _drift(pairs: Sequence[Pair], name: str, tolerance: float, *, paired: bool) -> Finding:
    """Whether the group as a whole became worse."""
    scored = _scored(pairs, name)
    before, now = [b for _, b, _ in scored], [n for _, _, n in scored]
    smallest = _smallest(pairs, name)
    if paired:
        evidence, alpha = of_pairs([factor(name, smallest, b, h) for b, h in zip(before, now, strict=True)]), ALPHA_PAIRS
    else:
        error = _error(name)
        evidence, alpha = of_distributions([error(v) for v in before], [error(v) for v in now]), ALPHA_DISTRIBUTIONS
    base, head = (float(np.median(side)) if side else math.nan for side in (before, now))
    verdict = evidence.verdict(alpha, tolerance)
    if abs(head - base) <= smallest and not paired:
        verdict = "same"
    return Finding(name, *_group(pairs), "", base, head, evidence.ratio, evidence.p, len(scored), verdict)


def _ruined(pairs: Sequence[Pair], name: str) -> Iterator[Finding]:
    """Samples whose error grew, or shrank, by a gross factor."""
    smallest = _smallest(pairs, name)
    scored = [(factor(name, smallest, b, h), pair, b, h) for pair, b, h in _scored(pairs, name) if _repeats(pair)]
    grown = sorted((s for s in scored if s[0] >= GROSS), key=lambda s: -s[0])
    shrunk = sorted((s for s in scored if s[0] <= 1 / GROSS), key=lambda s: s[0])
    for verdict, result in (("worse", grown), ("better", shrunk)):
        for ratio, pair, base, head in result[:1]:
            count = len(result)
            where = _cells(count, pairs, pair)
            yield Finding(name, *_group(pairs), where, base, head, ratio, math.nan, count, verdict)  # type: ignore[arg-type]


def _repeats(pair: Pair) -> bool:
    """Whether both sides gave equal answers to equal seeds, round by round."""
    return all(cell.get("repeats", True) for cell in pair)


def _successes(pairs: Sequence[Pair], goal: Goal, *, paired: bool) -> Iterator[Finding]:
    """Reconstructions that count as a success; one without a score is none."""
    outcomes = [(*_both_succeeded(pair, goal), pair) for pair in pairs]
    before, now = sum(o[0] for o in outcomes), sum(o[1] for o in outcomes)
    if before == now:
        return
    n = len(pairs)
    if paired:
        lost = [pair for b, h, pair in outcomes if b and not h]
        gained = [pair for b, h, pair in outcomes if h and not b]
        p = sign_test(len(lost), len(gained)) if now < before else sign_test(len(gained), len(lost))
        changed = lost if now < before else gained
        sure = p <= ALPHA_PAIRS or any(_repeats(pair) and _gross(goal.metric, pair) for pair in changed)
    else:
        from scipy.stats import fisher_exact

        table = [[max(before, now), n - max(before, now)], [min(before, now), n - min(before, now)]]
        p = float(fisher_exact(table, alternative="greater").pvalue)
        sure = p <= ALPHA_DISTRIBUTIONS
    change = "worse" if now < before else "better"
    ratio = before / now if now else math.inf
    counts = f"{before} of {n}", f"{now} of {n}"
    yield Finding("success", *_group(pairs), "", *counts, ratio, p, n, change if sure else "unclear")  # type: ignore[arg-type]


def _both_succeeded(pair: Pair, goal: Goal) -> tuple[bool, bool]:
    """Whether base and head are a success, both by the same rule: by the threshold where one of them knows no other."""
    score, found = (np.array([score_of(cell, name) for cell in pair]) for name in (goal.metric, goal.found))
    reached = successes(score, None if np.isnan(found).any() else found, goal)
    assert reached is not None
    before, now = reached & ~np.isnan(score)
    return bool(before), bool(now)


def _gross(name: str, pair: Pair) -> bool:
    """Whether an error changed by a gross factor, even one below what is worth naming: where a success was lost, it counts."""
    before, now = (score_of(cell, name) for cell in pair)
    if math.isnan(before) or math.isnan(now):
        return True
    error = _error(name)
    ratio = _over(error(now), error(before))
    return ratio >= GROSS or ratio <= 1 / GROSS


def factor(name: str, smallest: float, before: float, now: float) -> float:
    """From a score before and now to a factor of error: above 1 is worse, and 1 where the difference is not worth naming."""
    if abs(now - before) <= smallest:
        return 1.0
    error = _error(name)
    return _over(error(now), error(before))


def _over(now: float, before: float) -> float:
    if now == before:
        return 1.0
    if min(now, before) < 0:  # scores of either sign have no ratio: their change, in parts of the larger
        return max(1 + (now - before) / max(abs(now), abs(before)), 0.0)
    return now / before if before else math.inf


def _smallest(pairs: Sequence[Pair], name: str) -> float:
    """The smallest difference worth naming; 0 for a metric that is not installed."""
    return 0.0 if _info(name) is None else smallest_difference(goal_by(pairs[0][1]["task"], name))


@cache
def _info(name: str) -> MetricInfo | None:
    info: MetricInfo | None = load_plugin("metric", name).info if name in plugin_names("metric") else None
    return info


def _error(name: str) -> Callable[[float], float]:
    """From a score to an error that is small where the score is good. Decibels are taken back to amplitudes."""
    info = _info(name)
    if info is None:
        return lambda value: value
    sign = 1 if info.better == "lower" else -1
    if info.unit == "dB":
        return lambda value: 10 ** (sign * value / 20)
    if sign > 0:
        return lambda value: value
    end = info.range.rpartition(",")[2].strip(" ])")
    if end.lstrip("-").replace(".", "", 1).isdigit():
        return lambda value: float(end) - value
    return lambda value: 1 / value if value > 0 else math.inf


def _group(pairs: Sequence[Pair]) -> tuple[str, str]:
    return pairs[0][1]["solver"], pairs[0][1]["dataset"]


def _cells(count: int, pairs: Sequence[Pair], worst: Pair) -> str:
    return cells_text(count, len(pairs), worst[1])


def cells_text(count: int, total: int, worst: Mapping[str, Any]) -> str:
    """How many cells of a group, and the one whose values are shown."""
    one = f"sample {worst['sample']}, seed {worst['seed']}"
    return one if count == 1 else f"{count} of {total}, worst {one}"
