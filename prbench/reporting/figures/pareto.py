"""Quality against cost; filled and joined are the solvers that no other beats in both, and crossed out those set apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.metrics.cost_names import COST_PAIRS, LATENCY_PAIRS

from .task_report import TaskReport, error_ends, grid, legend, legend_columns, scale_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 9


def pareto(report: TaskReport) -> Figure | None:
    """A panel per dataset, at most nine; None where no cost is known. What is set apart counts for no front."""
    datasets = [dataset for dataset in report.datasets if len(_points(report, dataset)) > 1]
    if not datasets:
        return None
    datasets = report.select("pareto", datasets, MOST_PANELS)
    figure, panels = grid(report.style, len(datasets), report.style.height + 0.3)
    for axes, dataset in zip(panels, datasets, strict=True):
        _panel(axes, report, dataset)
    met = {row["solver"] for dataset in datasets for row in _points(report, dataset)}
    named = [solver for solver in report.solvers if solver in met]
    lines = -(-len(named) // legend_columns(figure, report.style, [report.line_styles[solver].label for solver in named]))
    figure.set_figheight(figure.get_figheight() + 1.6 * report.style.font / 72 * lines)
    legend(figure, report, named, lines=False)
    return figure


def front(points: list[tuple[float, float]], better: str) -> list[int]:
    """The indices of the points (cost, quality) that no other equals or beats in both, from the cheapest on."""
    sign = 1 if better == "lower" else -1
    indices: list[int] = []
    best = float("inf")
    for index in sorted(range(len(points)), key=lambda i: (points[i][0], sign * points[i][1])):
        if sign * points[index][1] < best:
            best = sign * points[index][1]
            indices.append(index)
    return indices


def _cost(report: TaskReport) -> str:
    """Processor time, which other load hardly changes, where all records have it."""
    known = [row.get(COST_PAIRS, 0) > 0 for dataset in report.datasets for row in report.rows(dataset)]
    return COST_PAIRS if all(known) else LATENCY_PAIRS


def _points(report: TaskReport, dataset: str) -> list[dict[str, Any]]:
    return [row for row in report.rows(dataset) if np.isfinite(row["median"]) and row.get(_cost(report), 0) > 0]


def _panel(axes: Axes, report: TaskReport, dataset: str) -> None:
    rows, goal, cost = _points(report, dataset), report.board.goals[dataset], _cost(report)
    points = [(row[cost], row["median"]) for row in rows]
    among = [index for index, row in enumerate(rows) if row["solver"] not in report.apart]
    best = [among[index] for index in front([points[index] for index in among], goal.better)]
    if best:
        steps: Any = zip(*(points[i] for i in best), strict=True)
        axes.step(*steps, where="post", color="0.6", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    tops = [max(row[name] for row in rows if np.isfinite(row[name])) for name in ("median", cost)]
    for index, row in enumerate(rows):
        style = report.line_styles[row["solver"]]
        up = [[end] for end in error_ends(row["median"], row["median_low"], row["median_high"], tops[0])]
        across = [[end] for end in error_ends(row[cost], row[f"{cost}_low"], row[f"{cost}_high"], tops[1])]
        face = style.colour if index in best else "white"
        marks: dict[str, Any] = {"marker": style.marker, "markerfacecolor": face, "color": style.colour}
        axes.errorbar(row[cost], row["median"], yerr=up, xerr=across, elinewidth=0.6, linestyle="none", **marks)
        if row["solver"] in report.apart:
            axes.plot(row[cost], row["median"], "x", color=style.colour, markersize=2 * report.style.marker, zorder=3)
    scale_axes(axes, rows, (cost, f"{cost}_low", f"{cost}_high"))
    report.entitle(axes, dataset)
    axes.set_xlabel("processor time in FFT pairs" if cost == COST_PAIRS else "time in FFT pairs")
    axes.set_ylabel(report.goal_label(goal, "\n"))
