"""What every kind of figure draws from: one task's records, ranked, with what belongs to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import Goal, Leaderboard
from prbench.core import MetricInfo
from prbench.reporting.cell_table import CellTable
from prbench.reporting.variations import natural

from .naming import escaped, headings, wrapped
from .published import Quoted
from .style import LineStyle, Style, line_styles

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

    from prbench.running.store.results import ResultSet


BOUND_COLOUR = "0.35"
BOUND_DASHES: tuple[Any, ...] = ((0, (5, 1.5)), (0, (1, 1.2)))
"""Lines of what bounds the score, in the order of the goal's."""


@dataclass(frozen=True, eq=False)
class TaskReport:
    """One task of a set of results.

    Attributes:
        results: all of them.
        board: the task's ranking.
        gathered: curves and settings.
        infos: what the columns mean.
        published: figures quoted from papers.
        style: how to draw.
        apart: solvers that count for no front of quality against cost.
        notes: by kind of figure, which part of the results it shows, where not all.
    """

    results: ResultSet
    board: Leaderboard
    table: CellTable
    infos: dict[str, MetricInfo]
    published: Sequence[Quoted]
    style: Style
    apart: frozenset[str] = frozenset()
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """Name of the task."""
        return self.board.task

    @cached_property
    def datasets(self) -> list[str]:
        """In the order that people expect."""
        return sorted(self.board.goals, key=natural)

    @cached_property
    def solvers(self) -> list[str]:
        """In the same order."""
        return sorted(self.board.rows["solver"].unique(), key=natural)

    @cached_property
    def line_styles(self) -> dict[str, LineStyle]:
        """By solver, the same in every figure of the task."""
        return line_styles(self.solvers)

    @cached_property
    def titles(self) -> dict[str, str]:
        """By dataset, what sets it apart from the others, on one line."""
        return {name: escaped(title, 200) for name, title in self._headings.items()}

    @cached_property
    def _headings(self) -> dict[str, str]:
        return headings(self.datasets, {name: self.table.datasets[name] for name in self.datasets})

    def entitle(self, axes: Axes, dataset: str, beside: float = 0.62) -> None:
        """Write a dataset's title above a panel, on as many lines as its width asks for; ``beside`` it labels take, inches."""
        axes.set_title(wrapped(self._headings[dataset], room(axes, beside), self.style.font))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The records of the board."""
        return self.board.records(self.results.frame)

    def rows(self, dataset: str) -> list[dict[str, Any]]:
        """The ranking on a dataset, best first."""
        return self._rows.get(dataset, [])

    @cached_property
    def _rows(self) -> dict[str, list[dict[str, Any]]]:
        result: dict[str, list[dict[str, Any]]] = {}
        for row in self.board.rows.to_dict("records"):
            result.setdefault(row["dataset"], []).append({str(k): v for k, v in row.items()})
        return result

    def select(self, kind: str, among: Sequence[str], most: int, what: str = "datasets") -> list[str]:
        """At most so many of them, spread over the plug-ins and over each plug-in's; noted for the caption of ``kind``."""
        selection = spread_over(among, most)
        if len(selection) < len(among):
            self.notes[kind] = f"{len(selection)} of {len(among)} {what}"
        return selection

    def label(self, column: str) -> str:
        """A column in words, with its unit: the header that the metric declares."""
        info = self.infos.get(column)
        name = (info.header if info else "") or column.replace("_", " ")
        unit = info.unit if info else ""
        return escaped(f"{name} ({unit})" if unit else name)

    def goal_label(self, goal: Goal, between: str = ", ") -> str:
        """What is ranked by, and which way is better."""
        return f"{self.label(goal.metric)}{between}{goal.better} is better"


def spread_over(names: Sequence[str], most: int) -> list[str]:
    """At most so many names in their order: as many of each plug-in as there is room for, evenly among its own."""
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(name.partition("[")[0], []).append(name)
    shares = dict.fromkeys(families, 0)
    while sum(shares.values()) < min(most, len(names)):
        wanting = [family for family, all_of in families.items() if shares[family] < len(all_of)]
        shares[min(wanting, key=lambda family: shares[family])] += 1
    selection = {all_of[number * len(all_of) // shares[f]] for f, all_of in families.items() for number in range(shares[f])}
    return [name for name in names if name in selection]


def grid(
    style: Style, panels: int, height: float, *, most_columns: int = 3, heights: Sequence[float] = ()
) -> tuple[Figure, list[Axes]]:
    """A figure across the page with panels.

    Args:
        style: its width and its least width of a panel.
        panels: how many.
        height: of every row, inches, or of its labels alone where there are ``heights``.
        most_columns: panels side by side.
        heights: of each row's panels without labels, inches.
    """
    from .saving import blank

    most = min(panels, most_columns, max(1, int(style.width / style.panel)))
    columns = min(
        range(most, 0 if most < 2 else 1, -1), key=lambda count: -panels % count
    )  # the fewest gaps, then the most columns
    rows = -(-panels // columns)
    width = style.width if columns > 1 else min(style.width, 1.9 * style.panel)
    figure = blank(width, rows * height + sum(heights) + 0.35)
    axes = list(figure.subplots(rows, columns, squeeze=False, height_ratios=heights or None).ravel())
    for spare in axes[panels:]:
        spare.remove()
    return figure, axes[:panels]


def letter_panels(figure: Figure) -> None:
    """Letters (a), (b), ... above the left corners of the panels, where there are several; twin axes are one panel."""
    panels: dict[SubplotSpec, Axes] = {}
    for axes in figure.axes:
        if axes.axison and (spec := axes.get_subplotspec()) is not None:
            panels.setdefault(spec, axes)
    if len(panels) < 2:
        return
    for index, axes in enumerate(panels.values()):
        letter = f"({chr(ord('a') + index % 26)})"
        offset: dict[str, Any] = {"xytext": (-2, 4), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        axes.annotate(letter, (0, 1), xycoords="axes fraction", fontweight="bold", **offset)


def room(axes: Axes, beside: float) -> float:
    """The width of a panel before it is laid out, inches: its share of the figure without what its labels take."""
    spec = axes.get_subplotspec()
    columns = 1 if spec is None else spec.get_gridspec().ncols
    return float(axes.figure.get_figwidth()) / columns - beside  # type: ignore[union-attr]


def legend(
    figure: Figure,
    report: TaskReport,
    solvers: Sequence[str],
    *,
    lines: bool = True,
    marks: bool = True,
    bounds: Mapping[str, Any] | None = None,
) -> None:
    """One legend for all panels, below them, of what they draw: lines, marks or both, and ``bounds``, dashes by label."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=style.colour, label=style.label, **_line_options(style, lines=lines, marks=marks))
        for style in (report.line_styles[solver] for solver in solvers)
    ]
    handles += [Line2D([], [], color=BOUND_COLOUR, label=label, linestyle=dash) for label, dash in (bounds or {}).items()]
    columns = legend_columns(figure, report.style, [str(handle.get_label()) for handle in handles])
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=3.2 if lines else 1.5)


def legend_columns(figure: Figure, style: Style, labels: Sequence[str]) -> int:
    """How many labels stand side by side below a figure."""
    longest = max(map(len, labels), default=1)
    return max(1, min(len(labels), int(figure.get_figwidth() * 72 / style.font / (0.62 * longest + 5.5))))


def _line_options(style: LineStyle, *, lines: bool, marks: bool) -> dict[str, Any]:
    return {"linestyle": style.dash if lines else "none", "marker": style.marker if marks else "none"}


def logarithmic(values: Any) -> bool:
    """Whether values call for a logarithmic axis: all positive and spread over more than a factor of five."""
    known = np.asarray(values, dtype=float)
    known = known[np.isfinite(known)]
    return bool(known.size) and bool(known.min() > 0) and bool(known.max() / known.min() > 5)


def plain_ticks(axis: Any) -> None:
    """Ticks of a logarithmic axis: numbers at 1, 2 and 5 where it spans little, else at decades; powers where they are long."""
    from matplotlib.ticker import FuncFormatter, LogFormatterSciNotation, LogLocator, NullFormatter

    low, high = axis.get_view_interval()
    if low <= 0:
        return
    decades = math.floor(math.log10(high)) - math.ceil(math.log10(low)) + 1
    fine = decades < 2 or high / low < 20
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if fine else LogLocator(numticks=7))
    short = low >= 5e-4 and high < 2e5 and decades < 6
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}") if short else LogFormatterSciNotation())
    axis.set_minor_formatter(NullFormatter())


def scale_axes(axes: Any, rows: Sequence[Mapping[str, Any]], costs: Sequence[str]) -> None:
    """Quality against cost: each axis logarithmic where its values ask for that, with horizontal grid lines.

    Args:
        axes: of matplotlib.
        rows: of solvers, with a median and its interval.
        costs: columns along x.
    """
    for names, scale, axis in (
        (costs, axes.set_xscale, axes.xaxis),
        (("median", "median_low", "median_high"), axes.set_yscale, axes.yaxis),
    ):
        if logarithmic([row[name] for row in rows for name in names]):
            scale("log")
            plain_ticks(axis)
    axes.grid(axis="y")


def error_ends(value: float, low: float, high: float, top: float) -> tuple[float, float]:
    """Lengths of an error bar below and above; an end at infinity reaches to ``top``, none is there without an interval."""
    if not math.isfinite(value) or math.isnan(low):
        return 0.0, 0.0
    return value - low, max(0.0, (high if math.isfinite(high) else top) - value)
