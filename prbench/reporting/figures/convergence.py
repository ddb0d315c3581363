"""Convergence: the median residual of each solver in a band of its quartiles, over FFT pairs or seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prbench.reporting.curves import Summary, summary

from .task_report import TaskReport, grid, legend, plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PANELS = 9
_POINTS = 60


def convergence(report: TaskReport) -> Figure | None:
    """A panel per dataset, at most nine, over FFT pairs where these are known and seconds otherwise; None without curves."""
    result: dict[str, dict[str, Summary]] = {}
    for dataset in report.datasets:
        for solver in report.solvers:
            one = summary(report.table.curves.get((report.task, dataset, solver), []), _POINTS)
            if one is not None:
                result.setdefault(dataset, {})[solver] = one
    if not result:
        return None
    datasets = report.select("convergence", list(result), MOST_PANELS)
    over = "pairs" if all("pairs" in one.tracks for dataset in datasets for one in result[dataset].values()) else "seconds"
    figure, panels = grid(report.style, len(datasets), report.style.height + 0.3)
    for axes, dataset in zip(panels, datasets, strict=True):
        for solver, one in result[dataset].items():
            style, track = report.line_styles[solver], one.tracks[over]
            axes.plot(track.x, track.middle, color=style.colour, linestyle=style.dash)
            axes.fill_between(track.x, track.low, track.high, color=style.colour, alpha=0.15, linewidth=0)
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_ticks(axes.xaxis)
        plain_ticks(axes.yaxis)
        axes.grid(axis="y")
        report.entitle(axes, dataset)
        axes.set_xlabel("FFT pairs" if over == "pairs" else "seconds")
        axes.set_ylabel("residual")
    met = {solver for dataset in datasets for solver in result[dataset]}
    legend(figure, report, [solver for solver in report.solvers if solver in met], marks=False)
    return figure
