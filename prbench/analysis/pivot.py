"""Scores against one setting of a dataset: how many images, photons or pixels a solver needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prbench.core import build_plugin, format_name, parse_name, setting_defaults, setting_infos
from prbench.core.settings import Scalar
from prbench.errors import UsageError
from prbench.metrics.cost_names import LATENCY_S

from .conditions import described
from .goals import Goal
from .leaderboard import Leaderboard

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Pivot:
    """The solvers of a dataset against the values of one of its settings.

    Attributes:
        task: the task.
        dataset: as spelled, without the setting.
        setting: its name.
        unit: of the setting, ``""`` where it has none.
        values: in ascending order, None (such as no noise) last.
        goal: the column that decides.
        rows: one row per solver and value, solvers in the order of their best median. Columns: ``task, dataset, setting, value,
            solver, metric``; ``median``, ``success`` and ``latency_s``, each with ``_low`` and ``_high``; ``dose, samples,
            cells, failed, conditions``. Medians and success rates are as in a leaderboard; ``dose`` is the setting ``images``
            times ``photons``, photons per pixel that the images of the sample took together, NaN for datasets without the two.
        conditions: what sets the records apart from those of other boards of the task, in words.
    """

    task: str
    dataset: str
    setting: str
    unit: str
    values: tuple[Scalar, ...]
    goal: Goal
    rows: pd.DataFrame
    conditions: str = ""


_TAKEN = (
    *("solver", "metric"),
    *(f"{name}{end}" for name in ("median", "success", LATENCY_S) for end in ("", "_low", "_high")),
)
_COUNTS = ("samples", "cells", "failed")


def pivots(boards: Sequence[Leaderboard], setting: str) -> list[Pivot]:
    """Turn leaderboards about: one pivot for all datasets that differ in ``setting`` alone.

    Datasets without the setting are left out, and those with one value of it where others have more.

    Raises:
        UsageError: where no dataset has it, with the settings that there are.
    """
    import pandas as pd

    result: list[Pivot] = []
    settings: set[str] = set()
    for board in boards:
        groups: dict[tuple[str, Goal], list[tuple[Scalar, str, float]]] = {}
        units: dict[str, str] = {}
        for spelled, goal in board.goals.items():
            position = _position(spelled, setting)
            settings |= position.settings
            if position.group:
                groups.setdefault((position.group, goal), []).append((position.value, spelled, position.dose))
                units[position.group] = position.unit
        for (group, goal), members in groups.items():
            members.sort(key=lambda member: (member[0] is None, isinstance(member[0], str), member[0] or 0))
            parts = []
            for value, spelled, dose in members:
                part = board.rows[board.rows["dataset"] == spelled][[*_TAKEN, *_COUNTS]]
                parts.append(part.assign(task=board.task, dataset=group, setting=setting, value=value, dose=dose))
            rows = pd.concat(parts, ignore_index=True)
            best = rows.groupby("solver")["median"].transform("min" if goal.better == "lower" else "max")
            rows = rows.assign(best=best if goal.better == "lower" else -best)
            rows = rows.sort_values(["best", "solver"], kind="stable", ignore_index=True)
            words = described(board.conditions)
            rows = rows[["task", "dataset", "setting", "value", *_TAKEN, "dose", *_COUNTS]].assign(conditions=words)
            values = tuple(value for value, _, _ in members)
            result.append(Pivot(board.task, group, setting, units[group], values, goal, rows, words))
    if not result:
        there = f"; their settings are: {', '.join(sorted(settings))}" if settings else ""
        raise UsageError(f"no dataset of these results has a setting {setting!r}{there}")
    return [pivot for pivot in result if len(pivot.values) > 1] or result


@dataclass(frozen=True)
class _Position:
    """Where a dataset stands: ``group`` is empty for one that lacks the setting or is no longer installed."""

    settings: frozenset[str]
    group: str = ""
    value: Scalar = None
    unit: str = ""
    dose: float = float("nan")


def _position(spelled: str, setting: str) -> _Position:
    try:
        built = build_plugin("dataset", spelled)
    except UsageError:
        return _Position(frozenset())
    params = built.params()
    settings = frozenset(params)
    if setting not in params:
        return _Position(settings)
    name, _ = parse_name(spelled)
    defaults = setting_defaults(type(built))
    rest = {key: value for key, value in params.items() if key != setting and value != defaults[key]}
    return _Position(settings, format_name(name, rest), params[setting], setting_infos(type(built))[setting].unit, _dose(params))


def _dose(params: dict[str, Scalar]) -> float:
    images, photons = params.get("images"), params.get("photons")
    if isinstance(images, int) and isinstance(photons, int | float):
        return float(images * photons)
    return float("nan")
