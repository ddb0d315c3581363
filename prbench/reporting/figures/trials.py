"""Trials: every single run of each dataset, its share of successes, and the symmetries that its measurements leave open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import SCORED

from .naming import escaped
from .saving import blank
from .task_report import TaskReport, logarithmic, plain_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS, MOST_DATASETS, COLUMNS = 4, 12, 2


def trials(report: TaskReport) -> Figure | None:
    """A panel per solver (the first four), a row per dataset (the first twelve), a dot per run, samples side by side in the row;
    the grey line is what counts as a success. None where no sample was run with several seeds: other figures show all there is.
    """
    frame = report.frame[report.frame["status"].isin(SCORED)]
    seeds = frame.groupby(["dataset", "solver", "sample"], observed=True)["seed"].nunique()
    met = seeds[seeds > 1].reset_index()
    datasets = [name for name in report.datasets if name in set(met["dataset"])][:MOST_DATASETS]
    solvers = [name for name in report.solvers if name in set(met["solver"])][:MOST_PANELS]
    if not datasets:
        return None
    rows = -(-len(solvers) // COLUMNS)
    height = 0.55 + len(datasets) * 4.2 * report.style.font / 72
    figure = blank(report.style.width, rows * height)
    panels = figure.subplots(rows, min(COLUMNS, len(solvers)), squeeze=False).ravel()
    for index, (axes, solver) in enumerate(zip(panels, solvers, strict=False)):
        _panel(axes, report, solver, datasets, named=index % COLUMNS == 0)
    for spare in panels[len(solvers) :]:
        spare.set_axis_off()
    return figure


def _panel(axes: Axes, report: TaskReport, solver: str, datasets: list[str], *, named: bool) -> None:
    from matplotlib.ticker import LogLocator

    result = [_scores(report, solver, dataset) for dataset in datasets]
    dot: dict[str, Any] = {
        "color": report.line_styles[solver].colour,
        "alpha": 0.45,
        "markersize": 0.7 * report.style.marker,
        "markeredgewidth": 0,
    }
    for index, samples in enumerate(result):
        for values, beside in zip(samples, np.linspace(-0.27, 0.27, len(samples) + 2)[1:-1], strict=True):
            axes.plot(values, np.full(len(values), index + beside), "o", **dot)
    goals = {report.board.goals[dataset] for dataset in datasets}
    for goal in goals:
        if goal.threshold is not None:
            axes.axvline(goal.threshold, color="0.6", linewidth=0.7, zorder=0)
    if logarithmic(np.concatenate([values for samples in result for values in samples] or [np.empty(0)])):
        axes.set_xscale("log")
        plain_ticks(axes.xaxis)
        if np.ptp(np.log10(axes.get_xlim())) > 8:
            axes.xaxis.set_major_locator(LogLocator(numticks=5))  # powers are wide, and panels stand side by side
    axes.set_yticks(range(len(datasets)), _titles(report, datasets) if named else [""] * len(datasets))
    axes.set_ylim(len(datasets) - 0.5, -0.5)
    axes.grid(axis="x")
    axes.set_xlabel("; ".join(sorted({report.goal_label(goal) for goal in goals})))
    axes.set_title(report.line_styles[solver].label)
    shares = [_share(report, solver, dataset) for dataset in datasets]
    if any(shares):
        right = axes.twinx()
        right.set_ylim(axes.get_ylim())
        right.set_yticks(range(len(datasets)), shares)
        right.tick_params(length=0)
        right.set_ylabel("success %")


def _scores(report: TaskReport, solver: str, dataset: str) -> list[np.ndarray]:
    """The scores of each sample's runs."""
    frame, metric = report.frame, report.board.goals[dataset].metric
    mine = frame[(frame["dataset"] == dataset) & (frame["solver"] == solver) & frame["status"].isin(SCORED)]
    return [runs[metric].dropna().to_numpy(dtype=float) for _, runs in mine.groupby("sample")]


def _share(report: TaskReport, solver: str, dataset: str) -> str:
    """The rate of success over samples, with its interval where they are enough for one."""
    for row in report.rows(dataset):
        if row["solver"] == solver and np.isfinite(row["success"]):
            share, low, high = (100 * row[f"success{end}"] for end in ("", "_low", "_high"))
            return f"{share:.0f}" if np.isnan(low) else f"{share:.0f} [{low:.0f}, {high:.0f}]"
    return ""


def _titles(report: TaskReport, datasets: list[str]) -> list[str]:
    """Each dataset with what its measurements leave open; of datasets that differ in settings alone, those settings."""
    known = [report.table.datasets[name] for name in datasets]
    titles = [report.titles[name] for name in datasets]
    if len({plugin for plugin, _ in known}) == 1:
        varied = [key for key in known[0][1] if len({str(params.get(key)) for _, params in known}) > 1]
        titles = [escaped(", ".join(f"{key}={params.get(key)}" for key in varied) or plugin, 60) for plugin, params in known]
    left_open = (report.table.symmetries.get(name, ()) for name in datasets)
    return [f"{title}\nup to {', '.join(names)}" if names else title for title, names in zip(titles, left_open, strict=True)]
