"""Performance and data profiles: which share of the problems a solver solves, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from prbench.errors import UsageError
from prbench.metrics.cost_names import LATENCY_PAIRS, LATENCY_S, OPERATORS

from .goals import choose_goal, goals, successes
from .leaderboard import NOT_RUN, SCORED

if TYPE_CHECKING:
    import pandas as pd

COSTS = {LATENCY_S: "seconds", LATENCY_PAIRS: "FFT pairs", OPERATORS: "operator calls"}
"""Costs that profiles are drawn over, by column."""
NEAR_BEST = 1.1
"""Where nobody can say what a success is: times the best score of the problem, within which it counts as solved."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """Step functions, one per solver, that rise from 0 towards the share of problems solved at all.

    Attributes:
        kind: ``performance`` or ``data``.
        solvers: the names.
        thresholds: float (S, P), where each solver's function rises, ascending; infinite for a problem not solved. Of a
            performance profile ratios to the least cost of anyone, of a data profile costs.
        cost: the column of the cost.
        problems: how many there are, P.
    """

    kind: Literal["performance", "data"]
    solvers: tuple[str, ...]
    thresholds: np.ndarray
    cost: str
    problems: int

    def at(self, x: np.ndarray) -> np.ndarray:
        """The share of problems solved by each solver up to ``x`` (T,): float (S, T)."""
        return np.stack([np.searchsorted(row, x, side="right") for row in self.thresholds]) / max(self.problems, 1)


def performance_profiles(costs: pd.DataFrame, cost: str) -> Profiles:
    """Dolan and Moré's profiles (Math. Program. 91 (2002) 201, doi:10.1007/s101070100263): the share of problems that a solver
    solves within a factor of the least cost of any solver.

    Args:
        costs: as :func:`costs_to_solve` returns them.
        cost: what they are.
    """
    values = costs.to_numpy(dtype=float)
    best = values.min(axis=0, initial=np.inf)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(values == best, 1.0, values / best)
    ratios = np.where(np.isfinite(values), ratios, np.inf)
    return Profiles("performance", tuple(map(str, costs.index)), np.sort(ratios, axis=1), cost, values.shape[1])


def data_profiles(costs: pd.DataFrame, cost: str) -> Profiles:
    """Moré and Wild's profiles (SIAM J. Optim. 20 (2009) 172, doi:10.1137/080724083): the share of problems that a solver solves
    within a cost, here in seconds, FFT pairs or operator calls in place of simplex gradients.

    Args: as :func:`performance_profiles`.
    """
    values = np.sort(costs.to_numpy(dtype=float), axis=1)
    return Profiles("data", tuple(map(str, costs.index)), values, cost, values.shape[1])


def costs_to_solve(frame: pd.DataFrame, task: str, cost: str = LATENCY_PAIRS) -> pd.DataFrame:
    """What each solver paid for each problem, a problem being one sample of one dataset.

    A cell is solved where its score reaches the success of the dataset's goal or, where there is none, comes within
    :data:`NEAR_BEST` times the best of anyone. A problem costs the median over its seeds, an unsolved one counting as infinite,
    and is infinite for a solver that was not given it.

    Args:
        frame: records, as :func:`prbench.analysis.leaderboards` takes them.
        task: of this task.
        cost: one of :data:`COSTS`.

    Returns:
        rows by solver, columns by (dataset, sample); float.

    Raises:
        UsageError: for an unknown cost, or where no record tells it.
    """
    if cost not in COSTS:
        raise UsageError(f"cost must be one of {', '.join(COSTS)}, got {cost!r}")
    records = frame[(frame["task"] == task) & ~frame["status"].isin(NOT_RUN)]
    if cost not in records or not records[cost].notna().any():
        raise UsageError(f"no record of task {task!r} tells {cost}")
    solved = np.zeros(len(records), dtype=bool)
    for rows in records.groupby("dataset", observed=True).indices.values():
        solved[rows] = _solved(records.iloc[rows], task)
    paid = records[cost].to_numpy(dtype=float)
    paid = np.where(solved & ~np.isnan(paid), paid, np.inf)
    by_problem = (
        records[["solver", "dataset", "sample"]].assign(paid=paid).groupby(["solver", "dataset", "sample"], observed=True)
    )
    return by_problem["paid"].median().unstack(["dataset", "sample"]).fillna(np.inf)


def _solved(records: pd.DataFrame, task: str) -> np.ndarray:
    """Which cells of one dataset reach its goal."""
    goal = choose_goal(task, [g.metric for g in goals(task) if g.metric in records and records[g.metric].notna().any()])
    if goal.metric not in records:
        return np.zeros(len(records), dtype=bool)
    score = records[goal.metric].where(records["status"].isin(SCORED))
    found = records[goal.found].to_numpy(float) if goal.found in records else None
    reached = successes(score.to_numpy(float), found, goal)
    if reached is not None:
        return reached & score.notna().to_numpy()
    best = score.groupby(records["sample"]).transform("min" if goal.better == "lower" else "max")
    slack = (NEAR_BEST - 1) * best.abs()
    return np.asarray(score <= best + slack if goal.better == "lower" else score >= best - slack)
