"""What only whole records hold, and tables do not: curves, settings, errors; gathered in one pass over them."""

from __future__ import annotations

import dataclasses
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import SCORED, Leaderboard
from prbench.errors import one_line
from prbench.metrics.cost_names import PAIR_S

from .reproduce import matrix_yaml
from .variations import Params

if TYPE_CHECKING:
    from prbench.running.store.record import Record
    from prbench.running.store.results import ResultSet

_TRACEBACK_LENGTH = 4000


@dataclass
class CellTable:
    """What was found.

    Attributes:
        curves: by task, dataset and solver, each record's curve with the seconds of its FFT pair.
        solvers, datasets: by spelled name, the plug-in's name and all its settings.
        symmetries: by dataset as spelled, what its measurements leave open, where they say so.
        failures: by task, solver, dataset, status and message, how many there are, a key and an error.
        matrix: the matrix that makes the cells, in YAML.
        environments: ids met.
    """

    curves: dict[tuple[str, str, str], list[tuple[Mapping[str, np.ndarray], float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    solvers: dict[str, tuple[str, Params]] = field(default_factory=dict)
    datasets: dict[str, tuple[str, Params]] = field(default_factory=dict)
    symmetries: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    matrix: str = ""
    environments: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def gather(results: ResultSet) -> CellTable:
    """Read the records of ``results`` once."""
    keys = set(results.frame["key"])
    return _gather((record for record in results.store.records() if record.key in keys), results.store.path.resolve().name)


def of_board(results: ResultSet, board: Leaderboard) -> ResultSet:
    """The part of the results that a board ranks: all where its task has no other board."""
    if not board.conditions:
        return results
    return type(results)(results.store, list(board.records(results.frame)["key"]))


def _gather(records: Iterable[Record], name: str) -> CellTable:
    result = CellTable()
    bare_records = []
    for record in records:
        cell = record.cell
        bare_records.append(dataclasses.replace(record, curve={}, problem={}, error=None))
        result.solvers.setdefault(record.solver, (cell.solver, cell.solver_params))
        result.datasets.setdefault(record.dataset, (cell.dataset, cell.dataset_params))
        left_open = record.problem.get("measurement", {}).get("symmetries", ())
        result.symmetries.setdefault(record.dataset, tuple(str(name) for name in left_open))
        result.environments[record.environment] += 1
        if record.curve and record.status in SCORED:
            pair = record.cost.get(PAIR_S)
            key = (cell.task, record.dataset, record.solver)
            curve = {name: np.asarray(values, dtype=float) for name, values in record.curve.items()}
            result.curves[key].append((curve, math.nan if pair is None else float(pair)))
        if record.status not in SCORED:
            _note_failure(result, record)
    result.matrix = matrix_yaml(bare_records, name)
    return result


def _note_failure(result: CellTable, record: Record) -> None:
    error = record.error or {}
    message = one_line(f"{error.get('type', '')}: {error.get('message', '')}".strip(": "), 500)
    key = (record.cell.task, record.solver, record.dataset, record.status, message)
    if key in result.failures:
        result.failures[key]["cells"] += 1
        return
    details = "\n".join(str(error[part]) for part in ("traceback", "output") if error.get(part)).strip()
    cut = len(details) - _TRACEBACK_LENGTH
    result.failures[key] = {
        "cells": 1,
        "stage": error.get("stage", ""),
        "key": record.key,
        "sample": record.cell.sample,
        "seed": record.cell.seed,
        "details": f"... {cut} characters left out ...\n{details[cut:]}" if cut > 0 else details,
    }
