"""What every kind of figure draws from: one task's records, ranked, with what belongs to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.analysis import Goal, Leaderboard
from prbench.core import MetricInfo
from prbench.reporting.gathered import Gathered
from prbench.reporting.variations import natural

from .published import Quoted
from .style import Look, Style, escaped, looks, short_names

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from prbench.running.results import ResultSet


@dataclass(frozen=True, eq=False)
class Matter:
    """One task of a set of results.

    Attributes:
        results: all of them.
        board: the task's ranking.
        gathered: curves and settings.
        infos: what the columns mean.
        published: figures quoted from papers.
        style: how to draw.
    """

    results: ResultSet
    board: Leaderboard
    gathered: Gathered
    infos: dict[str, MetricInfo]
    published: Sequence[Quoted]
    style: Style

    @property
    def task(self) -> str:
        """Its name."""
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
    def looks(self) -> dict[str, Look]:
        """By solver, the same in every figure of the task."""
        return looks(self.solvers)

    @cached_property
    def titles(self) -> dict[str, str]:
        """By dataset, its name without the settings that all have in common."""
        return {name: escaped(title) for name, title in short_names(self.datasets).items()}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The task's records."""
        frame = self.results.frame
        return frame[frame["task"] == self.task]

    def rows(self, dataset: str) -> list[dict[str, Any]]:
        """The ranking on a dataset, best first."""
        rows = self.board.rows
        return [{str(k): v for k, v in row.items()} for row in rows[rows["dataset"] == dataset].to_dict("records")]

    def label(self, column: str) -> str:
        """A column's name with its unit."""
        unit = self.infos[column].unit if column in self.infos else ""
        return escaped(f"{column} ({unit})" if unit else column)

    def goal_label(self, goal: Goal, between: str = ", ") -> str:
        """What is ranked by, and which way is better."""
        return f"{self.label(goal.metric)}{between}{goal.better} is better"


def grid(style: Style, panels: int, height: float, *, most_columns: int = 3) -> tuple[Figure, list[Axes]]:
    """A figure across the page with a number of equal panels; the places left over are empty."""
    from .saving import blank

    columns = min(panels, most_columns, max(1, int(style.width / style.panel)))
    rows = -(-panels // columns)
    width = style.width if columns > 1 else min(style.width, 1.9 * style.panel)
    figure = blank(width, rows * height + 0.35)
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for spare in axes[panels:]:
        spare.set_axis_off()
    return figure, axes[:panels]


def legend(figure: Figure, matter: Matter, solvers: Sequence[str], *, lines: bool = True) -> None:
    """One legend for all panels, below them."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle=look.dash if lines else "none", label=look.label)
        for look in (matter.looks[solver] for solver in solvers)
    ]
    longest = max((len(handle.get_label()) for handle in handles), default=1)  # type: ignore[arg-type]
    room = figure.get_figwidth() * 72 / matter.style.font
    figure.legend(handles=handles, loc="outside lower center", ncols=max(1, min(len(handles), int(room / (0.62 * longest + 4)))))


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
    short = low >= 5e-4 and high < 2e5
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}") if short else LogFormatterSciNotation())
    axis.set_minor_formatter(NullFormatter())


def error_ends(value: float, low: float, high: float, top: float) -> tuple[float, float]:
    """Lengths of an error bar below and above; an end at infinity reaches to ``top``, none is there without an interval."""
    if not math.isfinite(value) or math.isnan(low):
        return 0.0, 0.0
    return value - low, max(0.0, (high if math.isfinite(high) else top) - value)
