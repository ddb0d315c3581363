"""Reconstructions of measured data without truth, as files beside the results that other programs open."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.analysis import SCORED, goals
from prbench.core import Problem, Reconstruction
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.export import write_cxi
from prbench.tasks.map_files import write_tiffs

from .maps import MAPS

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet

TRUTHLESS: dict[str, dict[str, str]] = {
    "far-field": {"r_factor": "R", "free_r": "free R", "prtf": "PRTF"},
    "speckle": {"stack_residual": "residual", "images_used": "images", "dark_field_difference": "dark field to published"},
}
"""What a user without truth is shown of a reconstruction of each task, with its name in tables."""


@dataclass(frozen=True)
class Export:
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


def export_measured(results: ResultSet) -> list[Export]:
    """Write every scored reconstruction of measured data without truth into the results' folder.

    Complex objects of far-field patterns go to ``cxi/``, the maps of other tasks to ``tiff/``, a folder a reconstruction. What is
    as new as the arrays that it was made from is left as it is.
    """
    frame = results.frame
    exports = []
    for task in sorted(frame["task"].unique()):
        if task != FarField.task and task not in MAPS:
            continue
        candidates = frame[frame["status"].isin(SCORED) & (frame["task"] == task)]
        for goal in goals(task)[:-1]:  # the last one needs no truth
            if goal.metric in candidates:
                candidates = candidates[candidates[goal.metric].isna()]
        for row in candidates.to_dict("records"):
            export = _export(results, {str(key): value for key, value in row.items()})
            if export is not None:
                exports.append(export)
    return exports


def _export(results: ResultSet, row: dict[str, Any]) -> Export | None:
    record = results.record(row["key"])
    if "measured" not in record.cell.build_dataset().info.tags:
        return None
    problem = results.problem(row["key"])
    if problem.truth is not None:
        return None
    task, key = row["task"], row["key"]
    name = re.sub(r"[^a-z0-9.-]+", "_", f"{row['solver'].partition('[')[0]}-{row['dataset'].partition('[')[0]}".lower())
    name = f"{name}-{row['sample']}-{row['seed']}-{key[:8]}"
    path = results.store.path / ("cxi" if task == FarField.task else "tiff") / (f"{name}.cxi" if task == FarField.task else name)
    if not path.exists() or path.stat().st_mtime < _changed(results, key):
        path.parent.mkdir(exist_ok=True)
        scores = {metric: value for metric, value in record.metrics.items() if math.isfinite(value)}
        found = results.drawable(key)
        if found is None:
            return None
        write = _write_object if task == FarField.task else _write_maps
        write(path, problem, found, scores, row["solver"])
    shown = {metric: float(row.get(metric, math.nan)) for metric in TRUTHLESS.get(task, {})}
    return Export(path, task, row["solver"], row["dataset"], int(row["sample"]), int(row["seed"]), shown)


def _write_object(path: Path, problem: Problem, found: Reconstruction, scores: dict[str, float], solver: str) -> None:
    assert isinstance(problem.measurement, FarField)
    source = problem.provenance.source
    write_cxi(path, problem.measurement, found, source=source, scores=scores, solver=solver, held_out=problem.held_out)


def _write_maps(path: Path, problem: Problem, found: Reconstruction, scores: dict[str, float], solver: str) -> None:
    write_tiffs(path, problem.measurement, found, source=problem.provenance.source, scores=scores, solver=solver)


def _changed(results: ResultSet, key: str) -> float:
    arrays = results.store.path / "runs" / key[:2] / f"{key}.npz"
    return arrays.stat().st_mtime if arrays.exists() else 0.0
