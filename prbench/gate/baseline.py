"""A measurement to compare with, as a file keeps it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prbench.errors import BadInput, one_line
from prbench.metrics.cost_names import COUNTS, FFTS, ITERATIONS, LATENCY_PAIRS, OPERATORS
from prbench.running.environment import environment
from prbench.running.request.spec import Matrix

from .exact import MEMORY
from .timing import PROCESSOR, PROCESSOR_IN_PAIRS

FORMAT = 2
_CELL = ("solver", "dataset", "task", "sample", "seed", "status", "metrics", "repeats", "curve")
_NEEDED = frozenset((*_CELL, MEMORY, LATENCY_PAIRS, FFTS, OPERATORS, ITERATIONS))
_STORED = _NEEDED | {*COUNTS, "split", "backend", "precision", "device_class", "error", PROCESSOR, PROCESSOR_IN_PAIRS}


@dataclass(frozen=True)
class Baseline:
    """A measurement to compare with, as a file holds it.

    Attributes:
        path: of the file.
        matrix: the cells it is of.
        rounds: solves of each cell.
        cells: as :func:`prbench.gate.measuring.measure` returns them; None for a baseline that is not measured yet.
        environment: where it was measured.
        cpu_class: what decides the last bits there, see :func:`prbench.gate.probe.cpu_class`.
        digest: of the file, 8 hexadecimal digits; ``""`` for a baseline that is not measured yet.
    """

    path: Path
    matrix: Matrix
    rounds: int
    cells: list[dict[str, Any]] | None
    environment: Mapping[str, Any]
    cpu_class: Mapping[str, Any]
    digest: str

    @property
    def name(self) -> str:
        """The file's name without its ending, and its digest where it is measured: what an accepted change is tied to."""
        return f"{self.path.stem}@{self.digest}" if self.digest else self.path.stem

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline.

        Raises:
            BadInput: for a file that is not one; the message says why.
        """
        try:
            content = path.read_bytes()
            data = json.loads(content)
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise BadInput(f"{path} cannot be read as a baseline: {one_line(error)}") from error
        keys = {"format", "matrix", "rounds", "cells", "environment", "cpu_class"}
        if not isinstance(data, dict) or set(data) != keys or data["format"] != FORMAT:
            raise BadInput(f"{path} is not a baseline of format {FORMAT}; `prbench check --update` writes one")
        if not isinstance(data["rounds"], int) or data["rounds"] < 1:
            raise BadInput(f"{path}: rounds must be a count from 1, got {one_line(data['rounds'], 40)}")
        if not isinstance(data["cells"], list) or not all(isinstance(c, dict) and set(c) >= _NEEDED for c in data["cells"]):
            raise BadInput(f"{path}: cells must be a list of cells that have {', '.join(sorted(_NEEDED))}")
        matrix = Matrix.of(str(path), **data["matrix"]) if isinstance(data["matrix"], dict) else Matrix.of(str(path))
        return cls(path, matrix, data["rounds"], data["cells"], data["environment"], data["cpu_class"], _digest(content))

    @classmethod
    def planned(cls, matrix_file: Path, path: Path, rounds: int) -> Baseline:
        """A baseline that is still to be measured, of a matrix in YAML."""
        return cls(path, Matrix.read(matrix_file), rounds, None, {}, {}, "")

    def updated(self, cells: Sequence[Mapping[str, Any]], cpu_class: Mapping[str, Any]) -> Baseline:
        """The same with new measurements, made here and now."""
        return Baseline(self.path, self.matrix, self.rounds, stored_form(cells), environment(), cpu_class, "")

    def write(self) -> None:
        """Write the file whole or not at all, one line per cell, so that small changes are small differences."""
        matrix = self.matrix.model_dump(mode="json", exclude_defaults=True)
        head = {"format": FORMAT, "matrix": matrix, "rounds": self.rounds}
        head |= {"environment": self.environment, "cpu_class": self.cpu_class}
        lines = [f"{_json(key)}: {_json(value)}" for key, value in head.items()]
        cells = ",\n  ".join(_json(cell) for cell in self.cells or [])
        text = "{\n" + ",\n".join([*lines, f'"cells": [\n  {cells}\n]']) + "\n}\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_name(f".{self.path.name}.{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(self.path)


def stored_form(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Cells as a file keeps them: what is compared, floats with six digits."""
    return [{key: _rounded(value) for key, value in cell.items() if key in _STORED} for cell in cells]


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=4).hexdigest()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)


def _rounded(value: Any) -> Any:
    """Floats to six digits, which is more than any of them means."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value
