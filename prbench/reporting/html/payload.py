"""Everything that the page shows, as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import NOT_RUN, SCORED, Leaderboard
from prbench.analysis.progress import count_warnings
from prbench.errors import one_line
from prbench.metrics.cost_names import (
    COUNTS,
    FLOPS,
    LATENCY_PAIRS,
    LATENCY_S,
    PARAMETERS,
    PEAK_MEMORY_DEVICE,
    PEAK_MEMORY_HOST,
    SOLVE_FLOPS,
)
from prbench.reporting.cell_table import CellTable, gather, of_board
from prbench.reporting.curves import Track, summary
from prbench.reporting.leaderboards import as_csv, as_latex, as_markdown, explained
from prbench.reporting.variations import SettingAxis, axes, natural
from prbench.running.store.table import metric_columns

from .columns import columnar, numbers, short
from .overview import overview, too_few

if TYPE_CHECKING:
    import pandas as pd

    from prbench.core import MetricInfo
    from prbench.running.store.results import ResultSet

MOST_NUMBERS = 120_000
"""Scores and costs of cells listed one by one, of all tasks together; the leaderboards count every cell."""
_MOST_FAILURES = 100
_MOST_WARNINGS = 100
_CELL_COLUMNS = ("solver", "dataset", "sample", "seed", "status")
_COSTS = (
    *(LATENCY_S, LATENCY_PAIRS, *COUNTS),
    *(PARAMETERS, FLOPS, SOLVE_FLOPS, PEAK_MEMORY_HOST, PEAK_MEMORY_DEVICE),
)
_KEY_LENGTH = 12
_CURVE_POINTS, _FEWEST_POINTS, _MOST_POINTS = 6000, 12, 40
"""Points of all curves of all tasks together, and of one curve: so the page stays small."""


def payload(
    results: ResultSet,
    table: CellTable,
    boards: Sequence[Leaderboard],
    gallery: Mapping[str, Any],
    infos: Mapping[str, MetricInfo],
) -> dict[str, Any]:
    """The data of the page.

    Args:
        results: what is reported.
        table: from the records of the same results.
        boards: of the same results.
        gallery: pictures by board, see :mod:`.pictures`.
        infos: what the columns mean, by name.
    """
    frame = results.frame
    ranked: dict[str, list[Leaderboard | None]] = {}
    for board in boards:
        ranked.setdefault(board.task, []).append(board)
    result = [(task, board) for task in sorted(frame["task"].unique()) for board in ranked.get(task, [None])]
    tasks = [_task(task, results, board, table, gallery) for task, board in result]
    shown = {name for task in tasks for name in task["shown"]}
    shown |= {info.name for _, board in result if board is not None for info in board.columns}
    return {
        "meta": _meta(results),
        "overview": overview(boards, dict(infos)),
        "tasks": tasks,
        "metrics": {name: _described(info) for name, info in infos.items() if name in shown},
        "failures": _failures(table),
        "warnings": _warnings(frame),
        "environments": _environments(results, table),
        "code": _code(frame),
        "matrix": table.matrix,
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


def _task(
    task: str, results: ResultSet, board: Leaderboard | None, table: CellTable, gallery: Mapping[str, Any]
) -> dict[str, Any]:
    """What is told of a board, or of a task of which nothing has been ranked."""
    frame = results.frame
    records = frame[frame["task"] == task] if board is None else board.records(frame)
    if board is not None and board.conditions:
        table = gather(of_board(results, board))
    name = task if board is None else board.slug
    share = len(records) / len(frame)
    cells = records.sort_values(["dataset", "solver", "sample", "seed", "key"])
    metrics = [name for name in metric_columns(cells.columns) if cells[name].notna().any()]
    costs = [name for name in _COSTS if cells[name].notna().any()]
    most = int(MOST_NUMBERS * share / max(len(metrics) + len(costs), 1))
    listed = cells.head(most)[[*_CELL_COLUMNS, *metrics, *costs, "stale", "key", "environment", "code_id"]]
    listed = listed.assign(key=listed["key"].str[:_KEY_LENGTH], code_id=listed["code_id"].str[:_KEY_LENGTH])
    result: dict[str, Any] = {
        "name": name,
        "solvers": sorted(records["solver"].unique(), key=natural),
        "datasets": sorted(records["dataset"].unique(), key=natural),
        "records": len(records),
        "cells": columnar(listed.drop(columns="key")) | {"keys": "".join(listed["key"]), "key_length": _KEY_LENGTH},
        "cell_columns": [*_CELL_COLUMNS, *metrics, *costs],
        "shown": [*metrics, *costs],
        **_curves(task, table),
        "gallery": gallery.get(name),
        "board": None,
        "goals": {},
        "axes": [],
        "columns": [],
        "legend": [],
        "meanings": [],
        "too_few": [],
    }
    if board is None:
        return result
    return result | {
        "columns": [info.name for info in board.columns],
        "legend": explained([board]),
        "meanings": [f"{info.header}: {info.meaning}." for info in board.columns],
        "too_few": too_few(board),
        "board": columnar(board.rows.drop(columns="task")),
        "goals": {
            name: {"metric": g.metric, "better": g.better, "success": short(g.threshold), "sealed": board.sealed.get(name, "")}
            for name, g in board.goals.items()
        },
        "axes": _axes(board, table),
        "downloads": {"csv": as_csv([board]) + "\n", "tex": as_latex([board]) + "\n", "md": as_markdown([board]) + "\n"},
    }


def _curves(task: str, table: CellTable) -> dict[str, Any]:
    """Median curves, and how many have no room."""
    mine = sorted(key[1:] for key in table.curves if key[0] == task)
    points = int(np.clip(_CURVE_POINTS // max(len(table.curves), 1), _FEWEST_POINTS, _MOST_POINTS))
    most = max(1, _CURVE_POINTS * len(mine) // (_FEWEST_POINTS * max(len(table.curves), 1)))
    made = [(*key, summary(table.curves[task, *key], points)) for key in mine[:most]]
    shown = [
        {"dataset": dataset, "solver": solver, "cells": result.cells, **{axis: _track(t) for axis, t in result.tracks.items()}}
        for dataset, solver, result in made
        if result is not None
    ]
    return {"curves": shown, "curves_left_out": max(0, len(mine) - most)}


def _track(track: Track) -> dict[str, Any]:
    return {name: numbers(getattr(track, name)) for name in ("x", "low", "middle", "high")}


def _axes(board: Leaderboard, table: CellTable) -> list[dict[str, Any]]:
    """Robustness (a dataset's setting) and sensitivity (a solver's), each with where its names stand on the axis."""
    datasets = {name: table.datasets[name] for name in board.rows["dataset"].unique()}
    solvers = {name: table.solvers[name] for name in board.rows["solver"].unique()}
    return [_axis(axis) for axis in (*axes("dataset", datasets), *axes("solver", solvers))]


def _axis(axis: SettingAxis) -> dict[str, Any]:
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
    described = {"better": info.better, "unit": info.unit, "needs": info.needs, "definition": info.definition}
    return described | {"header": info.header, "meaning": info.meaning}


def _failures(table: CellTable) -> dict[str, Any]:
    ordered = sorted(table.failures.items(), key=lambda item: (-item[1]["cells"], item[0]))
    names = ("task", "solver", "dataset", "status", "message")
    groups = [dict(zip(names, key, strict=True)) | result for key, result in ordered[:_MOST_FAILURES]]
    return {"groups": groups, "left_out": max(0, len(ordered) - _MOST_FAILURES)}


def _warnings(frame: pd.DataFrame) -> dict[str, Any]:
    said = count_warnings(frame)
    return {"groups": said.head(_MOST_WARNINGS).to_dict("records"), "left_out": max(0, len(said) - _MOST_WARNINGS)}


def _environments(results: ResultSet, table: CellTable) -> list[dict[str, Any]]:
    result = []
    for name, cells in sorted(table.environments.items(), key=lambda item: (-item[1], item[0])):
        path = results.store.path / "environments" / f"{name}.json"
        try:
            known = json.loads(path.read_bytes()) if name and path.is_file() else {}
        except (OSError, ValueError, RecursionError) as error:
            known = {}
            results.store.corrupt[path] = f"not an environment: {one_line(error, 120)}"
        result.append({"id": name, "cells": cells, "values": known if isinstance(known, dict) else {}})
    return result


def _code(frame: pd.DataFrame) -> dict[str, Any]:
    by = frame.groupby(["solver", "dataset", "code_id"], sort=True)["stale"].agg(["size", "sum"]).reset_index()
    by.columns = ["solver", "dataset", "code", "cells", "stale"]
    return columnar(by)
