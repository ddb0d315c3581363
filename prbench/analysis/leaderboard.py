"""Leaderboards: the records of one task, solvers ranked within each dataset, every number with its uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from prbench.core import MetricInfo
from prbench.errors import UsageError
from prbench.metrics.costs import COSTS

from .goals import Goal, board_columns, choose_goal, goal_by, goals, smallest_difference
from .ranks import point_ranks, rank_intervals, resampled, sample_medians
from .statistics import Estimates, group_sums, hierarchical_medians, wilson

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
        columns: the scores and costs beside it, in the order that they are shown in; the same for every dataset.
        rows: one row a dataset and solver, best first within each dataset. Columns: ``task, dataset, rank, solver, metric,
            median, median_low, median_high, rank_low, rank_high, best, iqm, iqm_low, iqm_high, success, success_low,
            success_high``; for each of ``columns`` ``<column>, <column>_low, <column>_high``;
            ``samples, cells, failed, time_limit, stale, missing``. ``best`` is the probability of having the best median,
            ``iqm`` the interquartile mean; ``missing`` counts the samples and seeds that other solvers have been given on the
            dataset. Intervals cover 95 %. Infinite where failures reach the number; NaN where there is nothing to say.
    """

    task: str
    goals: dict[str, Goal]
    rows: pd.DataFrame
    columns: tuple[MetricInfo, ...] = ()


def leaderboards(
    frame: pd.DataFrame, task: str | None = None, *, rank_by: str | None = None, columns: Sequence[str] | None = None
) -> list[Leaderboard]:
    """A leaderboard for each task in ``frame``.

    The unit of replication is the sample: a sample's cells of different seeds are reduced to their median (for the success
    rate, their mean) first, so that more seeds of few samples do not narrow an interval. Intervals of medians are those of the
    hierarchical bootstrap, intervals of ranks those of paired tests.

    Args:
        frame: one row a record with the columns :data:`KEYS`, metrics, costs and, optionally, ``stale`` (bool).
        task: only this one.
        rank_by: the metric or cost that ranks, the task's goals where None; tasks without a number of it are left out.
        columns: names of the metrics and costs beside it; those of :func:`~prbench.analysis.goals.board_columns` where None.

    Raises:
        UsageError: where the frame has no finished record of the task, or none with a number of ``rank_by``.
    """
    missing = [column for column in KEYS if column not in frame.columns]
    if missing:
        raise UsageError(f"records need the columns {', '.join(KEYS)}; missing: {', '.join(missing)}")
    tasks = sorted(frame["task"].unique()) if task is None else [task]
    if rank_by is not None:
        tasks = [name for name in tasks if rank_by in frame and frame.loc[frame["task"] == name, rank_by].notna().any()]
        if not tasks:
            raise UsageError(f"no record has a number of {rank_by!r}; `prbench list --kind metric` shows what each task has")
    boards = [_leaderboard(frame[frame["task"] == name], name, rank_by, columns) for name in tasks]
    boards = [board for board in boards if len(board.rows)]
    if not boards:
        wanted = f" of task {task!r}" if task else ""
        raise UsageError(f"no finished record{wanted} among {len(frame)}; `prbench status` counts them")
    return boards


def _leaderboard(frame: pd.DataFrame, task: str, rank_by: str | None, columns: Sequence[str] | None) -> Leaderboard:
    import pandas as pd

    parts, chosen = [], {}
    beside = board_columns(frame, columns)
    for dataset, records in frame.groupby("dataset", sort=True, observed=True):
        if records["status"].isin(NOT_RUN).all():
            continue
        known = [g.metric for g in goals(task) if g.metric in records and records[g.metric].notna().any()]
        goal = choose_goal(task, known) if rank_by is None else goal_by(task, rank_by)
        chosen[str(dataset)] = goal
        parts.append(solver_rows(records, task, str(dataset), goal, beside))
    return Leaderboard(task, chosen, pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(), beside)


def solver_rows(
    records: pd.DataFrame, task: str, dataset: str, goal: Goal, beside: Sequence[MetricInfo] | None = None
) -> pd.DataFrame:
    """The rows of one dataset, as in :class:`Leaderboard`, where at least one of the ``records`` is finished."""
    import pandas as pd

    asked = records.groupby(["sample", "seed"]).ngroup().to_numpy()
    finished = ~records["status"].isin(NOT_RUN).to_numpy()
    records, met = records[finished], asked[finished]
    solver, names = pd.factorize(records["solver"], sort=True)
    sample, samples = pd.factorize(records["sample"], sort=True)
    pairs, pair = np.unique(solver * len(samples) + sample, return_inverse=True)
    owner, n = pairs // len(samples), len(names)
    scored = records["status"].isin(SCORED).to_numpy()
    score = _column(records, goal.metric)
    failed = ~scored | np.isnan(score)
    score = np.where(failed, goal.worst, score)
    main = hierarchical_medians(score, pair, owner, n)
    columns: dict[str, object] = {"task": task, "dataset": dataset, "solver": np.asarray(names), "metric": goal.metric}
    columns |= _spread("median", main)
    columns |= _ranking(_cube(score, solver, sample, (n, len(samples))), goal)
    if goal.success is not None:
        reached = score <= goal.success if goal.better == "lower" else score >= goal.success
        share = group_sums(reached, pair, len(pairs)) / np.bincount(pair, minlength=len(pairs))
        columns |= _spread("success", wilson(group_sums(share, owner, n), main.count))
    else:
        columns |= {"success": np.nan, "success_low": np.nan, "success_high": np.nan}
    shown = (
        *(board_columns(records) if beside is None else beside),
        *(info for info in COSTS.values() if info.place is not None),
    )
    for name in dict.fromkeys(info.name for info in shown):  # the costs in any case: figures draw them
        values = np.where(scored, _column(records, name), np.nan)
        columns |= _spread(name, hierarchical_medians(values, pair, owner, n))
    marks = {
        "cells": np.ones(len(records)),
        "failed": failed,
        "time_limit": (records["status"] == "time_limit").to_numpy(),
        "stale": records["stale"].to_numpy(dtype=bool, na_value=False) if "stale" in records else np.zeros(len(records)),
    }
    columns["samples"] = main.count
    columns |= {name: group_sums(mark, solver, n).astype(int) for name, mark in marks.items()}
    columns["missing"] = asked.max() + 1 - np.bincount(np.unique(solver * (asked.max() + 1) + met) // (asked.max() + 1))
    block = pd.DataFrame(columns)
    rank = point_ranks(main.value, goal, smallest_difference(goal))
    block.insert(2, "rank", rank)
    block["rank_low"], block["rank_high"] = np.minimum(block["rank_low"], rank), np.maximum(block["rank_high"], rank)
    up = goal.better == "lower"
    return block.sort_values(["rank", "median", "solver"], ascending=[True, up, True], kind="stable")


def _ranking(scores: np.ndarray, goal: Goal) -> dict[str, object]:
    """What compares the solvers of one dataset with each other."""
    low, high = rank_intervals(sample_medians(scores), goal, smallest_difference(goal))
    iqm, best = resampled(scores, goal)
    return {"rank_low": low, "rank_high": high, "best": best, **_spread("iqm", iqm)}


def _cube(score: np.ndarray, solver: np.ndarray, sample: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Scores by solver, sample and seed, NaN where there is no cell."""
    order = np.lexsort((score, sample, solver))
    where = (solver * shape[1] + sample)[order]
    count = np.bincount(where, minlength=shape[0] * shape[1])
    place = np.arange(len(where)) - np.repeat(np.cumsum(count) - count, count)
    cube = np.full((shape[0] * shape[1], count.max(initial=1)), np.nan)
    cube[where, place] = score[order]
    return cube.reshape(*shape, -1)


def _column(records: pd.DataFrame, name: str) -> np.ndarray:
    if name not in records:
        return np.full(len(records), np.nan)
    return records[name].to_numpy(dtype=float, na_value=np.nan)


def _spread(name: str, found: Estimates) -> dict[str, np.ndarray]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
