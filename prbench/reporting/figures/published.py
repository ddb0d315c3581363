"""Figures quoted from papers, to stand beside those measured."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prbench.errors import BadInput

COLUMNS = ("task", "method", "quantity", "value", "unit", "conditions", "dataset", "source")


@dataclass(frozen=True)
class Quoted:
    """One published number.

    Attributes:
        task: of prbench.
        method: as its authors call it.
        quantity: a column of prbench's results where it is the same quantity, otherwise a name of its own.
        value, unit: as published.
        conditions: under which it was measured.
        dataset: the dataset of prbench with these conditions, as spelled in results; empty where there is none, and then the
            number is told but never drawn.
        source: with DOI or arXiv id.
    """

    task: str
    method: str
    quantity: str
    value: float
    unit: str
    conditions: str
    dataset: str
    source: str


def read_published(folder: Path) -> list[Quoted]:
    """Every row of the CSV files in ``folder``, by file name; none where the folder is absent.

    Raises:
        BadInput: for a file with other columns, or a value that is not a finite number.
    """
    return [row for path in sorted(folder.glob("*.csv")) for row in _read(path)] if folder.is_dir() else []


def _read(path: Path) -> Iterable[Quoted]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise BadInput(
                f"{path}: expected the columns {', '.join(COLUMNS)}, got {', '.join(reader.fieldnames or ()) or 'none'}"
            )
        for row in reader:
            if None in row or None in row.values():
                raise BadInput(f"{path}, line {reader.line_num}: expected {len(COLUMNS)} values")
            value = _number(row.pop("value"), f"{path}, line {reader.line_num}")
            yield Quoted(value=value, **row)


def _number(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"{where}: value must be a finite number, got {text!r}")
    return value


def quoted_for(published: Sequence[Quoted], task: str, dataset: str, quantity: str) -> list[Quoted]:
    """What was published of the same quantity under the same conditions."""
    return [row for row in published if (row.task, row.dataset, row.quantity) == (task, dataset, quantity)]
