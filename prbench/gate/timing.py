"""Whether a version became slower: processor time where both sides tell it, wall time otherwise."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from prbench.metrics.cost_names import LATENCY_PAIRS, LATENCY_S

from .evidence import ALPHA_PAIRS, ALPHA_TIMES, Evidence, of_pairs
from .findings import Finding
from .scores import Pair

PROCESSOR, PROCESSOR_IN_PAIRS = "cpu_s", "cpu_fft"
"""Processor time of a solve, and the same in processor time of FFT pairs."""
TIME, WALL_TIME, CONVERGENCE = "time", "wall time", "iterations to target"
WAITING = 0.5
"""Relative change of wall time up to which nothing is said where processor time is known."""
_LEVEL = 0.95
TARGET = 1.1
"""Times its last residual: the misfit that iterations are counted to. Close to the end, and reached before noise decides."""


def compare_times(pairs: Sequence[Pair], tolerance: float, *, stored: bool) -> Iterator[Finding]:
    """Compare the times of one solver on one dataset. Stored times, of another day or machine, are advice.

    The rounds of all cells, in which both versions were timed in turn, are the pairs of a signed-rank test.
    """
    if all(_on_processor(cell) for pair in pairs for cell in pair):
        # Other programs lengthen wall time: of waiting, which takes no processor time, only a gross change is believed.
        kinds = [_timed(TIME, pairs, (PROCESSOR, PROCESSOR_IN_PAIRS), tolerance)]
        kinds.append(_believed(_timed(WALL_TIME, pairs, (LATENCY_S, LATENCY_PAIRS), max(tolerance, WAITING))))
    else:
        kinds = [_believed(_timed(TIME, pairs, (LATENCY_S, LATENCY_PAIRS), tolerance))]
    for in_seconds, in_pairs in kinds:
        if stored and in_pairs is not None:
            yield dataclasses.replace(in_pairs, binding=False)
        elif not stored and in_seconds is not None:
            yield in_seconds


Both = tuple[Finding | None, Finding | None]
"""A time in seconds and in FFT pairs."""


def _believed(result: Both) -> Both:
    """Wall time in seconds is believed only where it agrees with FFT pairs that were timed beside it."""
    seconds, in_pairs = result
    if seconds is None or in_pairs is None or seconds.verdict in ("same", in_pairs.verdict):
        return result
    return dataclasses.replace(seconds, verdict="unclear"), in_pairs


def _on_processor(cell: Mapping[str, Any]) -> bool:
    return cell.get("device_class") == "cpu" and bool(cell.get(PROCESSOR))


def _timed(what: str, pairs: Sequence[Pair], names: tuple[str, str], tolerance: float) -> Both:
    return _one_timed(what, pairs, names[0], tolerance), _one_timed(what, pairs, names[1], tolerance)


def _one_timed(what: str, pairs: Sequence[Pair], name: str, tolerance: float) -> Finding | None:
    told = [both for base, head in pairs for both in zip(base.get(name, ()), head.get(name, ()), strict=False)]
    if not told:
        return None
    evidence = of_pairs([now / before for before, now in told if before > 0])
    return _finding(what, pairs, told, evidence, tolerance)


def open_groups(base: Sequence[Mapping[str, Any]], head: Sequence[Mapping[str, Any]], factor: float) -> list[tuple[str, str]]:
    """Solver and dataset of the groups whose processor times leave open that the head takes ``factor`` times as long, or longer.

    They do where the upper end of the 95 % interval of the median factor, one-sided and by order statistics, is not below it.

    Args:
        base: as :func:`prbench.gate.measuring.measure` returns it.
        head: the same cells.
        factor: above 1.
    """
    factors: dict[tuple[str, str], list[float]] = {}
    for before, now in zip(base, head, strict=True):
        if _on_processor(before) and _on_processor(now):
            ratios = [n / b for b, n in zip(before[PROCESSOR], now[PROCESSOR], strict=False) if b > 0]
            factors.setdefault((now["solver"], now["dataset"]), []).extend(ratios)
    return [group for group, ratios in factors.items() if ratios and upper_median(ratios) >= factor]


def upper_median(values: Sequence[float]) -> float:
    """The upper end of a 95 % interval of the population's median that has no lower end; infinite below five values."""
    from scipy.stats import binom

    position = int(binom.ppf(_LEVEL, len(values), 0.5))
    return math.inf if position >= len(values) else sorted(values)[position]


def compare_convergence(pairs: Sequence[Pair], tolerance: float) -> Iterator[Finding]:
    """Compare the iterations to the base's misfit, of cells that have a curve on both sides."""
    steps = [steps_to_the_same_misfit(b["curve"], h["curve"]) for b, h in pairs if b["curve"] and h["curve"]]
    if steps:
        evidence = of_pairs([now / before if math.isfinite(before) else 1.0 for before, now in steps])
        yield _finding(CONVERGENCE, pairs, steps, evidence, tolerance)


def _finding(
    what: str, pairs: Sequence[Pair], values: Sequence[tuple[float, float]], evidence: Evidence, tolerance: float
) -> Finding:
    base, head = (float(np.median([value[side] for value in values])) for side in (0, 1))
    group = pairs[0][1]["solver"], pairs[0][1]["dataset"]
    verdict = evidence.verdict(ALPHA_PAIRS if what == CONVERGENCE else ALPHA_TIMES, tolerance)
    return Finding(what, *group, "", base, head, evidence.ratio, evidence.p, len(values), verdict)


def steps_to_the_same_misfit(base: Sequence[Sequence[float]], head: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Iterations after which each curve of (iteration, residual) reached :data:`TARGET` times the last residual of ``base``."""
    target = TARGET * base[-1][1]
    reached = [next((float(steps) for steps, residual in curve if residual <= target), math.inf) for curve in (base, head)]
    # A curve has its first point before the first step; one already there has a ratio all the same.
    return max(reached[0], 1.0), max(reached[1], 1.0)
