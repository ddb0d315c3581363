"""Leaderboards: the records of one task, solvers ranked within each dataset, every number with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prbench.errors import UsageError

from .goals import Goal, choose_goal, goals, side_columns
from .statistics import Estimates, bootstrap_medians, group_medians, group_sums, wilson

if TYPE_CHECKING:
    import pandas as pd

SCORED = ("ok", "time_limit")
"""Statuses whose reconstruction counts as it is; every other finished cell counts as worst."""
NOT_RUN = ("skipped", "interrupted")
"""Statuses that say nothing about a solver; such cells are left out."""
KEYS = ("task", "solver", "dataset", "sample", "seed", "status")


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """One task's ranking.

    Attributes:
        task: the task.
        goals: by dataset, the column that decided there.
        rows: one row a dataset and solver, best first within each dataset. Columns: ``task, dataset, rank, solver, metric,
            median, median_low, median_high, success, success_low, success_high``; for each of the task's
            :func:`~prbench.analysis.goals.side_columns` ``<column>, <column>_low, <column>_high``; ``samples, cells, failed,
            time_limit, stale``. Intervals cover 95 %. Infinite where failures reach the median; NaN where there is nothing to
            say.
    """

    task: str
    goals: dict[str, Goal]
    rows: pd.DataFrame


def leaderboards(frame: pd.DataFrame, task: str | None = None) -> list[Leaderboard]:
    """A leaderboard for each task in ``frame``.

    The unit of replication is the sample: a sample's cells of different seeds are reduced to their median (for the success
    rate, their mean) first, so that more seeds of few samples do not narrow an interval.

    Args:
        frame: one row a record with the columns :data:`KEYS`, metrics, costs and, optionally, ``stale`` (bool).
        task: only this one.

    Raises:
        UsageError: where the frame has no finished record of the task.
    """
    missing = [column for column in KEYS if column not in frame.columns]
    if missing:
        raise UsageError(f"records need the columns {', '.join(KEYS)}; missing: {', '.join(missing)}")
    tasks = sorted(frame["task"].unique()) if task is None else [task]
    finished = frame[~frame["status"].isin(NOT_RUN)]
    boards = [_leaderboard(finished[finished["task"] == name], name) for name in tasks]
    boards = [board for board in boards if len(board.rows)]
    if not boards:
        wanted = f" of task {task!r}" if task else ""
        raise UsageError(f"no finished record{wanted} among {len(frame)}; `prbench status` counts them")
    return boards


def _leaderboard(frame: pd.DataFrame, task: str) -> Leaderboard:
    import pandas as pd

    parts, chosen = [], {}
    for dataset, records in frame.groupby("dataset", sort=True, observed=True):
        known = [g.metric for g in goals(task) if g.metric in records and records[g.metric].notna().any()]
        goal = choose_goal(task, known)
        chosen[str(dataset)] = goal
        parts.append(_block(records, task, str(dataset), goal))
    return Leaderboard(task, chosen, pd.concat(parts, ignore_index=True) if parts else pd.DataFrame())


def _block(records: pd.DataFrame, task: str, dataset: str, goal: Goal) -> pd.DataFrame:
    """The rows of one dataset."""
    import pandas as pd

    solver, names = pd.factorize(records["solver"], sort=True)
    pair, pairs = pd.factorize(pd.MultiIndex.from_arrays([solver, records["sample"].to_numpy()]))
    owner = np.asarray(pairs.get_level_values(0), dtype=int)
    n = len(names)
    scored = records["status"].isin(SCORED).to_numpy()
    score = _column(records, goal.metric)
    failed = ~scored | np.isnan(score)
    score = np.where(failed, goal.worst, score)
    per_sample, per_sample_cells = group_medians(score, pair, len(pairs))
    main = bootstrap_medians(per_sample, owner, n)
    columns: dict[str, object] = {"task": task, "dataset": dataset, "solver": np.asarray(names), "metric": goal.metric}
    columns |= _spread("median", main)
    if goal.success is not None:
        reached = score <= goal.success if goal.better == "lower" else score >= goal.success
        share = group_sums(reached, pair, len(pairs)) / per_sample_cells
        columns |= _spread("success", wilson(group_sums(share, owner, n), main.count))
    else:
        columns |= {"success": np.nan, "success_low": np.nan, "success_high": np.nan}
    for name in side_columns(task):
        values = np.where(scored, _column(records, name), np.nan)
        columns |= _spread(name, bootstrap_medians(group_medians(values, pair, len(pairs))[0], owner, n))
    marks = {
        "cells": np.ones(len(records)),
        "failed": failed,
        "time_limit": (records["status"] == "time_limit").to_numpy(),
        "stale": records["stale"].to_numpy(dtype=bool, na_value=False) if "stale" in records else np.zeros(len(records)),
    }
    columns["samples"] = main.count
    columns |= {name: group_sums(mark, solver, n).astype(int) for name, mark in marks.items()}
    block = pd.DataFrame(columns)
    rank = block["median"].rank(method="min", ascending=goal.better == "lower").astype(int)
    block.insert(2, "rank", rank)
    return block.sort_values(["rank", "solver"], kind="stable")


def _column(records: pd.DataFrame, name: str) -> np.ndarray:
    if name not in records:
        return np.full(len(records), np.nan)
    return records[name].to_numpy(dtype=float, na_value=np.nan)


def _spread(name: str, found: Estimates) -> dict[str, np.ndarray]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
