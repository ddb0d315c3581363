"""Which reconstructions stand for the solvers of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prbench.analysis import SCORED, Leaderboard
from prbench.core import Reconstruction

if TYPE_CHECKING:
    import pandas as pd

    from prbench.running.store.results import ResultSet


def pictured_rows(results: ResultSet, board: Leaderboard, dataset: str, most: int) -> list[tuple[dict[str, Any], Reconstruction]]:
    """The rows and reconstructions to show of a dataset: one per solver, the best solvers first.

    All are of the sample that most solvers have, each with its first seed; what has no stored arrays is left out.
    """
    ranked = list(board.rows.loc[board.rows["dataset"] == dataset, "solver"])
    frame = board.records(results.frame)
    mine = frame[(frame["dataset"] == dataset) & frame["status"].isin(SCORED)]
    if mine.empty:
        return []
    met = mine.groupby("sample")["solver"].nunique()
    mine = mine[mine["sample"] == met[met == met.max()].index.min()]
    first = mine.sort_values(["seed", "key"]).drop_duplicates("solver").set_index("solver", drop=False)
    result: list[tuple[dict[str, Any], Reconstruction]] = []
    for solver in ranked:
        if len(result) == most:
            break
        if solver in first.index and (stored := _stored(results, first.loc[solver])) is not None:
            result.append(stored)
    return result


def _stored(results: ResultSet, row: pd.Series[Any]) -> tuple[dict[str, Any], Reconstruction] | None:
    result = results.drawable(str(row["key"]))
    return None if result is None else ({str(k): v for k, v in row.items()}, result)
