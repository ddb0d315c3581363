"""Maps as TIFF, float32, one file a quantity: what ImageJ, Fiji and the scripts of a beamline open."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from prbench.core import Export, Map, Measurement, Problem, Reconstruction, find_task
from prbench.errors import UsageError, one_line


def tiff_name(kind: Map) -> str:
    """``displacement_rows_px.tif`` for the rows' component of a displacement in pixels."""
    words = f"{kind.label} {kind.unit.replace('²', '2')}"
    return f"{'_'.join(re.findall(r'[a-z0-9]+', words))}.tif"


def write_tiffs(
    folder: str | Path,
    measurement: Measurement,
    estimate: Reconstruction,
    *,
    source: str,
    scores: Mapping[str, float],
    solver: str,
) -> list[Path]:
    """Write every map of a reconstruction that its task has.

    Values are as reconstructed, nothing scaled or clipped. The description of each file is JSON: ``quantity``, ``unit`` (empty
    for a ratio), ``solver``, ``scores``, ``source`` and ``measurement``, the geometry in SI units. The resolution is the
    pixel's size. Each file is written whole under another name and then renamed.

    Args:
        folder: made where it does not exist.
        measurement: what was reconstructed.
        estimate: arrays on the host.
        source: where the data come from.
        scores: by metric.
        solver: as spelled.

    Returns:
        The paths, in the order of the task's table.

    Raises:
        UsageError: where a file cannot be written.
    """
    target = Path(folder)
    # Without the shape: tifffile takes a description that names one for its own.
    facts = {name: value for name, value in measurement.describe().items() if name != "shape"}
    told = {"solver": solver, "scores": dict(scores), "source": source, "measurement": facts}
    paths = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for kind in find_task(measurement.task).maps:
            array = getattr(estimate, kind.field)
            if array is None:
                (target / tiff_name(kind)).unlink(missing_ok=True)  # of an earlier version of the solver
            else:
                plane = array if kind.component is None else array[kind.component]
                description = {"quantity": kind.label, "unit": kind.unit.replace("²", "^2"), **told}
                paths.append(_write(target / tiff_name(kind), plane, description, getattr(measurement, "pixel_m", None)))
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {one_line(error, 120)}") from error
    return paths


def _write(path: Path, plane: Any, description: dict[str, Any], pixel_m: float | None) -> Path:
    import tifffile

    temporary = path.with_suffix(".part")
    options: dict[str, Any] = {}
    if pixel_m is not None:
        options = {"resolution": (0.01 / pixel_m, 0.01 / pixel_m), "resolutionunit": "CENTIMETER"}
    try:
        tifffile.imwrite(
            temporary,
            np.asarray(plane, np.float32),
            description=json.dumps(description),
            metadata=None,
            software="prbench",
            **options,
        )
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _export(folder: Path, problem: Problem, estimate: Reconstruction, scores: Mapping[str, float], solver: str) -> None:
    write_tiffs(folder, problem.measurement, estimate, source=problem.provenance.source, scores=scores, solver=solver)


MAP_EXPORT = Export("tiff", "", _export)
"""Reconstructions as folders of TIFF files, one per map."""
