"""Tables as the page holds them: one list a column, text by its number in a list of levels, numbers of four digits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

DIGITS = 4
"""Significant digits kept: a reader compares medians, and the records beside the report hold the rest."""


def short(value: Any) -> float | int | str | None:
    """A number for JSON: rounded to :data:`DIGITS`, None where undefined, ``"inf"`` and ``"-inf"`` where infinite."""
    if value is None:
        return None
    number = float(value)
    if math.isnan(number):
        return None
    if math.isinf(number):
        return "inf" if number > 0 else "-inf"
    rounded = float(f"{number:.{DIGITS}g}")
    if math.isinf(rounded):
        return number
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def numbers(values: Iterable[Any]) -> list[float | int | str | None]:
    """A column of numbers, exact where they are whole."""
    return [value if type(value) is int else short(value) for value in values]


def levels(values: Iterable[Any]) -> dict[str, list[Any]]:
    """A column of text: ``levels`` in the order of first appearance, and ``codes`` into them."""
    codes_by_level: dict[str, int] = {}
    codes = [codes_by_level.setdefault(str(value), len(codes_by_level)) for value in values]
    return {"levels": list(codes_by_level), "codes": codes}


def columnar(frame: pd.DataFrame) -> dict[str, Any]:
    """A data frame as ``{"n": rows, "columns": {name: numbers or levels}}``; truth values become 0 and 1."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    columns: dict[str, Any] = {}
    for name in frame.columns:
        column = frame[name]
        if is_bool_dtype(column):
            columns[str(name)] = [int(value) for value in column]
        elif is_numeric_dtype(column):
            columns[str(name)] = numbers(None if missing else value for value, missing in zip(column, column.isna(), strict=True))
        else:
            columns[str(name)] = levels(column.fillna("").tolist())
    return {"n": len(frame), "columns": columns}
