"""Under which conditions records were made: solvers are ranked against each other under equal ones only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

REQUESTED = ("split", "precision", "time_limit_s")
"""What a run asks of all its solvers alike."""
SEALED = "sealed"
"""Whether the problems could be known beforehand. It parts records within a dataset; measured data are always public."""
BACKEND_COLUMNS = ("backend", "device_class")
"""Where a solver computes. A run that leaves it open lets each solver choose. So a backend that every solver has only one of is
part of the solver, and solvers of different backends stand on one board; their costs in FFT pairs compare, their seconds do
not."""


def by_conditions(records: pd.DataFrame) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """The records of one task in groups that may be ranked, each with the conditions that set it apart.

    Records are parted by every column of :data:`REQUESTED` that differs among them, by :data:`SEALED` where it differs within a
    dataset, and by those of :data:`BACKEND_COLUMNS` in which one solver differs from itself. Columns that are not there part
    nothing.
    """
    names = [name for name in REQUESTED if name in records and records[name].nunique(dropna=False) > 1]
    if SEALED in records and (records.groupby("dataset", observed=True)[SEALED].nunique(dropna=False) > 1).any():
        names.append(SEALED)
    varying = [name for name in BACKEND_COLUMNS if name in records and records[name].nunique(dropna=False) > 1]
    names += [name for name in varying if records[["solver", name]].drop_duplicates()["solver"].duplicated().any()]
    if not names:
        yield {}, records
        return
    for values, part in records.groupby(names, sort=True, dropna=False, observed=True):
        yield {name: _plain(value) for name, value in zip(names, values, strict=True)}, part


def under(records: pd.DataFrame, conditions: Mapping[str, Any]) -> pd.DataFrame:
    """The records made under the conditions."""
    for name, value in conditions.items():
        records = records[records[name].isna() if value is None else records[name] == value]
    return records


def described(conditions: Mapping[str, Any]) -> str:
    """The conditions in words, such as ``split tune, no time limit``; empty where there are none."""
    return ", ".join(_words(name, value) for name, value in conditions.items())


def _words(name: str, value: Any) -> str:
    if name == SEALED:
        return "not sealed" if value is None else str(value)
    if name == "time_limit_s":
        return "no time limit" if value is None else f"time limit {value:g} s"
    return f"{name.partition('_')[0]} {'unknown' if value is None else value}"


def _plain(value: Any) -> Any:
    plain = value.item() if hasattr(value, "item") else value
    return None if plain is None or plain != plain else plain  # noqa: PLR0124 - NaN differs from itself
