"""Reconstructions of measured data without truth, as files beside the results that other programs open."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.analysis import SCORED, goals
from prbench.core import applying, find_task, task_names
from prbench.metrics.costs import metric_infos

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet


@dataclass(frozen=True)
class ExportedResult:
    """What was written of one cell, and its scores.

    Attributes:
        path: the CXI, or the folder of TIFFs.
        task, solver, dataset, sample, seed: the cell.
        scores: by metric, NaN where one does not apply.
    """

    path: Path
    task: str
    solver: str
    dataset: str
    sample: int
    seed: int
    scores: dict[str, float]


def export_measured(results: ResultSet) -> list[ExportedResult]:
    """Write every scored reconstruction of measured data without truth into the results' folder.

    Each task says how, in a folder of its own, such as ``cxi/`` or ``tiff/``. What is as new as the arrays that it was made from
    is left as it is.
    """
    frame = results.frame
    exports, infos = [], metric_infos()
    for task in sorted(frame["task"].unique()):
        if task not in task_names() or find_task(task).export is None:
            continue
        candidates = frame[frame["status"].isin(SCORED) & (frame["task"] == task)]
        for goal in goals(task):
            if goal.metric in candidates and infos[goal.metric].needs == "truth":
                candidates = candidates[candidates[goal.metric].isna()]
        for row in candidates.to_dict("records"):
            export = _export(results, {str(key): value for key, value in row.items()})
            if export is not None:
                exports.append(export)
    return exports


def _export(results: ResultSet, row: dict[str, Any]) -> ExportedResult | None:
    record = results.record(row["key"])
    if "measured" not in record.cell.build_dataset().info.tags:
        return None
    problem = results.problem(row["key"])
    if problem.truth is not None:
        return None
    task, key = row["task"], row["key"]
    name = re.sub(r"[^a-z0-9.-]+", "_", f"{row['solver'].partition('[')[0]}-{row['dataset'].partition('[')[0]}".lower())
    name = f"{name}-{row['sample']}-Run{row['seed']:04d}-{key[:8]}"  # cdiutils reads the number of a run from its name
    export = find_task(task).export
    assert export is not None
    path = results.store.path / export.folder / f"{name}{export.suffix}"
    if not path.exists() or path.stat().st_mtime < _changed(results, key):
        path.parent.mkdir(exist_ok=True)
        scores = {metric: value for metric, value in record.metrics.items() if math.isfinite(value)}
        result = results.drawable(key)
        if result is None:
            return None
        export.write(path, problem, result, scores, row["solver"])
    infos = applying(list(metric_infos().values()), find_task(task))
    shown = {
        info.name: float(row.get(info.name, math.nan)) for info in infos if info.needs != "truth" and info.priority is not None
    }
    return ExportedResult(path, task, row["solver"], row["dataset"], int(row["sample"]), int(row["seed"]), shown)


def _changed(results: ResultSet, key: str) -> float:
    arrays = results.store.path / "runs" / key[:2] / f"{key}.npz"
    return arrays.stat().st_mtime if arrays.exists() else 0.0
