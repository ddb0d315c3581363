"""A problem as one file that any program with NumPy can open: NPZ, plain arrays, physics as JSON text.

The arrays are ``measurement.<field>``, ``truth.<field>``, ``object_region``, ``held_out.mask``, ``held_out.intensity`` and
``reference.<name>``, those that there are; ``problem`` is a JSON text with task, id, split, provenance and the measurement's
numbers, lengths in metres and energies in electronvolts as their names say.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from prbench.core import HeldOut, Problem, Provenance, Reconstruction, find_task
from prbench.errors import BadInput, UsageError, one_line

from .array_files import read_arrays
from .files import plain_arrays, replace_file
from .plain import canonical

_NUMBERS = "problem"


def write_problem(path: Path, problem: Problem) -> None:
    """Write a problem, whole or not at all; what the truth carries in ``aux`` is left out.

    Raises:
        PrbenchError: where a problem holds Python objects.
    """
    y = problem.measurement
    fields = {field.name for field in dataclasses.fields(y)} - {"backend", "counters"}
    numbers = {name: getattr(y, name) for name in fields - set(y.arrays)}
    arrays = {f"measurement.{name}": y.backend.to_numpy(array) for name in y.arrays if (array := getattr(y, name)) is not None}
    if problem.truth is not None:
        arrays |= {f"truth.{name}": array for name, array in problem.truth.items()}
    if problem.object_region is not None:
        arrays["object_region"] = problem.object_region
    if problem.held_out is not None:
        arrays |= {"held_out.mask": problem.held_out.mask, "held_out.intensity": problem.held_out.intensity}
    arrays |= {f"reference.{name}": array for name, array in problem.reference.items()}
    described = {
        "task": y.task,
        "id": problem.id,
        "split": problem.split,
        "provenance": dataclasses.asdict(problem.provenance),
        "measurement": numbers,
        "data_range": problem.data_range,
    }
    whole: dict[str, Any] = plain_arrays({**arrays, _NUMBERS: canonical(described)})
    replace_file(path, lambda file: np.savez(file, **whole))


def read_problem(path: str | Path) -> Problem:
    """Read what :func:`write_problem` wrote; measurements on the numpy backend.

    Raises:
        BadInput: where the file is not that.
    """
    path = Path(path)
    try:
        arrays = read_arrays(path)
        described = json.loads(str(arrays.pop(_NUMBERS)))
        kind: Any = find_task(described["task"]).measurement
        named = {kind.former_names.get(key, key): value for key, value in described["measurement"].items()}
        numbers = {key: tuple(v) if isinstance(v, list) else v for key, v in named.items()}
        truth, held_out = _group(arrays, "truth."), _group(arrays, "held_out.")
        return Problem(
            measurement=kind(**_group(arrays, "measurement."), **numbers),
            truth=Reconstruction(**truth) if truth else None,
            id=described["id"],
            split=described["split"],
            provenance=Provenance(**described["provenance"]),
            held_out=HeldOut(**held_out) if held_out else None,
            object_region=arrays.get("object_region"),
            reference=_group(arrays, "reference."),
            data_range=described.get("data_range"),
        )
    except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
        raise BadInput(
            f"{path} is not a problem as `prbench data make` writes them: {one_line(error, 120)}; delete it and make it again"
        ) from error


def _group(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
