"""Everything that the page shows, as plain data."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prbench.analysis import NOT_RUN, SCORED, Leaderboard
from prbench.errors import one_line
from prbench.reporting.leaderboards import as_csv, as_latex, as_markdown
from prbench.reporting.reproduce import matrix_yaml
from prbench.reporting.variations import Axis, Params, axes, natural

from .columns import columnar, numbers, short
from .curves import points_a_curve, summary

if TYPE_CHECKING:
    import pandas as pd

    from prbench.core import MetricInfo
    from prbench.running.record import Record
    from prbench.running.results import ResultSet

MOST_CELLS = 20_000
"""Cells listed one by one; the leaderboards count all of them."""
_MOST_FAILURES, _TRACEBACK_LENGTH = 200, 6000
_CELL_COLUMNS = ("solver", "dataset", "sample", "seed", "status")
_COSTS = ("latency_s", "latency_fft", "ffts", "operators", "iterations", "peak_memory_host", "peak_memory_device")
_KEY_LENGTH = 12


@dataclass
class Gathered:
    """What only whole records hold, from one pass over them.

    Attributes:
        curves: by task, dataset and solver, each record's curve with the seconds of its FFT pair.
        solvers, datasets: by spelled name, the plug-in's name and all its settings.
        failures: by task, solver, dataset, status and message, how many there are, a key and an error.
        matrix: the matrix that makes the cells, in YAML.
        environments: ids met.
    """

    curves: dict[tuple[str, str, str], list[tuple[Mapping[str, Any], float]]] = field(default_factory=lambda: defaultdict(list))
    solvers: dict[str, tuple[str, Params]] = field(default_factory=dict)
    datasets: dict[str, tuple[str, Params]] = field(default_factory=dict)
    failures: dict[tuple[str, ...], dict[str, Any]] = field(default_factory=dict)
    matrix: str = ""
    environments: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def gather(records: Iterable[Record], name: str) -> Gathered:
    """Read ``records`` once."""
    found = Gathered()
    kept = []
    for record in records:
        cell = record.cell
        kept.append(record)
        found.solvers.setdefault(record.solver, (cell.solver, cell.solver_params))
        found.datasets.setdefault(record.dataset, (cell.dataset, cell.dataset_params))
        found.environments[record.environment] += 1
        if record.curve and record.status in SCORED:
            pair = record.cost.get("fft_pair_s")
            place = (cell.task, record.dataset, record.solver)
            found.curves[place].append((record.curve, math.nan if pair is None else float(pair)))
        if record.status not in SCORED:
            _note_failure(found, record)
    found.matrix = matrix_yaml(kept, name)
    return found


def _note_failure(found: Gathered, record: Record) -> None:
    error = record.error or {}
    message = one_line(f"{error.get('type', '')}: {error.get('message', '')}".strip(": "), 500)
    place = (record.cell.task, record.solver, record.dataset, record.status, message)
    if place in found.failures:
        found.failures[place]["cells"] += 1
        return
    details = "\n".join(str(error[part]) for part in ("traceback", "output") if error.get(part)).strip()
    cut = len(details) - _TRACEBACK_LENGTH
    found.failures[place] = {
        "cells": 1,
        "stage": error.get("stage", ""),
        "key": record.key,
        "sample": record.cell.sample,
        "seed": record.cell.seed,
        "details": f"... {cut} characters left out ...\n{details[cut:]}" if cut > 0 else details,
    }


def payload(
    results: ResultSet,
    gathered: Gathered,
    boards: Iterable[Leaderboard],
    gallery: Mapping[str, Any],
    infos: Mapping[str, MetricInfo],
) -> dict[str, Any]:
    """The data of the page.

    Args:
        results: what is reported.
        gathered: from the records of the same results.
        boards: of the same results.
        gallery: pictures by task, see :mod:`.pictures`.
        infos: what the columns mean, by name.
    """
    frame = results.frame
    ranked = {board.task: board for board in boards}
    tasks = [
        _task(task, frame[frame["task"] == task], ranked.get(task), gathered, gallery.get(task))
        for task in sorted(frame["task"].unique())
    ]
    shown = {name for task in tasks for name in task["shown"]}
    return {
        "meta": _meta(results),
        "tasks": tasks,
        "metrics": {name: _described(info) for name, info in infos.items() if name in shown},
        "failures": _failures(gathered),
        "environments": _environments(results, gathered),
        "code": _code(frame),
        "matrix": gathered.matrix,
    }


def _meta(results: ResultSet) -> dict[str, Any]:
    from prbench import __version__

    frame = results.frame
    counts = frame["status"].value_counts()
    return {
        "name": results.store.path.resolve().name,
        "folder": str(results.store.path),
        "version": __version__,
        "records": len(frame),
        "statuses": {str(status): int(n) for status, n in counts.items()},
        "failed": int(counts.drop([s for s in (*SCORED, *NOT_RUN) if s in counts]).sum()),
        "stale": int(frame["stale"].sum()),
        "corrupt": [f"{path.name}: {reason}" for path, reason in sorted(results.store.corrupt.items())[:20]],
        "first": str(frame["started"].min()) if len(frame) else "",
        "last": str(frame["ended"].max()) if len(frame) else "",
    }


def _task(task: str, records: pd.DataFrame, board: Leaderboard | None, gathered: Gathered, gallery: Any) -> dict[str, Any]:
    cells = records.sort_values(["dataset", "solver", "sample", "seed", "key"])
    metrics = [str(name) for name in cells.columns[_first_metric(cells) : _first_cost(cells)] if cells[name].notna().any()]
    costs = [name for name in _COSTS if cells[name].notna().any()]
    listed = cells.head(MOST_CELLS)[[*_CELL_COLUMNS, *metrics, *costs, "stale", "key", "environment", "code_id"]]
    listed = listed.assign(key=listed["key"].str[:_KEY_LENGTH], code_id=listed["code_id"].str[:_KEY_LENGTH])
    found: dict[str, Any] = {
        "name": task,
        "solvers": sorted(records["solver"].unique(), key=natural),
        "datasets": sorted(records["dataset"].unique(), key=natural),
        "records": len(records),
        "cells": columnar(listed.drop(columns="key")) | {"keys": "".join(listed["key"]), "key_length": _KEY_LENGTH},
        "cell_columns": [*_CELL_COLUMNS, *metrics, *costs],
        "shown": [*metrics, *costs],
        "curves": _curves(task, gathered),
        "gallery": gallery,
        "board": None,
        "goals": {},
        "axes": [],
    }
    if board is None:
        return found
    return found | {
        "board": columnar(board.rows.drop(columns="task")),
        "goals": {name: {"metric": g.metric, "better": g.better, "success": short(g.success)} for name, g in board.goals.items()},
        "axes": _axes(board, gathered),
        "downloads": {"csv": as_csv([board]) + "\n", "tex": as_latex([board]) + "\n", "md": as_markdown([board]) + "\n"},
    }


def _first_metric(cells: pd.DataFrame) -> int:
    return list(cells.columns).index("threads") + 1


def _first_cost(cells: pd.DataFrame) -> int:
    return list(cells.columns).index("latency_s")


def _curves(task: str, gathered: Gathered) -> list[dict[str, Any]]:
    mine = {place[1:]: curves for place, curves in gathered.curves.items() if place[0] == task}
    points = points_a_curve(len(mine))
    made = [(dataset, solver, summary(curves, points)) for (dataset, solver), curves in sorted(mine.items())]
    return [{"dataset": dataset, "solver": solver} | curve for dataset, solver, curve in made if curve is not None]


def _axes(board: Leaderboard, gathered: Gathered) -> list[dict[str, Any]]:
    """Robustness (a dataset's setting) and sensitivity (a solver's), each with where its names stand on the axis."""
    datasets = {name: gathered.datasets[name] for name in board.rows["dataset"].unique()}
    solvers = {name: gathered.solvers[name] for name in board.rows["solver"].unique()}
    return [_axis(axis) for axis in (*axes("dataset", datasets), *axes("solver", solvers))]


def _axis(axis: Axis) -> dict[str, Any]:
    return {
        "kind": axis.kind,
        "plugin": axis.plugin,
        "setting": axis.setting,
        "fixed": axis.fixed,
        "log": axis.logarithmic,
        "names": list(axis.values),
        "labels": ["none" if value is None else f"{value:g}" for value in axis.values.values()],
        "positions": numbers(axis.positions().values()),
    }


def _described(info: MetricInfo) -> dict[str, str]:
    return {"better": info.better, "unit": info.unit, "needs": info.needs, "definition": info.definition}


def _failures(gathered: Gathered) -> dict[str, Any]:
    ordered = sorted(gathered.failures.items(), key=lambda item: (-item[1]["cells"], item[0]))
    names = ("task", "solver", "dataset", "status", "message")
    groups = [dict(zip(names, place, strict=True)) | found for place, found in ordered[:_MOST_FAILURES]]
    return {"groups": groups, "left_out": max(0, len(ordered) - _MOST_FAILURES)}


def _environments(results: ResultSet, gathered: Gathered) -> list[dict[str, Any]]:
    found = []
    for name, cells in sorted(gathered.environments.items(), key=lambda item: (-item[1], item[0])):
        place = results.store.path / "environments" / f"{name}.json"
        known = json.loads(place.read_text(encoding="utf-8")) if name and place.is_file() else {}
        found.append({"id": name, "cells": cells, "values": known if isinstance(known, dict) else {}})
    return found


def _code(frame: pd.DataFrame) -> dict[str, Any]:
    by = frame.groupby(["solver", "dataset", "code_id"], sort=True)["stale"].agg(["size", "sum"]).reset_index()
    by.columns = ["solver", "dataset", "code", "cells", "stale"]
    return columnar(by)
