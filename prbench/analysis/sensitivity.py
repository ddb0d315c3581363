"""How much a solver's quality depends on its own settings."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from prbench.core import format_name, load_plugin, parse_name
from prbench.core.settings import Scalar
from prbench.errors import UsageError

from .goals import Goal, choose_goal, goals, successes
from .leaderboard import NOT_RUN, SCORED
from .search_space import draw, search_space
from .statistics import hierarchical_medians

if TYPE_CHECKING:
    import pandas as pd

DRAW = "draw"
"""Column that numbers the settings drawn; 0 is the solver as the user named it."""
VARIED = "set."
"""Before the name of a setting that varies, the columns of its values."""


def random_settings(solver: str, count: int, only: Collection[str] = (), seed: int = 0) -> list[tuple[str, dict[str, Scalar]]]:
    """A solver as named, and ``count`` times with random settings from the ranges that it declares.

    Args:
        solver: by name; settings given in brackets stay.
        count: how many settings to draw.
        only: names of the settings that vary; all that declare a range or choices where empty.
        seed: of the draws; the first draws of a larger count are those of a smaller one.

    Returns:
        How each is spelled, and what varies with its value; the solver as named first.

    Raises:
        UsageError: as :func:`prbench.analysis.search_space.search_space`.
    """
    name, params = parse_name(solver)
    cls = load_plugin("solver", name)
    space = search_space(cls, params, only)
    rng = np.random.default_rng(seed)
    named = cls.from_params(params).params()
    points = [
        {dimension.name: named[dimension.name] for dimension in space},
        *(draw(cls, params, space, rng) for _ in range(count)),
    ]
    return [(format_name(name, {**params, **point} if number else params), point) for number, point in enumerate(points)]


def sensitivity(frame: pd.DataFrame, points: pd.DataFrame) -> tuple[dict[str, Goal], pd.DataFrame, pd.DataFrame]:
    """The spread of quality over random settings.

    A setting's score is the median over samples of the medians over seeds, failures counting as worst.

    Args:
        frame: records, as :func:`prbench.analysis.leaderboards` takes them, with their ``key``.
        points: one row per cell: ``key, solver, dataset`` (as the user named them), :data:`DRAW`, ``spelled`` (the solver with
            the settings drawn) and a column :data:`VARIED` + name for each setting.

    Returns:
        The goal of each dataset. A row for each task, dataset and solver: ``settings`` drawn; ``default, default_low,
        default_high``, the score as named with its interval; ``best, low, median, high, worst`` over the settings drawn, low and
        high being the quantiles of 10 % and 90 % from the better side; ``success``, the share of settings that succeed in half
        of their samples; ``spelled``, the best solver met. And a row for each of these and each numeric setting: ``setting``,
        ``correlation`` (Spearman's, with the score: positive where larger values score higher) and its ``p``.

    Raises:
        UsageError: where no cell is finished.
    """
    import pandas as pd

    records = points.merge(frame.drop(columns=["solver", "dataset"]), on="key")
    records = records[~records["status"].isin(NOT_RUN)]
    chosen, rows, influences = {}, [], []
    for (task, dataset), group in records.groupby(["task", "dataset"], sort=False):
        metrics = [g.metric for g in goals(str(task)) if g.metric in group and group[g.metric].notna().any()]
        goal = chosen[str(dataset)] = choose_goal(str(task), metrics)
        for solver, part in group.groupby("solver", sort=False):
            where = {"task": task, "dataset": dataset, "solver": solver, "metric": goal.metric}
            draws = _scores(part, goal)
            rows.append({**where, **_spread(draws, goal)})
            influences += [{**where, **result} for result in _influences(draws)]
    if not rows:
        raise UsageError(f"no cell of the settings drawn is finished, of {len(frame)}")
    columns = ["task", "dataset", "solver", "metric", "setting", "correlation", "p"]
    return chosen, pd.DataFrame(rows), pd.DataFrame(influences, columns=columns)


def _scores(part: pd.DataFrame, goal: Goal) -> pd.DataFrame:
    """One row a draw: its settings, ``spelled``, its ``score`` with ``low`` and ``high``, and the median of ``success``."""
    score = part[goal.metric].where(part["status"].isin(SCORED)).to_numpy(float) if goal.metric in part else np.nan
    score = np.broadcast_to(np.where(np.isnan(score), goal.worst, score), len(part))
    number, numbers = _codes(part[DRAW].to_numpy())
    sample, samples = _codes(part["sample"].to_numpy())
    pairs, pair = np.unique(number * len(samples) + sample, return_inverse=True)
    found = part[goal.found].to_numpy(float) if goal.found in part else None
    reached = successes(score, found, goal)
    result, success = (
        hierarchical_medians(values, pair, pairs // len(samples), len(numbers))
        for values in (score, np.full(len(part), np.nan) if reached is None else reached.astype(float))
    )
    settings = part.drop_duplicates(DRAW).sort_values(DRAW, ignore_index=True)
    return settings.assign(score=result.value, low=result.low, high=result.high, success=success.value)


def _codes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    unique, codes = np.unique(values, return_inverse=True)
    return codes, unique


def _spread(draws: pd.DataFrame, goal: Goal) -> dict[str, object]:
    named, drawn = draws[draws[DRAW] == 0], draws[draws[DRAW] > 0]
    nothing = {"score": np.nan, "low": np.nan, "high": np.nan}
    default = named.iloc[0] if len(named) else nothing
    sign = 1 if goal.better == "lower" else -1
    ordered = np.sort(sign * drawn["score"].to_numpy())
    ends = sign * np.quantile(ordered, [0, 0.1, 0.5, 0.9, 1], method="inverted_cdf") if len(ordered) else np.full(5, np.nan)
    reached = float(np.mean(drawn["success"] >= 0.5)) if goal.success is not None and len(drawn) else np.nan
    best = draws.iloc[int(np.argmin(sign * draws["score"].to_numpy()))]
    return {
        "settings": len(drawn),
        "default": default["score"],
        "default_low": default["low"],
        "default_high": default["high"],
        **dict(zip(("best", "low", "median", "high", "worst"), map(float, ends), strict=True)),
        "success": reached,
        "spelled": best["spelled"],
    }


def _influences(draws: pd.DataFrame) -> list[dict[str, object]]:
    from scipy.stats import rankdata, spearmanr

    drawn = draws[draws[DRAW] > 0]
    score = rankdata(drawn["score"])
    result: list[dict[str, object]] = []
    for column in drawn.columns:
        values = drawn[column] if column.startswith(VARIED) else None
        if values is None or not all(isinstance(v, int | float) and np.isfinite(v) for v in values):
            continue
        if len(drawn) > 2 and values.nunique() > 1 and len(set(score)) > 1:
            test = spearmanr(values.to_numpy(float), score)
            result.append({"setting": column.removeprefix(VARIED), "correlation": float(test.statistic), "p": float(test.pvalue)})
    return sorted(result, key=lambda row: -abs(float(row["correlation"])))  # type: ignore[arg-type]
