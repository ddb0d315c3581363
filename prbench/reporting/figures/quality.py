"""Quality by solver: the median with its interval, every sample behind it (dots), what counts as a success (grey line)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import SCORED

from .matter import Matter, error_ends, grid, logarithmic, plain_ticks
from .published import quoted_for
from .style import escaped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 9


def quality(matter: Matter) -> Figure:
    """A panel a dataset (the first nine), a row a solver, best on top. Bars are intervals, small dots samples; the grey line
    is what counts as a success, dashed lines are published figures.
    """
    datasets = matter.datasets[:MOST_PANELS]
    most = max(len(matter.rows(dataset)) for dataset in datasets)
    figure, panels = grid(matter.style, len(datasets), 0.5 + most * 2.1 * matter.style.font / 72, most_columns=2)
    for axes, dataset in zip(panels, datasets, strict=True):
        _panel(axes, matter, dataset, most)
    return figure


def _panel(axes: Axes, matter: Matter, dataset: str, most: int) -> None:
    goal, rows = matter.board.goals[dataset], matter.rows(dataset)
    dots = {row["solver"]: _samples(matter, dataset, row["solver"], goal.metric) for row in rows}
    ends = [row[name] for row in rows for name in ("median", "median_low", "median_high")]
    known = np.concatenate([*dots.values(), np.asarray(ends, dtype=float)])
    known = known[np.isfinite(known)]
    top = float(known.max()) if known.size else 1.0
    for place, row in enumerate(rows):
        look = matter.looks[row["solver"]]
        few = dots[row["solver"]]
        dot: dict[str, Any] = {
            "color": look.colour,
            "alpha": 0.35,
            "markersize": 0.45 * matter.style.marker,
            "markeredgewidth": 0,
        }
        axes.plot(few, np.full(len(few), place + 0.27), "o", **dot)
        if np.isfinite(row["median"]):
            bar = [[end] for end in error_ends(row["median"], row["median_low"], row["median_high"], top)]
            axes.errorbar(row["median"], place, xerr=bar, elinewidth=0.8, color=look.colour, marker=look.marker, linestyle="none")
        if row["failed"]:
            note = f"{row['failed']} of {row['cells']} failed"
            axes.annotate(
                note, (1, place), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize="x-small", color="0.4"
            )
    if known.size and logarithmic(known):
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
    if goal.success is not None:
        axes.axvline(goal.success, color="0.6", linewidth=0.7, zorder=0)
    reference_lines(axes.axvline, matter, dataset, goal.metric)
    axes.set_yticks(range(len(rows)), [matter.looks[row["solver"]].label for row in rows])
    axes.set_ylim(most - 0.5, -0.5)
    axes.grid(axis="x")
    axes.set_xlabel(matter.goal_label(goal))
    axes.set_title(matter.titles[dataset])


def reference_lines(draw: Any, matter: Matter, dataset: str, quantity: str) -> None:
    """A dashed line, with its method, for each figure published of the same quantity and conditions."""
    for row in quoted_for(matter.published, matter.task, dataset, quantity):
        line = draw(row.value, color="0.25", linestyle=(0, (4, 2)), linewidth=0.8, zorder=1)
        x = line.get_xdata()[0]
        place = {"xy": (x, 1), "xycoords": ("data", "axes fraction"), "rotation": 90, "ha": "right", "va": "top"}
        line.axes.annotate(
            escaped(row.method, 30), **place, fontsize="xx-small", color="0.25", xytext=(-1, -2), textcoords="offset points"
        )


def _samples(matter: Matter, dataset: str, solver: str, metric: str) -> np.ndarray:
    """One number a sample: the median over its seeds, of what was scored."""
    frame = matter.frame
    mine = frame[(frame["dataset"] == dataset) & (frame["solver"] == solver) & frame["status"].isin(SCORED)]
    if metric not in mine:
        return np.empty(0)
    return np.asarray(mine.groupby("sample")[metric].median().dropna().to_numpy(dtype=float))
