"""Sweeps: what becomes of solvers as a setting of the problem, or of their own, runs over a range."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from prbench.core import build_plugin, format_name, load_plugin, parse_name, setting_infos, split_names
from prbench.core.settings import Scalar, Settings
from prbench.errors import UsageError, one_line

from .goals import Goal, choose_goal, goals
from .leaderboard import NOT_RUN, solver_rows
from .search_space import Dimension, takes_integers

if TYPE_CHECKING:
    import pandas as pd

Whose = Literal["dataset", "solver"]
_MOST = 1000
_RANGE = re.compile(r"([^:]+):([^:]+):(\d{1,4})(log)?")


@dataclass(frozen=True)
class SweepAxis:
    """A setting and the values it takes.

    Attributes:
        name: of the setting.
        values: as a user writes them.
        whose: the dataset's or the solvers' setting, None where the name says enough.
    """

    name: str
    values: tuple[str, ...]
    whose: Whose | None = None

    @property
    def column(self) -> str:
        """The column of tables that holds the values."""
        return f"over.{self.name}"


@dataclass(frozen=True)
class Point:
    """One point of a sweep.

    Attributes:
        solver, dataset: with the settings of this point.
        solver_label, dataset_label: without those that are swept.
        values: one per axis, as the plug-in understood it, ``"none"`` for none; None where a solver does not have the setting.
    """

    solver: str
    dataset: str
    solver_label: str
    dataset_label: str
    values: tuple[Scalar, ...]


def parse_axis(text: str) -> SweepAxis:
    """Read ``photons=1,10,100``, ``photons=1:1000:7log``, ``beta=0.5:1:6``, or one with ``dataset.`` or ``solver.`` before it.

    Raises:
        UsageError: for anything else.
    """
    wanted = "expected NAME=1,10,100 or NAME=LOW:HIGH:COUNT, with log after the count for equal ratios"
    name, equals, spec = text.partition("=")
    whose, dot, bare = name.strip().rpartition(".")
    if not equals or (dot and whose not in ("dataset", "solver")) or not re.fullmatch(r"[a-z_][a-z0-9_]*", bare):
        raise UsageError(f"{wanted}, got {one_line(text, 60)!r}")
    match = _RANGE.fullmatch(spec.strip())
    values = _spread(match, wanted, text) if match else tuple(dict.fromkeys(split_names(spec)))
    if len(values) < 2:
        raise UsageError(f"{bare}: a sweep needs two values or more, got {one_line(spec, 60)!r}; {wanted}")
    return SweepAxis(bare, values, whose or None)  # type: ignore[arg-type]


def _spread(match: re.Match[str], wanted: str, text: str) -> tuple[str, ...]:
    try:
        low, high, count, log = float(match[1]), float(match[2]), int(match[3]), bool(match[4])
    except ValueError as error:
        raise UsageError(f"{wanted}, got {one_line(text, 60)!r}") from error
    if not (2 <= count <= _MOST and low < high and np.isfinite([low, high]).all() and (low > 0 or not log)):
        raise UsageError(
            f"a range needs LOW < HIGH, 2 to {_MOST} values and, for equal ratios, LOW > 0; got {one_line(text, 60)!r}"
        )
    return tuple(str(value) for value in Dimension("", low, high, log).spread(count))


def sweep_points(solvers: Sequence[str], datasets: Sequence[str], axes: Sequence[SweepAxis]) -> list[Point]:
    """Every solver on every dataset of its task at every combination of values; a solver without a setting stays as it is.

    Raises:
        UsageError: for a setting that nobody has, that dataset and solver both have and the axis does not say whose, or that has
            a value already; where no solver is for any dataset.
    """
    owners = [_owner(axis, solvers, datasets) for axis in axes]
    points: list[Point] = []
    for dataset, solver in product(datasets, solvers):
        if _class("dataset", dataset).info.task == _class("solver", solver).info.task:
            points += (_point(solver, dataset, axes, owners, at) for at in product(*(axis.values for axis in axes)))
    if not points:
        raise UsageError(f"no solver of {', '.join(solvers)} is for a dataset of {', '.join(datasets)}: their tasks differ")
    return list(dict.fromkeys(points))


def _point(solver: str, dataset: str, axes: Sequence[SweepAxis], owners: Sequence[Whose], at: Sequence[str]) -> Point:
    swept: dict[Whose, dict[str, str]] = {"dataset": {}, "solver": {}}
    for axis, owner, value in zip(axes, owners, at, strict=True):
        swept[owner][axis.name] = value
    problem, solving = _with("dataset", dataset, swept["dataset"]), _with("solver", solver, swept["solver"])
    values = {"dataset": problem[1], "solver": solving[1]}
    return Point(solving[0], problem[0], solver, dataset, tuple(values[o].get(a.name) for a, o in zip(axes, owners, strict=True)))


def _owner(axis: SweepAxis, solvers: Sequence[str], datasets: Sequence[str]) -> Whose:
    having: dict[Whose, list[str]] = {
        "dataset": [name for name in datasets if axis.name in setting_infos(_class("dataset", name))],
        "solver": [name for name in solvers if axis.name in setting_infos(_class("solver", name))],
    }
    result = [axis.whose] if axis.whose else [whose for whose, names in having.items() if names]
    if len(result) > 1:
        raise UsageError(
            f"{axis.name} is a setting of {having['dataset'][0]} and of {having['solver'][0]}; "
            f"write dataset.{axis.name} or solver.{axis.name}"
        )
    whose = result[0] if result else None
    if whose is None or not having[whose] or (whose == "dataset" and len(having[whose]) < len(datasets)):
        named = [*(datasets if whose != "solver" else ()), *(solvers if whose != "dataset" else ())]
        without = [name for name in named if name not in having["dataset"]]
        raise UsageError(f"{', '.join(without)}: no setting {axis.name!r}; `prbench show NAME` lists the settings")
    for name in having[whose]:
        if axis.name in parse_name(name)[1]:
            raise UsageError(f"{name} gives {axis.name} a value, and the sweep others; leave out one")
    return whose


def _class(kind: Whose, name: str) -> Any:
    return type(build_plugin(kind, name))


def _with(kind: Whose, spelled: str, swept: dict[str, str]) -> tuple[str, dict[str, Scalar]]:
    """A plug-in with further settings, of those that it has: how it is spelled, and the values understood."""
    name, params = parse_name(spelled)
    cls = load_plugin(kind, name)
    added: dict[str, object] = {key: _rounded(cls, key, value) for key, value in swept.items() if key in setting_infos(cls)}
    if not added:
        return spelled, {}
    built = cls.from_params({**params, **added})
    values = built.params()
    understood = {key: values[key] for key in added}
    return format_name(name, {**params, **understood}), {k: "none" if v is None else v for k, v in understood.items()}


def _rounded(cls: type[Settings], name: str, value: str) -> str:
    """A number of a range, rounded where the setting is a whole number."""
    try:
        return str(round(float(value))) if takes_integers(cls, name) else value
    except ValueError:
        return value


def sweep_table(frame: pd.DataFrame, points: pd.DataFrame, columns: Sequence[str]) -> tuple[dict[str, Goal], pd.DataFrame]:
    """Medians and success rates at every point of a sweep.

    Args:
        frame: records, as :func:`prbench.analysis.leaderboards` takes them, with their ``key``.
        points: one row per cell of the sweep: ``key, solver, dataset`` (without what is swept) and one column per axis.
        columns: of the axes, see :attr:`SweepAxis.column`.

    Returns:
        The goal of each dataset, and rows as a leaderboard's, ranked at each point, with one more column per axis; in the order
        of the sweep.

    Raises:
        UsageError: where no cell is finished.
    """
    import pandas as pd

    records = points.merge(frame.drop(columns=["solver", "dataset"]), on="key")
    chosen, parts = {}, []
    for (task, dataset), group in records.groupby(["task", "dataset"], sort=False):
        metrics = [g.metric for g in goals(str(task)) if g.metric in group and group[g.metric].notna().any()]
        goal = chosen[str(dataset)] = choose_goal(str(task), metrics)
        for values, part in group.groupby(list(columns), sort=False, dropna=False):
            if not part["status"].isin(NOT_RUN).all():
                rows = solver_rows(part, str(task), str(dataset), goal)
                rows[list(columns)] = pd.DataFrame([values] * len(rows), index=rows.index)
                parts.append(rows)
    if not parts:
        raise UsageError(f"no cell of the sweep is finished, of {len(frame)}")
    rows = pd.concat(parts, ignore_index=True)
    asked = {name: rank for rank, name in enumerate(dict.fromkeys(points["solver"]))}
    return chosen, rows.sort_values(
        ["task", "dataset", "solver"], key=lambda c: c.map(asked).fillna(0), kind="stable", ignore_index=True
    )
