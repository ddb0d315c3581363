"""Reconstructions of measured data without truth, as CXI files beside the results."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.analysis import SCORED
from prbench.core import FarField

from .cxi import write_cxi

if TYPE_CHECKING:
    from prbench.running.results import ResultSet

TRUTHLESS = {"r_factor": "R", "free_r": "free R", "prtf": "PRTF"}
"""What a user without truth is shown of a reconstruction, with its name in tables."""


@dataclass(frozen=True)
class Export:
    """One file written, and the scores of what is in it.

    Attributes:
        path: of the CXI.
        solver, dataset, sample, seed: the cell.
        scores: by metric, NaN where one does not apply.
    """

    path: Path
    solver: str
    dataset: str
    sample: int
    seed: int
    scores: dict[str, float]


def export_measured(results: ResultSet) -> list[Export]:
    """Write every scored far-field reconstruction of measured data without truth into ``cxi/`` of the results' folder.

    A file as new as the arrays that it was made from is left as it is.
    """
    frame = results.frame
    candidates = frame[frame["status"].isin(SCORED) & (frame["task"] == FarField.task)]
    if "sa_nmse" in candidates:
        candidates = candidates[candidates["sa_nmse"].isna()]
    exports = []
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
    if problem.truth is not None or not isinstance(problem.measurement, FarField):
        return None
    name = re.sub(r"[^a-z0-9.-]+", "_", f"{row['solver'].partition('[')[0]}-{row['dataset'].partition('[')[0]}".lower())
    path = results.store.path / "cxi" / f"{name}-{row['sample']}-{row['seed']}-{row['key'][:8]}.cxi"
    scores = {metric: float(row.get(metric, math.nan)) for metric in TRUTHLESS}
    if not path.exists() or path.stat().st_mtime < _changed(results, row["key"]):
        path.parent.mkdir(exist_ok=True)
        write_cxi(
            path,
            problem.measurement,
            results.reconstruction(row["key"]),
            source=problem.provenance.source,
            scores={metric: value for metric, value in record.metrics.items() if math.isfinite(value)},
            solver=row["solver"],
            held_out=problem.held_out,
        )
    return Export(path, row["solver"], row["dataset"], int(row["sample"]), int(row["seed"]), scores)


def _changed(results: ResultSet, key: str) -> float:
    arrays = results.store.path / "runs" / key[:2] / f"{key}.npz"
    return arrays.stat().st_mtime if arrays.exists() else 0.0
