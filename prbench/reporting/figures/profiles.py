"""Performance and data profiles: which share of the problems each solver solves, and at what cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prbench.analysis.profiles import COSTS, Profiles, costs_to_solve, data_profiles, performance_profiles
from prbench.metrics.cost_names import LATENCY_PAIRS

from .task_report import TaskReport, grid, legend, logarithmic, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def profiles(report: TaskReport) -> Figure | None:
    """Both kinds over FFT pairs; None where no cost is known or no problem is solved."""
    frame = report.frame
    if LATENCY_PAIRS not in frame or not frame[LATENCY_PAIRS].notna().any():
        return None
    costs = costs_to_solve(frame, report.task, LATENCY_PAIRS)
    if len(costs) < 2 or not np.isfinite(costs.to_numpy(dtype=float)).any():
        return None
    figure, panels = grid(report.style, 2, report.style.height + 0.4, most_columns=2)
    for axes, result in zip(
        panels, (performance_profiles(costs, LATENCY_PAIRS), data_profiles(costs, LATENCY_PAIRS)), strict=True
    ):
        _panel(axes, report, result)
    legend(figure, report, [solver for solver in report.solvers if solver in costs.index])
    return figure


def _panel(axes: Axes, report: TaskReport, result: Profiles) -> None:
    thresholds = result.thresholds[np.isfinite(result.thresholds)]
    start = 1.0 if result.kind == "performance" else 0.8 * float(thresholds.min())
    end = max(1.25 * float(thresholds.max()), 1.25 * start)
    x = np.unique(np.concatenate([[start, end], thresholds]))
    for solver, share in zip(result.solvers, result.at(x), strict=True):
        style = report.line_styles[solver]
        axes.step(x, share, where="post", color=style.colour, linestyle=style.dash)
        rises = np.flatnonzero(np.diff(share, prepend=0.0))[:: max(1, result.problems // 8)]
        axes.plot(
            x[rises],
            share[rises],
            linestyle="none",
            marker=style.marker,
            color=style.colour,
            markersize=0.7 * report.style.marker,
        )
    if logarithmic(x):
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
    axes.set_xlim(start, end)
    axes.set_ylim(0, 1.03)
    axes.grid(axis="y")
    axes.set_ylabel("share of problems solved")
    cost = COSTS[result.cost]
    axes.set_xlabel(f"{cost} over the least of any solver" if result.kind == "performance" else cost)
    axes.set_title(f"{result.kind} profile, {result.problems} problems")
