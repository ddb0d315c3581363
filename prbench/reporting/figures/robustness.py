"""Robustness: quality and success along a setting of the dataset, and of a solver's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.reporting.variations import SettingAxis, axes

from .naming import escaped, wrapped
from .published import quoted_for
from .saving import blank
from .task_report import BOUND_COLOUR, BOUND_DASHES, TaskReport, error_ends, legend, logarithmic, plain_ticks, room

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_AXES = 6
_LONGEST_LABEL = 40
"""Letters of an axis label."""


def robustness(report: TaskReport) -> Figure | None:
    """A row for each setting that varies (at most six): the score and, where there is one, the success rate; None without any."""
    datasets = {name: report.table.datasets[name] for name in report.datasets}
    known = axes("dataset", datasets)
    if not known:
        return None
    result = known[:MOST_AXES]
    if len(known) > MOST_AXES:
        report.notes["robustness"] = f"{MOST_AXES} of {len(known)} settings, those with most values"
    shown = [name for name in ("median", "success") if report.board.rows[name].notna().any()]
    style = report.style
    figure = blank(min(style.width, 3.4 * style.width / 7 * len(shown) + 0.1), len(result) * (style.height + 0.35) + 0.35)
    panels = figure.subplots(len(result), len(shown), squeeze=False)
    met: set[str] = set()
    bounds: dict[str, Any] = {}
    for row, axis in zip(panels, result, strict=True):
        for panel, name in zip(row, shown, strict=True):
            met |= _panel(panel, report, axis, name)
            if name == "median":
                bounds |= _bounds(panel, report, axis)
    legend(figure, report, [solver for solver in report.solvers if solver in met], bounds=bounds)
    return figure


def _panel(panel: Axes, report: TaskReport, axis: SettingAxis, name: str) -> set[str]:
    """Draw ``name`` along ``axis`` and tell the solvers drawn."""
    at = axis.positions()
    rows = [row for dataset in at for row in report.rows(dataset)]
    known = [row[end] for row in rows for end in (name, f"{name}_low", f"{name}_high") if np.isfinite(row[end])]
    top = max(known, default=1.0)
    met = set()
    for solver in report.solvers:
        mine = sorted(
            (row for row in rows if row["solver"] == solver and np.isfinite(row[name])), key=lambda row: at[row["dataset"]]
        )
        if mine:
            met.add(solver)
        for apart in (False, True):  # the level without a number, such as no noise, is no point of the axis
            part = [row for row in mine if (axis.values[row["dataset"]] is None) is apart]
            if part:
                _line(panel, report, solver, part, at, name, top, log=axis.logarithmic)
    _ticks(panel, axis)
    _set_apart(panel, axis)
    goal = report.board.goals[next(iter(at))]
    if name == "median":
        if logarithmic(known):
            panel.set_yscale("log")
            plain_ticks(panel.yaxis)
        _quoted(panel, report, at, goal.metric)
        panel.set_ylabel(report.goal_label(goal, "\n"))
    else:
        panel.set_ylim(-0.03, 1.03)
        panel.set_ylabel("success rate")
    panel.grid(axis="y")
    panel.set_xlabel(_in_words(axis))
    panel.set_title(wrapped(axis.fixed, room(panel, 0.62), report.style.font))
    return met


def _bounds(panel: Axes, report: TaskReport, axis: SettingAxis) -> dict[str, Any]:
    """Draw the bounds of the score, their medians over samples, where records tell them; the dash of each by its label."""
    at = axis.positions()
    goal = report.board.goals[next(iter(at))]
    drawn: dict[str, Any] = {}
    for name, dash in zip(goal.bounds, BOUND_DASHES, strict=False):
        if name not in report.frame:
            continue
        medians = report.frame.groupby("dataset", observed=True)[name].median()
        points = sorted((x, medians[dataset]) for dataset, x in at.items() if np.isfinite(medians.get(dataset, np.nan)))
        if points:
            mark = "_" if len(points) == 1 else "none"
            panel.plot(*zip(*points, strict=True), color=BOUND_COLOUR, linestyle=dash, marker=mark, linewidth=0.9, zorder=1)
            drawn[report.label(name)] = dash
    return drawn


def _in_words(axis: SettingAxis) -> str:
    """What a setting is: the first words of its documentation where they are short, else its name; with its unit."""
    from prbench.core import load_plugin, setting_infos
    from prbench.errors import UsageError

    try:
        info = setting_infos(load_plugin(axis.kind, axis.plugin)).get(axis.setting)
    except UsageError:
        info = None  # its package is not here
    words = (info.doc if info else "").partition(";")[0].strip()
    name = words if words and len(words) <= _LONGEST_LABEL else axis.setting.replace("_", " ")
    return escaped(f"{name} ({info.unit})" if info and info.unit else name)


def _line(
    panel: Axes,
    report: TaskReport,
    solver: str,
    rows: list[dict[str, Any]],
    at: dict[str, float],
    name: str,
    top: float,
    *,
    log: bool,
) -> None:
    style = report.line_styles[solver]
    n = len(report.solvers)
    aside = _apart(sorted(set(at.values())), log=log) * ((report.solvers.index(solver) - (n - 1) / 2) / n)
    bars = np.transpose([error_ends(row[name], row[f"{name}_low"], row[f"{name}_high"], top) for row in rows])
    marks: dict[str, Any] = {
        "color": style.colour,
        "marker": style.marker,
        "linestyle": style.dash,
        "elinewidth": 0.6,
    }
    x = _beside([at[row["dataset"]] for row in rows], list(at.values()), aside, log=log)
    panel.errorbar(x, [row[name] for row in rows], yerr=bars, **marks)


def _apart(positions: list[float], *, log: bool) -> float:
    """The part of the axis that solvers share at each position: at most half of the least step, so that steps are told."""
    if len(positions) < 2:
        return 0.0
    scale = np.log(positions) if log else np.asarray(positions)
    return min(0.07, 0.5 * float(np.diff(scale).min() / (scale[-1] - scale[0])))


def _beside(x: list[float], all_x: list[float], aside: float, *, log: bool) -> np.ndarray:
    """Places moved by a part of the axis, so that intervals of different solvers stand side by side."""
    low, high = min(all_x), max(all_x)
    return np.asarray(x) * (high / low) ** aside if log else np.asarray(x) + aside * (high - low)


def _ticks(panel: Axes, axis: SettingAxis) -> None:
    """Ticks at the values themselves."""
    from matplotlib.ticker import NullFormatter, NullLocator

    at = axis.positions()
    if axis.logarithmic:
        panel.set_xscale("log")
        panel.xaxis.set_minor_locator(NullLocator())
        panel.xaxis.set_minor_formatter(NullFormatter())
    labels = {at[name]: "none" if value is None else f"{value:g}" for name, value in axis.values.items()}
    every = -(-len(labels) // 9)
    panel.set_xticks(list(labels)[::every], list(labels.values())[::every])


def _set_apart(panel: Axes, axis: SettingAxis) -> None:
    """A dotted line before the level that has no number."""
    at = axis.positions()
    beyond = [x for name, x in at.items() if axis.values[name] is None]
    if beyond:
        last = max(axis.numbers)
        edge = float(np.sqrt(last * beyond[0])) if axis.logarithmic else (last + beyond[0]) / 2
        panel.axvline(edge, color="0.6", linewidth=0.7, linestyle=(0, (1, 2)), zorder=0)


def _quoted(panel: Axes, report: TaskReport, at: dict[str, float], metric: str) -> None:
    """What was published at a value of the setting: an open diamond there; each method is named once."""
    named: set[str] = set()
    for dataset, x in at.items():
        for row in quoted_for(report.published, report.task, dataset, metric):
            panel.plot(x, row.value, marker="d", markerfacecolor="none", color="0.25", linestyle="none")
            if row.method not in named:
                named.add(row.method)
                right = x > np.median(list(at.values()))
                where: dict[str, Any] = {"xytext": (-3, 2) if right else (3, 2), "ha": "right" if right else "left"}
                where |= {"textcoords": "offset points", "fontsize": "xx-small", "color": "0.25"}
                panel.annotate(escaped(row.method, 30), (x, row.value), **where)
