"""Tables of records as data frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .parquet import concatenated, table_of
from .table import COST, TEXTS, in_order

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def with_texts(table: pa.Table, columns: Sequence[str] | None) -> pa.Table:
    """The table with the columns of text that a later version has added, empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in TEXTS:
        if name in table.column_names and table[name].null_count:  # rows of both versions
            table = table.set_column(table.column_names.index(name), name, pc.fill_null(table[name], ""))
        if name not in table.column_names and (columns is None or name in columns):
            table = table.append_column(name, pa.array([""] * len(table), pa.string()))
    return table


def as_frame(tables: Iterator[pa.Table], columns: Sequence[str] | None) -> pd.DataFrame:
    """Pieces as one data frame, sorted by key; all columns where ``columns`` is None."""
    pieces = [table for table in tables if len(table)] or [table_of([])]
    frame: pd.DataFrame = concatenated(pieces).to_pandas(self_destruct=True, split_blocks=True)
    added = {name: float("nan") for name in COST if name not in frame}  # by a later version than the table's
    frame = frame.assign(**added)
    if not frame["key"].is_monotonic_increasing:
        frame = frame.sort_values("key", ignore_index=True)
    chosen: pd.DataFrame = frame[in_order(list(frame.columns)) if columns is None else list(columns)]
    return chosen
