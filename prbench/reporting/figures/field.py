"""The field at a glance: quality against robust cost (processor time in FFT pairs). Blue: solvers of prbench; orange: programs of
other packages, with their versions. Filled: as named, with the defaults; open: tuned; small and open: other settings; both are
joined to the defaults. Dashed: what no other beats in both. Grey, where it is near: what counts as a success.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core.labels import labels_of
from prbench.metrics.cost_names import COST_PAIRS
from prbench.reporting.programs import own_versions, program_versions

from .naming import escaped
from .pareto import front
from .style import COLOURS
from .task_report import TaskReport, error_ends, grid, scale_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 6
_MARKERS = "os^DvPX><ph*d8H"
_OWN, _OTHERS = COLOURS[0], COLOURS[1]
_SMALL = 0.6
"""Size of the marks of other settings."""
_VARIANTS = {"tuned": True, "other settings": False}
"""By what a variant is, whether it has a label."""
_SIDES = {1: ("center",), 2: ("left", "right"), 3: ("left", "center", "right")}


@dataclass(frozen=True)
class _Mark:
    """How a plug-in is marked."""

    marker: str
    colour: str
    label: str


def field(report: TaskReport) -> Figure | None:
    """A panel per dataset, at most six; None where fewer than two solvers have a quality and a cost on one."""
    datasets = [dataset for dataset in report.datasets if len(_points(report, dataset)) > 1]
    if not datasets:
        return None
    datasets = report.select("field", datasets, MOST_PANELS)
    met = {row["solver"] for dataset in datasets for row in _points(report, dataset)}
    labels, looks = labels_of(met), _mark_by_plugin(report, met)
    figure, panels = grid(report.style, len(datasets), 1.35 * report.style.height + 0.3, most_columns=2)
    for axes, dataset in zip(panels, datasets, strict=True):
        _panel(axes, report, dataset, looks, labels)
    variants = {name: any("[" in solver and (solver in labels) == told for solver in met) for name, told in _VARIANTS.items()}
    _legend(figure, report, looks, variants)
    return figure


def _points(report: TaskReport, dataset: str) -> list[dict[str, Any]]:
    return [row for row in report.rows(dataset) if np.isfinite(row["median"]) and row.get(COST_PAIRS, 0) > 0]


def _plugin(solver: str) -> str:
    return solver.partition("[")[0]


def _mark_by_plugin(report: TaskReport, solvers: set[str]) -> dict[str, _Mark]:
    """By plug-in: prbench's own first, marked in the same order among themselves as the others are among theirs."""
    versions = program_versions(report.results)
    result: dict[str, _Mark] = {}
    for colour, others in ((_OWN, False), (_OTHERS, True)):
        names = dict.fromkeys(
            _plugin(solver) for solver in report.solvers if solver in solvers and (solver in versions) == others
        )
        for index, name in enumerate(names):
            told = {version for solver, version in versions.items() if _plugin(solver) == name and version}
            label = escaped(" ".join([name, *sorted(told)]) if others else name)
            result[name] = _Mark(_MARKERS[index % len(_MARKERS)], colour, label)
    return result


def _panel(axes: Axes, report: TaskReport, dataset: str, looks: dict[str, _Mark], labels: dict[str, str]) -> None:
    rows, goal = _points(report, dataset), report.board.goals[dataset]
    points = [(row[COST_PAIRS], row["median"]) for row in rows]
    best = [points[index] for index in front(points, goal.better)]
    axes.step(*zip(*best, strict=True), where="post", color="0.6", linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
    ends = [row[name] for row in rows for name in ("median", "median_low", "median_high") if np.isfinite(row[name])]
    if goal.threshold is not None and min(ends) <= goal.threshold <= max(ends):
        axes.axhline(goal.threshold, color="0.8", linewidth=0.7, zorder=0)
    named = {row["solver"]: (row[COST_PAIRS], row["median"]) for row in rows}
    top = max(row["median"] for row in rows)
    for row in rows:
        look, at = looks[_plugin(row["solver"])], (row[COST_PAIRS], row["median"])
        plain = row["solver"] == _plugin(row["solver"])
        if not plain and (start := named.get(_plugin(row["solver"]))) is not None:
            axes.plot(*zip(start, at, strict=True), color=look.colour, linewidth=0.6, alpha=0.5, zorder=2)
        size = report.style.marker * (1.0 if plain or row["solver"] in labels else _SMALL)
        marks: dict[str, Any] = {"marker": look.marker, "markersize": size, "markerfacecolor": look.colour if plain else "white"}
        bar = [[end] for end in error_ends(row["median"], row["median_low"], row["median_high"], top)]
        axes.errorbar(*at, yerr=bar, color=look.colour, elinewidth=0.5, linestyle="none", zorder=3, **marks)
    scale_axes(axes, rows, (COST_PAIRS,))
    report.entitle(axes, dataset)
    axes.set_xlabel("processor time in FFT pairs")
    axes.set_ylabel(report.goal_label(goal, "\n"))


def _legend(figure: Figure, report: TaskReport, looks: dict[str, _Mark], variants: dict[str, bool]) -> None:
    """Below the panels: solvers of prbench to the left, then other programs, each under what made them; what the marks say."""
    from matplotlib.lines import Line2D

    def mark(label: str, **options: Any) -> Line2D:
        return Line2D([], [], linestyle="none", label=label, **options)

    heading = escaped(f"prbench {own_versions(report.results)}".rstrip())
    own, others = (
        [mark(look.label, color=look.colour, marker=look.marker) for look in looks.values() if look.colour == colour]
        for colour in (_OWN, _OTHERS)
    )
    kinds = [
        mark(name, color="0.35", marker="o", markerfacecolor="white", markersize=share * report.style.marker)
        for name, share in (("tuned", 1.0), ("other settings", _SMALL))
        if variants[name]
    ]
    marks = [mark("defaults", color="0.35", marker="o"), *kinds] if kinds else []
    blocks = [(title, block) for title, block in ((heading, own), ("other programs", others), ("settings", marks)) if block]
    letters = figure.get_figwidth() * 72 / (0.62 * report.style.font)
    narrow = [max(len(str(handle.get_label())) for handle in block) + 5 for _, block in blocks]
    columns = max(1, min(len(blocks[0][1]), int((letters - sum(narrow[1:])) / narrow[0])))
    rows = max([-(-len(blocks[0][1]) // columns), *(len(block) for _, block in blocks[1:])])
    for (title, block), side in zip(blocks, _SIDES[len(blocks)], strict=True):
        padded = [*block, *(mark("") for _ in range(rows - len(block)))]
        options: dict[str, Any] = {"loc": f"outside lower {side}", "ncols": -(-len(block) // rows), "handlelength": 1.5}
        options |= {"title_fontproperties": {"weight": "bold", "size": report.style.font}, "alignment": "left"}
        figure.legend(handles=padded, title=title, **options)
