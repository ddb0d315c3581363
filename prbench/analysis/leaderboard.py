"""Leaderboards: the records of one task, solvers ranked within each dataset, every number with its uncertainty."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core import MetricInfo
from prbench.errors import UsageError
from prbench.metrics.costs import COSTS

from .common import common_block
from .conditions import SEALED, by_conditions, described, under
from .goals import Goal, board_columns, choose_goal, goal_by, goals, smallest_difference, successes, within
from .ranks import point_ranks, rank_intervals, resampled, sample_medians
from .statistics import LEAST_SAMPLES, Estimates, clopper_pearson, group_medians, group_sums, hierarchical_medians

if TYPE_CHECKING:
    import pandas as pd

SCORED = ("ok", "time_limit")
"""Statuses whose reconstruction counts as it is; every other finished cell counts as worst."""
NOT_RUN = ("skipped", "interrupted")
"""Statuses that say nothing about a solver; such cells are left out."""
KEYS = ("task", "solver", "dataset", "sample", "seed", "status")


@dataclass(frozen=True, eq=False)
class Leaderboard:
    """One task's ranking, of records made under equal conditions.

    Attributes:
        task: the task.
        goals: by dataset, the column that decided there.
        columns: the scores and costs beside it, in the order that they are shown in; the same for every dataset.
        rows: one row per dataset and solver, best first within each dataset, then those without a rank. Columns: ``task,
            dataset, rank, solver, metric, median, median_low, median_high, median_level, values, rank_low, rank_high, best,
            iqm, success, success_low, success_high, exact``; for each of ``columns`` ``<column>, <column>_low, <column>_high``;
            ``samples, cells, failed, time_limit, stale, missing, left_out, reason, conditions``. Ranked rows are of the samples
            that all of them have (:func:`~prbench.analysis.common.common_block`): ``left_out`` counts their cells of others; a
            solver that lacks one of these samples has no ``rank`` (missing value) and a ``reason``. Intervals cover 95 % at
            least, ``median_level`` is what that of the median attains; below six samples there are none, and ``values`` holds
            one number per sample, as text. ``best`` is the bootstrap share: in how many resamples of the samples the median is
            the best, from ten samples on; ``iqm`` the interquartile mean; ``missing`` counts the samples and seeds that other
            solvers have been given on the dataset. Infinite where failures reach the number; NaN where there is nothing to say.
        conditions: what sets these records apart from those of other boards of the task, such as ``{"split": "tune"}``; empty
            where the task has one board.
        sealed: by dataset, whether its problems could be known beforehand: ``sealed``, ``not sealed`` or ``public data``.
    """

    task: str
    goals: dict[str, Goal]
    rows: pd.DataFrame
    columns: tuple[MetricInfo, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The task, and the conditions where it has several boards."""
        return f"{self.task}, {described(self.conditions)}" if self.conditions else self.task

    @property
    def slug(self) -> str:
        """The title as part of the name of a file: the task alone where it has one board."""
        return "-".join(re.findall(r"[A-Za-z0-9.]+", self.title))

    def records(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Of a frame of records, those of the board's task and conditions."""
        return under(frame[frame["task"] == self.task], self.conditions)


def leaderboards(
    frame: pd.DataFrame, task: str | None = None, *, rank_by: str | None = None, columns: Sequence[str] | None = None
) -> list[Leaderboard]:
    """A leaderboard for each task in ``frame``; several where split, precision, time limit or seal differ, or where one solver
    computed on several backends (:func:`~prbench.analysis.conditions.by_conditions`).

    The unit of replication is the sample: a sample's cells of different seeds are reduced to their median (for the success
    rate, their mean) first, so that more seeds of few samples do not narrow an interval. Solvers are ranked on common samples.
    Intervals of medians come from order statistics, those of success rates are Clopper and Pearson's, and those of ranks come
    from paired tests.

    Args:
        frame: one row per record with the columns :data:`KEYS`, metrics, costs and, optionally, ``stale`` (bool) and conditions.
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
    boards = [
        _leaderboard(part, name, rank_by, columns, conditions)
        for name in tasks
        for conditions, part in by_conditions(frame[frame["task"] == name])
    ]
    boards = [board for board in boards if len(board.rows)]
    if not boards:
        wanted = f" of task {task!r}" if task else ""
        raise UsageError(f"no finished record{wanted} among {len(frame)}; `prbench status` counts them")
    return boards


def _leaderboard(
    frame: pd.DataFrame, task: str, rank_by: str | None, columns: Sequence[str] | None, conditions: Mapping[str, Any]
) -> Leaderboard:
    import pandas as pd

    parts, chosen = [], {}
    beside = board_columns(frame, columns)
    for dataset, records in frame.groupby("dataset", sort=True, observed=True):
        if records["status"].isin(NOT_RUN).all():
            continue
        metrics = [g.metric for g in goals(task) if g.metric in records and records[g.metric].notna().any()]
        goal = choose_goal(task, metrics) if rank_by is None else goal_by(task, rank_by)
        chosen[str(dataset)] = goal
        parts.append(solver_rows(records, task, str(dataset), goal, beside))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    states = {name: frame.loc[frame["dataset"] == name, SEALED].iloc[0] for name in chosen} if SEALED in frame else {}
    sealed = {name: str(state) for name, state in states.items() if isinstance(state, str)}
    return Leaderboard(task, chosen, rows.assign(conditions=described(conditions)), beside, conditions, sealed)


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
    n = len(names)
    there = np.zeros((n, len(samples)), dtype=bool)
    there[solver, sample] = True
    ranked, common = common_block(there)
    used = common[sample] | ~ranked[solver]
    counts = {
        "missing": asked.max() + 1 - np.bincount(np.unique(solver * (asked.max() + 1) + met) // (asked.max() + 1)),
        "left_out": np.bincount(solver[~used], minlength=n),
    }
    records, solver, sample = records[used], solver[used], sample[used]
    cells = _ScoredCells(solver, sample, (n, len(samples)), ~records["status"].isin(SCORED).to_numpy())
    score = _column(records, goal.metric)
    failed = cells.failed | np.isnan(score)
    score = np.where(failed, goal.worst, score)
    main = cells.medians(score)
    columns: dict[str, object] = {**_spread("median", main), "median_level": main.level, "values": cells.few(score)}
    columns |= _ranking(_cube(score, solver, sample, (n, len(samples))), ranked, common, main.value, goal)
    columns |= _spread("success", cells.shares(_succeeded(records, score, failed, goal)))
    columns["exact"] = cells.shares(None if goal.exact is None else within(score, goal.exact, goal)).value
    shown = (
        *(board_columns(records) if beside is None else beside),
        *(info for info in COSTS.values() if info.priority is not None),
    )
    for name in dict.fromkeys(info.name for info in shown):  # the costs in any case: figures draw them
        columns |= _spread(name, cells.medians(np.where(cells.failed, np.nan, _column(records, name))))
    marks = {
        "cells": np.ones(len(records)),
        "failed": failed,
        "time_limit": (records["status"] == "time_limit").to_numpy(),
        "stale": records["stale"].to_numpy(dtype=bool, na_value=False) if "stale" in records else np.zeros(len(records)),
    }
    columns["samples"] = main.count
    columns |= {name: group_sums(mark, solver, n).astype(int) for name, mark in marks.items()}
    columns |= counts
    shared = (there & common).sum(axis=1)
    columns["reason"] = ["" if ranked[i] else f"{shared[i]} of the {common.sum()} common samples" for i in range(n)]
    head = {"task": task, "dataset": dataset, "rank": columns["rank"], "solver": np.asarray(names), "metric": goal.metric}
    block = pd.DataFrame({**head, **columns})
    up = goal.better == "lower"
    return block.sort_values(["rank", "median", "solver"], ascending=[True, up, True], kind="stable")


@dataclass(frozen=True, eq=False)
class _ScoredCells:
    """The cells of one dataset: whose they are, and what becomes of one number per cell.

    Attributes:
        solver, sample: int (N,).
        shape: how many there are of each.
        failed: bool (N,), cells whose reconstruction does not count.
    """

    solver: np.ndarray
    sample: np.ndarray
    shape: tuple[int, int]
    failed: np.ndarray

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of each pair of solver and sample met the solver; of each cell the pair; of each pair the cells."""
        pairs, pair, count = np.unique(self.solver * self.shape[1] + self.sample, return_inverse=True, return_counts=True)
        return pairs // self.shape[1], pair, count

    def medians(self, values: np.ndarray) -> Estimates:
        """Of each solver; NaN are left out."""
        owner, pair, _ = self._pairs
        return hierarchical_medians(values, pair, owner, self.shape[0])

    def shares(self, marked: np.ndarray | None) -> Estimates:
        """Of each solver, how often a cell is marked; NaN where None is."""
        owner, pair, count = self._pairs
        if marked is None:
            nothing = np.full(self.shape[0], np.nan)
            return Estimates(nothing, nothing, nothing, np.zeros(self.shape[0], dtype=int), nothing)
        share = group_sums(marked, pair, len(count)) / count
        return clopper_pearson(group_sums(share, owner, self.shape[0]), np.bincount(owner, minlength=self.shape[0]))

    def few(self, values: np.ndarray) -> list[str]:
        """Of each solver with too few samples for an interval the numbers themselves, ascending; of one sample nothing."""
        owner, pair, count = self._pairs
        of_samples = group_medians(values, pair, len(count))[0]
        met = np.bincount(owner, minlength=self.shape[0])
        return [
            " ".join(f"{value:.6g}" for value in np.sort(of_samples[owner == i])) if 1 < met[i] < LEAST_SAMPLES else ""
            for i in range(self.shape[0])
        ]


def _succeeded(records: pd.DataFrame, score: np.ndarray, failed: np.ndarray, goal: Goal) -> np.ndarray | None:
    """Which cells are a success, where the goal says so; a failed one is none."""
    reached = successes(score, _column(records, goal.found), goal)
    return None if reached is None else reached & ~failed


def _ranking(scores: np.ndarray, ranked: np.ndarray, common: np.ndarray, medians: np.ndarray, goal: Goal) -> dict[str, object]:
    """What compares the solvers of one dataset with each other: those ranked, on the samples that they have in common."""
    import pandas as pd

    scores, smallest = scores[ranked][:, common], smallest_difference(goal)
    rank = point_ranks(medians[ranked], goal, smallest)
    low, high = rank_intervals(sample_medians(scores), goal, smallest)
    ranks = {"rank": rank, "rank_low": np.minimum(low, rank), "rank_high": np.maximum(high, rank)}
    columns: dict[str, object] = {}
    for name, values in ranks.items():
        column = pd.array([pd.NA] * len(ranked), dtype="Int64")
        column[ranked] = values
        columns[name] = column
    for name, numbers in zip(("iqm", "best"), resampled(scores, goal), strict=True):
        filled = np.full(len(ranked), np.nan)
        filled[ranked] = numbers
        columns[name] = filled
    return {name: columns[name] for name in ("rank", "rank_low", "rank_high", "best", "iqm")}


def _cube(score: np.ndarray, solver: np.ndarray, sample: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Scores by solver, sample and seed, NaN where there is no cell."""
    order = np.lexsort((score, sample, solver))
    where = (solver * shape[1] + sample)[order]
    count = np.bincount(where, minlength=shape[0] * shape[1])
    index = np.arange(len(where)) - np.repeat(np.cumsum(count) - count, count)
    cube = np.full((shape[0] * shape[1], count.max(initial=1)), np.nan)
    cube[where, index] = score[order]
    return cube.reshape(*shape, -1)


def _column(records: pd.DataFrame, name: str) -> np.ndarray:
    if name not in records:
        return np.full(len(records), np.nan)
    return records[name].to_numpy(dtype=float, na_value=np.nan)


def _spread(name: str, result: Estimates) -> dict[str, np.ndarray]:
    return {name: result.value, f"{name}_low": result.low, f"{name}_high": result.high}
