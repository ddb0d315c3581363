"""What a change did to cost and quality, told apart from the noise of the machine.

Three kinds of evidence, in the order of how little they can err. Counts (FFTs, operator calls, iterations, a failure) are exact:
any rise is a regression. Bytes allocated repeat to a few per cent. Quality, iterations to a given misfit, and time scatter: there
a group of cells (one solver on one dataset) is judged by the median ratio of head to base over its pairs, and only when the
interval of that median lies on one side of 1 and the median beyond the tolerance.

The interval is that of the sign test, from order statistics, and holds whatever the distribution of the noise (Thompson,
Ann. Math. Statist. 7 (1936) 122, doi:10.1214/aoms/1177732502).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal

import numpy as np

from prbench.analysis.goals import Goal, choose_goal
from prbench.core import load_plugin, plugin_names

Verdict = Literal["better", "worse", "same", "unclear"]
ALPHA = 0.01
"""Probability that a median's interval misses it; a gate looks at many."""

COUNTS = ("ffts", "operators", "iterations")
TOLERANCES: Mapping[str, float] = {"quality": 0.05, "iterations to target": 0.10, "time": 0.15, "allocated_bytes": 0.05}
"""Relative change of the median up to which nothing is said, by what is compared."""

STORED_TIME_TOLERANCE = 0.50
"""For times compared with stored ones: another day, another machine, although both count in FFT pairs timed beside them."""

TARGET = 1.1
"""Times its last residual: the misfit that iterations are counted to. Close to the end, and reached before noise decides."""

_LEAST_BYTES = 1 << 20


@dataclass(frozen=True)
class Finding:
    """One comparison.

    Attributes:
        what: ``status``, ``ffts``, ``operators``, ``iterations``, ``allocated_bytes``, ``iterations to target``, ``time`` or a
            metric's name.
        solver, dataset: the group.
        cell: which sample and seed, or ``""`` for a whole group.
        base, head: medians of the group, or the values of the cell.
        ratio: head over base, for a metric where higher is better base over head: above 1 is worse. NaN where there is none.
        low, high: interval of the median ratio; NaN for exact counts.
        pairs: how many ratios stand behind it.
        verdict: ``same`` where it is certain or within the tolerance, ``unclear`` where the interval does not part from 1.
    """

    what: str
    solver: str
    dataset: str
    cell: str
    base: float | str
    head: float | str
    ratio: float
    low: float
    high: float
    pairs: int
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """All findings of a check.

    Attributes:
        findings: groups first, then single cells that changed in what is exact.
        compared: pairs of cells compared: those that the base solved. Where it solved none, nothing is known of the head.
        alone: cells that only one side has, or that the base did not solve.
    """

    findings: tuple[Finding, ...]
    compared: int
    alone: int

    @property
    def regressions(self) -> tuple[Finding, ...]:
        """The findings that are worse."""
        return tuple(finding for finding in self.findings if finding.verdict == "worse")


def compare_versions(
    base: Sequence[Mapping[str, Any]],
    head: Sequence[Mapping[str, Any]],
    *,
    stored: bool,
    tolerances: Mapping[str, float] | None = None,
) -> Comparison:
    """Compare measurements cell by cell.

    Args:
        base: as :func:`prbench.gate.measuring.measure` returns it.
        head: likewise.
        stored: whether ``base`` was measured at another time, so that rounds are not pairs and time scatters more.
        tolerances: in place of :data:`TOLERANCES`, by name.
    """
    allowed = {**TOLERANCES, **({"time": STORED_TIME_TOLERANCE} if stored else {}), **(tolerances or {})}
    known = {_label(cell): cell for cell in base}
    pairs = [(known[_label(cell)], cell) for cell in head if _label(cell) in known]
    pairs.sort(key=lambda pair: _label(pair[1]))
    groups, singles = [], []
    for _, members in groupby(pairs, key=lambda pair: _label(pair[1])[:2]):
        together = list(members)
        groups += list(_group(together, allowed, stored=stored))
        singles += [finding for pair in together for finding in _cell(*pair, allowed)]
    compared = sum(cell["status"] in ("ok", "time_limit") for cell, _ in pairs)
    alone = len(base) + len(head) - len(pairs) - compared
    return Comparison((*groups, *singles), compared, alone)


def median_ratio(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Median of positive ratios with the sign test's interval of coverage 1 - :data:`ALPHA`; infinite ends where too few."""
    ordered = np.sort(np.asarray(ratios, dtype=float))
    n = len(ordered)
    if not n:
        return math.nan, math.nan, math.nan
    # The largest k for which k - 1 or fewer of n fair coins come up heads with probability at most ALPHA / 2.
    tail, k = 0.0, 0
    while (tail := tail + math.comb(n, k) / 2.0**n) <= ALPHA / 2:
        k += 1
    low, high = (ordered[k - 1], ordered[n - k]) if k else (0.0, math.inf)
    return float(np.median(ordered)), float(low), float(high)


def judge(ratio: float, low: float, high: float, tolerance: float) -> Verdict:
    """``worse`` or ``better`` where the interval parts from 1 and the median leaves the tolerance."""
    if low > 1 and ratio > 1 + tolerance:
        return "worse"
    if high < 1 and ratio < 1 / (1 + tolerance):
        return "better"
    return "same" if 1 / (1 + tolerance) <= ratio <= 1 + tolerance else "unclear"


def _label(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    names = ("solver", "dataset", "sample", "seed", "split", "backend", "precision")
    return tuple(cell.get(name, "") for name in names)


def _cell(base: Mapping[str, Any], head: Mapping[str, Any], allowed: Mapping[str, float]) -> Iterator[Finding]:
    """What is exact: how it ended, what it counted, what it allocated."""
    where = {"solver": head["solver"], "dataset": head["dataset"], "cell": f"sample {head['sample']}, seed {head['seed']}"}
    nothing: dict[str, Any] = {"ratio": math.nan, "low": math.nan, "high": math.nan, "pairs": 1}
    good = ("ok", "time_limit")
    if (base["status"] in good) != (head["status"] in good):
        verdict: Verdict = "worse" if base["status"] in good else "better"
        yield Finding(what="status", **where, base=base["status"], head=head["status"], **nothing, verdict=verdict)
    for name in COUNTS:
        before, now = base.get(name), head.get(name)
        if before is not None and now is not None and before != now:
            ratio = {**nothing, "ratio": now / before if before else math.inf}
            yield Finding(what=name, **where, base=before, head=now, **ratio, verdict="worse" if now > before else "better")
    before, now = base.get("allocated_bytes"), head.get("allocated_bytes")
    if before and now and abs(now - before) > _LEAST_BYTES:
        ratio = now / before
        verdict = judge(ratio, ratio, ratio, allowed["allocated_bytes"])
        if verdict != "same":
            yield Finding(what="allocated_bytes", **where, base=before, head=now, **{**nothing, "ratio": ratio}, verdict=verdict)


Pair = tuple[Mapping[str, Any], Mapping[str, Any]]


def _group(pairs: Sequence[Pair], allowed: Mapping[str, float], *, stored: bool) -> Iterator[Finding]:
    """What scatters: quality, iterations to the base's misfit, time; over all cells of one solver on one dataset."""
    yield from _quality(pairs, allowed["quality"])
    steps = [steps_to_the_same_misfit(b["curve"], h["curve"]) for b, h in pairs if b["curve"] and h["curve"]]
    yield from _ratios(pairs, "iterations to target", steps, allowed["iterations to target"], _ratio)
    in_pairs = list(_ratios(pairs, "time", _times(pairs, "latency_fft", stored=stored), allowed["time"], _ratio))
    if stored:
        yield from in_pairs
        return
    # Timed in turn on one machine, seconds are the better measure; an FFT pair timed in a bad moment stands beside many quick
    # solves. What is slower must be so in both.
    for seconds in _ratios(pairs, "time", _times(pairs, "latency_s", stored=False), allowed["time"], _ratio):
        agreed = all(finding.verdict == seconds.verdict for finding in in_pairs)
        yield seconds if agreed or seconds.verdict == "same" else dataclasses.replace(seconds, verdict="unclear")


def _times(pairs: Sequence[Pair], name: str, *, stored: bool) -> list[tuple[float, float]]:
    """Times before and now: round by round where they were taken in turn, else against the median of those stored."""
    times: list[tuple[float, float]] = []
    for base, head in pairs:
        before, now = base[name], head[name]
        if stored:
            times += [(float(np.median(before)), value) for value in now] if before else []
        else:
            times += list(zip(before, now, strict=False))
    return times


def _quality(pairs: Sequence[Pair], tolerance: float) -> Iterator[Finding]:
    goal = choose_goal(pairs[0][1].get("task", ""), {name for b, h in pairs for name in {*b["metrics"]} & {*h["metrics"]}})
    scored = [(b["metrics"], h["metrics"]) for b, h in pairs if goal.metric in b["metrics"] and goal.metric in h["metrics"]]
    ratio = _worsening(goal)
    yield from _ratios(pairs, goal.metric, [(b[goal.metric], h[goal.metric]) for b, h in scored], tolerance, ratio)


def _worsening(goal: Goal) -> Callable[[float, float], float]:
    """From a score before and now to a factor of error: above 1 is worse. Decibels are taken back to amplitudes first."""
    info = load_plugin("metric", goal.metric).info if goal.metric in plugin_names("metric") else None
    sign = 1 if goal.better == "lower" else -1
    if info is not None and info.unit == "dB":
        return lambda before, now: 10 ** (sign * (now - before) / 20)
    return _ratio if sign > 0 else lambda before, now: _ratio(now, before)


def _ratios(
    pairs: Sequence[Pair],
    what: str,
    values: Sequence[tuple[float, float]],
    tolerance: float,
    ratio: Callable[[float, float], float],
) -> Iterator[Finding]:
    if not values:
        return
    ratios = [ratio(before, now) for before, now in values]
    median, low, high = median_ratio(ratios)
    base, head = (float(np.median([value[side] for value in values])) for side in (0, 1))
    where = pairs[0][1]
    verdict: Verdict = judge(median, low, high, tolerance)
    yield Finding(what, where["solver"], where["dataset"], "", base, head, median, low, high, len(ratios), verdict)


def _ratio(before: float, now: float) -> float:
    if before == now:
        return 1.0
    return now / before if before else math.inf


def steps_to_the_same_misfit(base: Sequence[Sequence[float]], head: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Iterations after which each curve of (iteration, residual) reached :data:`TARGET` times the last residual of ``base``."""
    target = TARGET * base[-1][1]
    reached = [next((float(steps) for steps, residual in curve if residual <= target), math.inf) for curve in (base, head)]
    # A curve has its first point before the first step; one already there has a ratio all the same.
    return max(reached[0], 1.0), max(reached[1], 1.0)
