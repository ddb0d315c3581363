"""How far a set of records is: counts by status, and the reasons of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .leaderboard import NOT_RUN, SCORED

if TYPE_CHECKING:
    import pandas as pd


def count_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Cells by task and solver.

    Args:
        frame: one row a record with ``task, solver, status`` and, optionally, ``stale``.

    Returns:
        columns ``task, solver, cells``, one for each status met (``ok`` first), ``failed`` and ``stale``, all int. ``failed``
        sums the statuses that stand for a failure of the solver.
    """
    import pandas as pd

    by = [frame["task"], frame["solver"]]
    counts = pd.crosstab(by, frame["status"])
    counts.columns.name = None
    failed = [name for name in counts if name not in (*SCORED, *NOT_RUN)]
    order = [name for name in (*SCORED, *NOT_RUN) if name in counts]
    found = counts[order + failed].copy()
    found.insert(0, "cells", counts.sum(axis=1))
    found["failed"] = counts[failed].sum(axis=1)
    found["stale"] = frame["stale"].groupby(by).sum().astype(int) if "stale" in frame else 0
    return found.reset_index()


def count_warnings(frame: pd.DataFrame) -> pd.DataFrame:
    """What is suspicious in data or reconstructions: columns ``dataset, warning, cells``; a cell may have several.

    Args:
        frame: one row a record with ``dataset`` and ``warnings``, lines of text.
    """
    said = frame[["dataset"]].assign(warning=frame["warnings"].str.split("\n")).explode("warning")
    said = said[said["warning"].fillna("") != ""]
    return said.groupby(["dataset", "warning"], sort=False).size().rename("cells").reset_index()


def count_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """What went wrong, most frequent first: columns ``solver, dataset, status, reason, cells``; a reason is the stored error."""
    wrong = frame[~frame["status"].isin(SCORED)].assign(reason=lambda f: f["error"].fillna("") if "error" in f else "")
    by = ["solver", "dataset", "status", "reason"]
    return wrong.groupby(by, sort=True).size().rename("cells").reset_index().sort_values("cells", ascending=False, kind="stable")
