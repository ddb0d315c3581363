"""Measuring the cells of a matrix for a gate: several rounds, versions in turn."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prbench.metrics.cost_names import COUNTS, LATENCY_PAIRS, LATENCY_S
from prbench.running.request.cell import Cell

from .exact import MEMORY
from .findings import solved
from .probing import Probe
from .timing import PROCESSOR, PROCESSOR_IN_PAIRS

OnCell = Callable[[int, int, Cell], object]
"""Called with cells done, cells in all and the cell at hand."""


def silent(_done: int, _all: int, _cell: Cell) -> None:
    """Report nothing."""


def measure(
    cells: Sequence[Cell],
    probes: Mapping[str, Probe],
    rounds: int,
    on_cell: OnCell = silent,
    repeat_s: float = 0.0,
    *,
    times_only: bool = False,
) -> dict[str, list[dict[str, Any]]]:
    """Solve every cell ``rounds`` times with every probe, the probes in turn and their order reversed from round to round.

    Args:
        cells: what to solve.
        probes: by name.
        rounds: solves of a cell by each; the first also tells counts, scores and, on numpy, allocations.
        on_cell: see :data:`OnCell`.
        repeat_s: see :meth:`prbench.gate.probing.Probe.ask`.
        times_only: whether to leave out scores and allocations, where only times are to be added to what was measured.

    Returns:
        For each probe one mapping per cell: ``solver``, ``dataset``, ``task``, ``sample``, ``seed``, ``split``, ``backend``,
        ``precision``, ``device_class``; ``status`` (and ``error``); ``metrics``, None where a score is not a finite number;
        ``repeats``, whether all rounds gave equal answers; the costs that are counted; bytes allocated or None; wall time and
        processor time in seconds and in FFT pairs, one number per round; ``curve``, points of (iteration, residual).
    """
    result: dict[str, list[dict[str, Any]]] = {name: [] for name in probes}
    for number, cell in enumerate(cells):
        on_cell(number, len(cells), cell)
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in probes}
        for turn in range(rounds):
            for name in list(probes)[:: -1 if turn % 2 else 1]:
                if not answers[name] or solved(answers[name][-1]["status"]):
                    answers[name].append(probes[name].ask(cell, "time" if answers[name] or times_only else "cost", repeat_s))
        for name, probe in probes.items():
            allocated = None
            if cell.backend == "numpy" and not times_only and solved(answers[name][0]["status"]):
                allocated = probe.ask(cell, "allocations").get(MEMORY)
            result[name].append(_cell_entry(cell, answers[name], allocated))
    for measured in result.values():
        _in_fft_pairs(measured)
    return result


def _in_fft_pairs(cells: list[dict[str, Any]]) -> None:
    """Times in FFT pairs of the cell's shape: the median of all that were timed beside the cells of one kind, so that no single
    timing in a bad moment stands beside many solves.
    """
    for seconds, in_pairs, unit in ((LATENCY_S, LATENCY_PAIRS, "pair_s"), (PROCESSOR, PROCESSOR_IN_PAIRS, "cpu_pair_s")):
        timed: dict[tuple[Any, ...], list[float]] = {}
        for cell in cells:
            timed.setdefault(_kind(cell), []).extend(cell[unit])
        for cell in cells:
            pair = statistics.median(timed[_kind(cell)] or [1.0])
            cell[in_pairs] = [value / pair for value in cell[seconds]]


def _kind(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    return cell["dataset"], cell["backend"], cell["precision"]


def _cell_entry(cell: Cell, answers: list[dict[str, Any]], allocated: int | None) -> dict[str, Any]:
    first, last = answers[0], answers[-1]
    labels = ("task", "sample", "seed", "split", "backend", "precision", "device_class")
    return {
        "solver": cell.solver_spelled,
        "dataset": cell.dataset_spelled,
        **{name: getattr(cell, name) for name in labels},
        "status": last["status"],
        "error": last.get("error", ""),
        "metrics": first.get("metrics", {}),
        "repeats": all(answer["digest"] == first["digest"] for answer in answers if "digest" in answer and "digest" in first),
        "curve": first.get("curve", []),
        MEMORY: allocated,
        **{name: [a[name] for a in answers if name in a] for name in (LATENCY_S, PROCESSOR, "pair_s", "cpu_pair_s")},
        **{name: first.get(name) for name in COUNTS},
    }


def more_times(first: Sequence[dict[str, Any]], second: Sequence[Mapping[str, Any]]) -> None:
    """Add the times of a second measurement of the same cells to those of the first."""
    for cell, again in zip(first, second, strict=True):
        for name in (LATENCY_S, LATENCY_PAIRS, PROCESSOR, PROCESSOR_IN_PAIRS):
            cell[name] = [*cell[name], *again[name]]
