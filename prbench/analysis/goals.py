"""What a leaderboard ranks by and which columns it shows, as tasks and metrics declare it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from prbench.core import Goal, MetricInfo, find_task_info
from prbench.errors import UsageError
from prbench.metrics.costs import metric_infos

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Goal",
    "board_columns",
    "choose_goal",
    "goal_by",
    "goals",
    "judged_by_record",
    "smallest_difference",
    "successes",
    "within",
]


def goals(task: str) -> tuple[Goal, ...]:
    """The goals of a task in order of preference: a truth metric first, then what needs the measurement alone."""
    return find_task_info(task).goals


def choose_goal(task: str, metrics: Iterable[str]) -> Goal:
    """The first goal of ``task`` that is among the ``metrics`` of a dataset; the last one where none is."""
    names = set(metrics)
    options = goals(task)
    return next((goal for goal in options if goal.metric in names), options[-1])


def goal_by(task: str, name: str) -> Goal:
    """The goal that ranks by any metric or cost: the task's own where it has one, else one without a rule of success.

    Raises:
        UsageError: for a name that is no metric.
    """
    own = next((goal for goal in goals(task) if goal.metric == name), None)
    return own or Goal(name, _info(name).better)


def judged_by_record(goal: Goal, frame: pd.DataFrame) -> bool:
    """Whether records of a frame say by themselves which is a success, so that no one threshold of the score does."""
    return goal.found in frame and bool(frame[goal.found].notna().any())


def within(score: np.ndarray, value: float, goal: Goal) -> np.ndarray:
    """Which scores are as good as a value, as bool (N,)."""
    return np.asarray(score <= value if goal.better == "lower" else score >= value)


def successes(score: np.ndarray, found: np.ndarray | None, goal: Goal) -> np.ndarray | None:
    """Which cells are a success, as bool (N,); None where the goal does not say.

    Args:
        score: of each cell, float (N,).
        found: what each record says of it, 1 or 0, and NaN where the threshold counts, as in records of before; None: nowhere.
        goal: the goal.
    """
    if goal.success is None:
        return None
    reached = within(score, goal.success, goal)
    return reached if found is None else np.where(np.isnan(found), reached, np.nan_to_num(found) > 0)


def smallest_difference(goal: Goal) -> float:
    """The smallest difference of a metric or cost that is worth naming, in its unit; closer values are called equal.

    It is what the metric declares, and not more than the error that a task calls a success: where an error of 1e-10 is one, an
    error of 1e-5 is another matter. It is 0, so that every difference counts, for a metric that is no longer installed.
    """
    info = metric_infos().get(goal.metric)
    declared = 0.0 if info is None else info.smallest
    if goal.better == "lower" and goal.success is not None and goal.success > 0:
        return min(declared, goal.success)
    return declared


def board_columns(records: pd.DataFrame, requested: Sequence[str] | None = None) -> tuple[MetricInfo, ...]:
    """The scores and costs that boards of one task show, in order.

    Args:
        records: of the task.
        requested: names of metrics and costs to show, in this order; if None, all that the records have a number of and that do
            not wait to be asked for, but for those that say the same in every row (:func:`spread_columns`).

    Raises:
        UsageError: for a name that is no metric.
    """
    if requested is not None:
        return tuple(_info(name) for name in requested)
    infos = [info for name, info in metric_infos().items() if name in records and records[name].notna().any()]
    return tuple(sorted(spread_columns(records, [info for info in infos if info.priority is not None]), key=MetricInfo.rank))


def spread_columns(records: pd.DataFrame, infos: Sequence[MetricInfo]) -> list[MetricInfo]:
    """The columns whose medians differ by more than their smallest difference worth naming between two rows of a board.

    A row is a dataset and a solver. One row alone has nothing to differ from, and shows all; so does a column with an empty row.
    """
    rows = records.groupby(["dataset", "solver"], observed=True)[[info.name for info in infos]].median()
    if len(rows) < 2:
        return list(infos)
    low, high = rows.min(), rows.max()
    same = rows.notna().all() & ((high == low) | (high - low <= [info.smallest for info in infos]))
    return [info for info in infos if not same[info.name]]


def _info(name: str) -> MetricInfo:
    infos = metric_infos()
    if name not in infos:
        raise UsageError(f"there is no metric {name!r}; metrics are {', '.join(sorted(infos))}")
    return infos[name]
