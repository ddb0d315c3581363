"""The best and the worst reconstruction of each task, as pictures beside the results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prbench.analysis import SCORED, Goal, goals
from prbench.errors import one_line

from .values import number

if TYPE_CHECKING:
    import pandas as pd

    from prbench.running.store.results import ResultSet


@dataclass(frozen=True)
class Picture:
    """One picture written.

    Attributes:
        path: of the PNG.
        caption: which cell it shows and how that scored.
        task: the task.
        best: whether it is the best reconstruction of the task; else the worst.
    """

    path: Path
    caption: str
    task: str = ""
    best: bool = False


def save_gallery(results: ResultSet) -> list[Picture]:
    """Draw the best and the worst scored reconstruction of each task into ``pictures/`` of the results' folder.

    Where some datasets have a truth, these are chosen from by the distance to it; otherwise by the misfit to the measurement.
    """
    from .pictures import save_picture

    drawn = []
    frame, folder = results.frame, results.store.path / "pictures"
    for task in sorted(frame["task"].unique()):
        for name in ("best", "worst"):
            (folder / f"{task}-{name}.png").unlink(missing_ok=True)
        for name, row, goal in _extremes(frame[frame["task"] == task], task):
            estimate = results.drawable(row["key"])
            if estimate is None:
                continue
            cell = f"{row['solver']} on {row['dataset']}, sample {row['sample']}, seed {row['seed']}"
            caption = f"{name}: {one_line(cell, 110)}: {goal.metric} {number(row[goal.metric])}"
            path = folder / f"{task}-{name}.png"
            folder.mkdir(exist_ok=True)
            made = save_picture(path, results.problem(row["key"]), estimate, caption)
            drawn.append(Picture(made, caption, task, name == "best"))
    return drawn


def _extremes(records: pd.DataFrame, task: str) -> list[tuple[str, dict[str, Any], Goal]]:
    """The best and, where there are several, the worst row with the goal that they were chosen by."""
    scored = records[records["status"].isin(SCORED)]
    for goal in goals(task):
        known = scored[scored[goal.metric].notna()] if goal.metric in scored else scored[:0]
        if len(known):
            ordered = known.sort_values([goal.metric, "key"], ascending=[goal.better == "lower", True])
            ends = [("best", ordered.iloc[0]), ("worst", ordered.iloc[-1])]
            return [(name, {str(k): v for k, v in row.items()}, goal) for name, row in ends[: len(ordered)]]
    return []
