"""Measuring the cells of a matrix for a gate: several rounds, versions in turn, and the baseline that is kept of it."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prbench.errors import BadInput, one_line
from prbench.running.environment import environment
from prbench.running.request.cell import Cell
from prbench.running.request.spec import Matrix

from .probing import Probe

FORMAT = 1
OnCell = Callable[[int, int, Cell], object]
"""Called with cells done, cells in all and the cell at hand."""


def measure(
    cells: Sequence[Cell], probes: Mapping[str, Probe], rounds: int, on_cell: OnCell = lambda _done, _all, _cell: None
) -> dict[str, list[dict[str, Any]]]:
    """Solve every cell ``rounds`` times with every probe, the probes in turn and their order reversed from round to round.

    Args:
        cells: what to solve.
        probes: by name.
        rounds: solves of a cell by each; the first also tells counts, scores and, on numpy, allocations.
        on_cell: see :data:`OnCell`.

    Returns:
        For each probe one mapping a cell: ``solver``, ``dataset``, ``sample``, ``seed``, ``split``, ``backend``, ``precision``;
        ``status`` (and ``error``); ``metrics``; ``ffts``, ``operators``, ``iterations``; ``allocated_bytes`` or None;
        ``latency_s``, ``fft_pair_s`` and ``latency_fft``, one number a round; ``curve``, points of (iteration, residual).
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in probes}
    for number, cell in enumerate(cells):
        on_cell(number, len(cells), cell)
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in probes}
        for turn in range(rounds):
            for name in list(probes)[:: -1 if turn % 2 else 1]:
                if not answers[name] or answers[name][-1]["status"] in ("ok", "time_limit"):
                    answers[name].append(probes[name].ask(cell))
        for name, probe in probes.items():
            allocated = None
            if cell.backend == "numpy" and answers[name][0]["status"] == "ok":
                allocated = probe.ask(cell, "allocations").get("allocated_bytes")
            found[name].append(_gathered(cell, answers[name], allocated))
    for measured in found.values():
        _in_fft_pairs(measured)
    return found


def _in_fft_pairs(cells: list[dict[str, Any]]) -> None:
    """Times in FFT pairs of the cell's shape: the median of all that were timed beside the cells of one kind, so that no single
    timing in a bad moment stands beside many solves.
    """
    timed: dict[tuple[Any, ...], list[float]] = {}
    for cell in cells:
        timed.setdefault(_kind(cell), []).extend(cell["fft_pair_s"])
    for cell in cells:
        pair = statistics.median(timed[_kind(cell)] or [1.0])
        cell["latency_fft"] = [seconds / pair for seconds in cell["latency_s"]]


def _kind(cell: Mapping[str, Any]) -> tuple[Any, ...]:
    return cell["dataset"], cell["backend"], cell["precision"]


def _gathered(cell: Cell, answers: list[dict[str, Any]], allocated: int | None) -> dict[str, Any]:
    first, last = answers[0], answers[-1]
    label = {name: getattr(cell, name) for name in ("sample", "seed", "split", "backend", "precision")}
    gathered = {
        "solver": cell.solver_spelled,
        "dataset": cell.dataset_spelled,
        "task": cell.task,
        **label,
        "status": last["status"],
        "error": last.get("error", ""),
        "metrics": first.get("metrics", {}),
        "curve": first.get("curve", []),
        "allocated_bytes": allocated,
        "latency_s": [a["latency_s"] for a in answers if "latency_s" in a],
        "fft_pair_s": [a["fft_pair_s"] for a in answers if "fft_pair_s" in a],
    }
    return gathered | {name: first.get(name) for name in ("ffts", "operators", "iterations")}


@dataclass(frozen=True)
class Baseline:
    """A measurement to compare with, as a file holds it.

    Attributes:
        path: of the file.
        matrix: the cells it is of.
        rounds: solves of each cell.
        cells: as :func:`measure` returns them; None for a baseline that is not measured yet.
        environment: where it was measured.
    """

    path: Path
    matrix: Matrix
    rounds: int
    cells: list[dict[str, Any]] | None
    environment: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline.

        Raises:
            BadInput: for a file that is not one; the message says why.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise BadInput(f"{path} cannot be read as a baseline: {one_line(error)}") from error
        keys = {"format", "matrix", "rounds", "cells", "environment"}
        if not isinstance(data, dict) or set(data) != keys or data["format"] != FORMAT:
            raise BadInput(f"{path} is not a baseline of format {FORMAT}; `prbench check --update` writes one")
        sound = isinstance(data["rounds"], int) and data["rounds"] >= 1 and isinstance(data["cells"], list)
        if not sound or not all(isinstance(c, dict) and set(c) >= _NEEDED for c in data["cells"]):
            raise BadInput(f"{path}: rounds must be a count and every cell must have {', '.join(sorted(_NEEDED))}")
        matrix = Matrix.of(str(path), **data["matrix"]) if isinstance(data["matrix"], dict) else Matrix.of(str(path))
        return cls(path, matrix, data["rounds"], data["cells"], data["environment"])

    @classmethod
    def planned(cls, matrix_file: Path, path: Path, rounds: int) -> Baseline:
        """A baseline that is still to be measured, of a matrix in YAML."""
        return cls(path, Matrix.read(matrix_file), rounds, None, {})

    def updated(self, cells: Sequence[Mapping[str, Any]]) -> Baseline:
        """The same with new measurements, made here and now."""
        kept = [{key: _rounded(value) for key, value in cell.items()} for cell in cells]
        return Baseline(self.path, self.matrix, self.rounds, kept, environment())

    def write(self) -> None:
        """Write the file whole or not at all, a line a cell, so that small changes are small differences."""
        matrix = self.matrix.model_dump(mode="json", exclude_defaults=True)
        head = {"format": FORMAT, "matrix": matrix, "rounds": self.rounds, "environment": self.environment}
        lines = [f"{_json(key)}: {_json(value)}" for key, value in head.items()]
        cells = ",\n  ".join(_json(cell) for cell in self.cells or [])
        text = "{\n" + ",\n".join([*lines, f'"cells": [\n  {cells}\n]']) + "\n}\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.path)


_NEEDED = frozenset(
    ("solver", "dataset", "sample", "seed", "status", "metrics", "ffts", "operators", "iterations", "latency_fft", "curve")
)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _rounded(value: Any) -> Any:
    """Floats to six digits, which is more than any of them means."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
