"""Checks: this version against another one on this machine, or against a stored baseline."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from prbench.running.request.cell import Cell

from .baseline import Baseline, stored_form
from .findings import Comparison
from .measuring import OnCell, measure, more_times, silent
from .probing import Probe
from .regression import TOLERANCES, compare_versions, confirm_times, slower_groups
from .timing import TIME, open_groups

Sides = dict[str, list[dict[str, Any]]]
"""What was measured of each version."""


PROCESSES = 2
"""Processes of each version among which the rounds are divided: two of one version may differ in speed by tens of per cent for as
long as they live, by the layout of their memory.
"""
MORE_LOOKS = 2
"""How often a group is timed again by fresh processes and its pairs pooled, where these neither show a slower version nor exclude
one slower by :data:`EXCLUDED`: on a busy machine more pairs are needed.
"""
EXCLUDED = 2.0
"""Times the tolerance."""
REPEAT_S = 0.1
"""Processor time for which a quick solve is repeated, seconds."""


def in_turn(
    cells: Sequence[Cell],
    pythons: Mapping[str, str | None],
    rounds: int,
    *,
    threads: int = 1,
    tolerances: Mapping[str, float] | None = None,
    on_cell: OnCell = silent,
) -> Comparison:
    """Compare two versions on this machine, solve by solve in turn; where the times do not tell, more are taken, and a version
    found slower is timed again, by fresh processes.

    Args:
        cells: what to solve.
        pythons: the interpreters ``base`` and ``head``; None is the running one.
        rounds: solves of each cell by each, divided among :data:`PROCESSES` processes.
        threads: CPU threads of a solver.
        tolerances: see :func:`prbench.gate.regression.compare_versions`.
        on_cell: told of progress.

    Raises:
        PrbenchError: where an interpreter cannot be started.
    """
    allowed = {**TOLERANCES, **(tolerances or {})}[TIME]

    def timed(some: Sequence[Cell], *, times_only: bool) -> Sides:
        result: Sides = {}
        for number in range(PROCESSES):
            with _probes(pythons, threads) as probes:
                share = -(-rounds // PROCESSES)
                again = measure(some, probes, share, on_cell, REPEAT_S, times_only=times_only or number > 0)
            if not result:
                result = again
            else:
                for name in again:
                    more_times(result[name], again[name])
        return result

    def compared(some: Sequence[Cell], *, times_only: bool = False) -> Comparison:
        result = timed(some, times_only=times_only)
        for look in range(MORE_LOOKS + 1):
            comparison = compare_versions(result["base"], result["head"], stored=False, tolerances=tolerances)
            slower = slower_groups(comparison)
            left = [group for group in open_groups(result["base"], result["head"], 1 + EXCLUDED * allowed) if group not in slower]
            if not left or look == MORE_LOOKS:
                break
            again = timed([cell for cell in some if _group_of(cell) in left], times_only=True)
            for name, cells_of_side in result.items():
                more_times([one for one in cells_of_side if (one["solver"], one["dataset"]) in left], again[name])
        return comparison

    comparison = compared(cells)
    slower = slower_groups(comparison)
    doubted = [cell for cell in cells if _group_of(cell) in slower]
    return confirm_times(comparison, compared(doubted, times_only=True)) if doubted else comparison


def _group_of(cell: Cell) -> tuple[str, str]:
    return cell.solver_spelled, cell.dataset_spelled


def measured(
    cells: Sequence[Cell], rounds: int, *, threads: int = 1, on_cell: OnCell = silent
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Measure the running version: its cells, and the class of processor and libraries that they hold for."""
    with Probe(None, threads) as probe:
        return measure(cells, {"head": probe}, rounds, on_cell)["head"], probe.cpu_class()


def against_stored(
    baseline: Baseline,
    result: Sequence[Mapping[str, Any]],
    cpu_class: Mapping[str, Any],
    tolerances: Mapping[str, float] | None = None,
) -> Comparison:
    """Compare what :func:`measured` returned with a baseline: seed by seed on its class, by distributions on another."""
    differs = sorted(key for key in {*cpu_class, *baseline.cpu_class} if cpu_class.get(key) != baseline.cpu_class.get(key))
    comparison = compare_versions(
        baseline.cells or [], stored_form(result), stored=True, same_class=not differs, tolerances=tolerances
    )
    if not differs:
        return comparison
    note = f"measured elsewhere ({', '.join(differs)} differ): distributions over samples are compared, not single seeds"
    return dataclasses.replace(comparison, notes=(note,))


@contextmanager
def _probes(pythons: Mapping[str, str | None], threads: int) -> Iterator[dict[str, Probe]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Probe(python, threads)) for name, python in pythons.items()}
