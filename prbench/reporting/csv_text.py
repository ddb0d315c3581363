"""Rows as CSV that a spreadsheet shows as text: names in results may be a stranger's, and a cell may not become a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_text(rows: pd.DataFrame) -> str:
    """Rows as CSV without a final line break; text that begins as a formula does has an apostrophe before it, numbers do not."""
    told = rows.rename(columns=_safe)
    columns = {name: told[name].map(_safe) for name in told.columns if told[name].dtype.kind not in "biuf"}
    return str(told.assign(**columns).to_csv(index=False)).rstrip("\n")


def _safe(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace("\r", " ")  # which would end a row, and which the writer does not quote
    return f"'{text}" if value.startswith(_FORMULA) else text
