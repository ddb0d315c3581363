"""How far a set of records is: counts by status, and the reasons of failures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .leaderboard import NOT_RUN, SCORED

if TYPE_CHECKING:
    import pandas as pd


def count_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """Cells by task and solver.

    Args:
        frame: one row per record with ``task, solver, status`` and, optionally, ``stale``; or one for several records that agree
            in these, with their number in ``cells``.

    Returns:
        columns ``task, solver, cells``, one for each status met (``ok`` first), ``failed`` and ``stale``, all int. ``failed``
        sums the statuses that stand for a failure of the solver.
    """
    import pandas as pd

    by, weights = [frame["task"], frame["solver"]], _weights(frame)
    counts = pd.crosstab(by, frame["status"], weights, aggfunc="sum").fillna(0).astype(int)
    counts.columns.name = None
    failed = [name for name in counts if name not in (*SCORED, *NOT_RUN)]
    order = [name for name in (*SCORED, *NOT_RUN) if name in counts]
    result = counts[order + failed].copy()
    result.insert(0, "cells", counts.sum(axis=1))
    result["failed"] = counts[failed].sum(axis=1)
    result["stale"] = (frame["stale"] * weights).groupby(by).sum().astype(int) if "stale" in frame else 0
    return result.reset_index()


def count_warnings(frame: pd.DataFrame) -> pd.DataFrame:
    """What is suspicious in data or reconstructions: columns ``dataset, warning, cells``; a cell may have several.

    Args:
        frame: one row per record with ``dataset`` and ``warnings``, lines of text; or fewer with ``cells``, as in
            :func:`count_cells`.
    """
    said = frame[["dataset"]].assign(warning=frame["warnings"].str.split("\n"), cells=_weights(frame)).explode("warning")
    said = said[said["warning"].fillna("") != ""]
    return said.groupby(["dataset", "warning"], sort=False)["cells"].sum().reset_index()


def count_reasons(frame: pd.DataFrame) -> pd.DataFrame:
    """What went wrong, most frequent first: columns ``solver, dataset, status, reason, cells``; a reason is the stored error."""
    wrong = frame[~frame["status"].isin(SCORED)].assign(reason=lambda f: f["error"].fillna("") if "error" in f else "")
    by = ["solver", "dataset", "status", "reason"]
    counts = wrong.assign(cells=_weights(wrong)).groupby(by, sort=True)["cells"].sum().reset_index()
    return counts.sort_values("cells", ascending=False, kind="stable")


def count_failed_metrics(frame: pd.DataFrame) -> dict[str, int]:
    """The metrics that failed, each with its reason as the records note it, and in how many cells."""
    counts: Counter[str] = Counter()
    if "failed_metrics" in frame:
        told = frame[frame["failed_metrics"].fillna("") != ""]
        for text, cells in zip(told["failed_metrics"], _weights(told), strict=True):
            for one in str(text).split("\n"):
                counts[one] += int(cells)
    return dict(counts.most_common())


def _weights(frame: pd.DataFrame) -> pd.Series[Any]:
    """How many records each row stands for."""
    import pandas as pd

    return frame["cells"] if "cells" in frame else pd.Series(1, index=frame.index)
