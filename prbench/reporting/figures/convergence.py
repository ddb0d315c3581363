"""Convergence: the median residual of each solver in a band of its quartiles, over FFT pairs or seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prbench.reporting.curves import Summary, summary

from .matter import TaskReport, grid, legend, plain_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PANELS = 9
_POINTS = 60


def convergence(matter: TaskReport) -> Figure | None:
    """A panel per dataset, at most nine, over FFT pairs where these are known and seconds otherwise; None without curves."""
    found: dict[str, dict[str, Summary]] = {}
    for dataset in matter.datasets:
        for solver in matter.solvers:
            one = summary(matter.gathered.curves.get((matter.task, dataset, solver), []), _POINTS)
            if one is not None:
                found.setdefault(dataset, {})[solver] = one
    if not found:
        return None
    datasets = matter.chosen("convergence", list(found), MOST_PANELS)
    over = "pairs" if all("pairs" in one.tracks for dataset in datasets for one in found[dataset].values()) else "seconds"
    figure, panels = grid(matter.style, len(datasets), matter.style.height + 0.3)
    for axes, dataset in zip(panels, datasets, strict=True):
        for solver, one in found[dataset].items():
            style, track = matter.line_styles[solver], one.tracks[over]
            axes.plot(track.x, track.middle, color=style.colour, linestyle=style.dash)
            axes.fill_between(track.x, track.low, track.high, color=style.colour, alpha=0.15, linewidth=0)
        axes.set_xscale("log")
        axes.set_yscale("log")
        plain_ticks(axes.xaxis)
        plain_ticks(axes.yaxis)
        axes.grid(axis="y")
        matter.entitle(axes, dataset)
        axes.set_xlabel("FFT pairs" if over == "pairs" else "seconds")
        axes.set_ylabel("residual")
    met = {solver for dataset in datasets for solver in found[dataset]}
    legend(figure, matter, [solver for solver in matter.solvers if solver in met], marks=False)
    return figure
