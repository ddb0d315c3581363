"""Quality by solver: the median with its interval, every sample behind it (dots), what counts as a success (grey line)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import SCORED

from .naming import escaped, wrapped
from .published import Quoted, quoted_for
from .task_report import TaskReport, error_ends, grid, logarithmic, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS, COLUMNS = 9, 2
_LABEL_INCH = 1.35
"""Room for the names of solvers."""


def quality(report: TaskReport) -> Figure:
    """A panel per dataset (at most nine), a row per solver, best on top. Bars are intervals, small dots samples; the grey line
    is what counts as a success, dashed lines are published figures.
    """
    datasets = report.select("quality", report.datasets, MOST_PANELS)
    quoted = {dataset: _quoted(report, dataset) for dataset in datasets}
    counts = [len(report.rows(dataset)) + len(quoted[dataset]) for dataset in datasets]
    most = [max(counts[at : at + COLUMNS]) for at in range(0, len(counts), COLUMNS)]
    labels = [_label(report, row["solver"]) for dataset in datasets for row in report.rows(dataset)]
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    row = max(2.1, 0.3 + 1.15 * lines) * report.style.font / 72
    titles = 4.6 * 1.3 * report.style.font / 72
    figure, panels = grid(report.style, len(datasets), titles, most_columns=COLUMNS, heights=[(n + 0.3) * row for n in most])
    for index, (axes, dataset) in enumerate(zip(panels, datasets, strict=True)):
        _panel(axes, report, dataset, quoted[dataset])
        above = len(quoted[dataset])
        axes.set_ylim(most[index // COLUMNS] - above - 0.5, -above - 0.5)
        _name_references(axes, quoted[dataset])
    return figure


def _panel(axes: Axes, report: TaskReport, dataset: str, quoted: Sequence[Quoted]) -> None:
    goal, rows = report.board.goals[dataset], report.rows(dataset)
    dots = {row["solver"]: _samples(report, dataset, row["solver"], goal.metric) for row in rows}
    ends = [row[name] for row in rows for name in ("median", "median_low", "median_high")]
    values = np.concatenate([*dots.values(), np.asarray(ends, dtype=float)])
    values = values[np.isfinite(values)]
    top = float(values.max()) if values.size else 1.0
    for index, row in enumerate(rows):
        style = report.line_styles[row["solver"]]
        few = dots[row["solver"]]
        dot: dict[str, Any] = {
            "color": style.colour,
            "alpha": 0.35,
            "markersize": 0.45 * report.style.marker,
            "markeredgewidth": 0,
        }
        axes.plot(few, np.full(len(few), index + 0.27), "o", **dot)
        if np.isfinite(row["median"]):
            bar = [[end] for end in error_ends(row["median"], row["median_low"], row["median_high"], top)]
            axes.errorbar(
                row["median"],
                index,
                xerr=bar,
                elinewidth=0.8,
                color=style.colour,
                marker=style.marker,
                linestyle="none",
            )
        if row["failed"]:
            note = f"{row['failed']} of {row['cells']} failed"
            axes.annotate(
                note, (1, index), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize="x-small", color="0.4"
            )
    if goal.threshold is not None:
        axes.axvline(goal.threshold, color="0.6", linewidth=0.7, zorder=0)
    for one in quoted:
        axes.axvline(one.value, color="0.25", linestyle=(0, (4, 2)), linewidth=0.8, zorder=1)
    if values.size and logarithmic(values):
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
    axes.set_yticks(range(len(rows)), [_label(report, row["solver"]) for row in rows])
    axes.grid(axis="x")
    axes.set_xlabel(report.goal_label(goal))
    report.entitle(axes, dataset, _LABEL_INCH)


def _label(report: TaskReport, solver: str) -> str:
    return wrapped(report.line_styles[solver].name, _LABEL_INCH, 0.9 * report.style.font)


def _quoted(report: TaskReport, dataset: str) -> list[Quoted]:
    return quoted_for(report.published, report.task, dataset, report.board.goals[dataset].metric)


def _name_references(axes: Axes, quoted: Sequence[Quoted]) -> None:
    """Beside the line of each published figure its method, in a row of its own above those of the solvers."""
    for index, row in enumerate(quoted, 1):
        across = axes.transAxes.inverted().transform(axes.transData.transform((row.value, 0)))[0]
        side: dict[str, Any] = {"xytext": (-3, 0), "ha": "right"} if across > 0.5 else {"xytext": (3, 0), "ha": "left"}
        text: dict[str, Any] = {"textcoords": "offset points", "va": "center", "fontsize": "x-small", "color": "0.25", **side}
        text["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # other lines do not run through the word
        axes.annotate(escaped(row.method, 40), (row.value, -index), **text)


def _samples(report: TaskReport, dataset: str, solver: str, metric: str) -> np.ndarray:
    """One number per sample: the median over its seeds, of what was scored."""
    frame = report.frame
    mine = frame[(frame["dataset"] == dataset) & (frame["solver"] == solver) & frame["status"].isin(SCORED)]
    if metric not in mine:
        return np.empty(0)
    return np.asarray(mine.groupby("sample")[metric].median().dropna().to_numpy(dtype=float))
