"""Galleries: the truth, what the best solvers made of it, and the errors, on one scale a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.errors import PrbenchError
from prbench.reporting.leaderboards import number
from prbench.reporting.panels import Plane, View, views, wheel
from prbench.reporting.picked import picked

from .matter import Matter
from .saving import blank
from .style import escaped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_SOLVERS, MOST_DATASETS = 5, 6
_MOST_HEIGHT = 1.25
"""Of all panels together, in widths of a page."""


def galleries(matter: Matter) -> Iterator[tuple[str, Figure]]:
    """A figure a dataset, the first six with stored reconstructions whose problem can be made again, with the dataset's name."""
    drawn = 0
    for dataset in matter.datasets:
        if drawn == MOST_DATASETS:
            return
        figure = _gallery(matter, dataset)
        if figure is not None:
            drawn += 1
            yield dataset, figure


def _gallery(matter: Matter, dataset: str) -> Figure | None:
    rows = picked(matter.results, matter.board, dataset, MOST_SOLVERS)
    if not rows:
        return None
    try:
        problem = matter.results.problem(rows[0][0]["key"])
    except PrbenchError:
        return None  # its data are not here; other figures still are
    shown = views(problem, [found for _, found in rows])
    lines = [(view, errors) for view in shown for errors in (False, True) if not errors or any(view.errors)]
    if not lines:
        return None
    columns = 1 + len(rows)
    pixels = next(plane for plane in shown[0].found if plane is not None).pixels
    shape = pixels.shape[0] / pixels.shape[1]
    side = min((matter.style.width - 0.6) / max(columns, 4), _MOST_HEIGHT * matter.style.width / (len(lines) * shape))
    figure = blank(side * columns + 0.6, len(lines) * side * shape + 0.55)
    grid = figure.subplots(len(lines), columns, squeeze=False)
    metric = matter.board.goals[dataset].metric
    for line, (view, errors) in zip(grid, lines, strict=True):
        _line(figure, line, view, errors=errors)
    for axes, (row, _) in zip(grid[0][1:], rows, strict=True):
        axes.set_title(
            f"{matter.looks[row['solver']].label}\n{metric} {number(float(row[metric]))}", weight="normal", loc="center"
        )
    first = "truth" if problem.truth is not None else "published" if any(view.truth for view in shown) else ""
    grid[0][0].set_title(first, weight="normal", loc="center")
    figure.suptitle(
        escaped(f"{dataset}, sample {rows[0][0]['sample']}{_plane(shown)}"), fontsize=matter.style.font, x=0.01, ha="left"
    )
    return figure


def _plane(shown: list[View]) -> str:
    return next((f", {view.plane}" for view in shown if view.plane), "")


def _line(figure: Figure, line: Any, view: View, *, errors: bool) -> None:
    planes = [None, *view.errors] if errors else [view.truth, *view.found]
    for axes, plane in zip(line, planes, strict=True):
        _show(axes, plane)
    if errors:
        _bar(figure, line, view.error_colours, view.error_low, view.error_high, "" if view.kind == "complex" else view.unit)
        line[0].set_ylabel("error")
    else:
        if view.kind == "map":
            _bar(figure, line, view.colours, view.low, view.high, view.unit)
        line[0].set_ylabel(view.name)
    if errors and view.kind == "complex":
        _wheel(line[0])


def _show(axes: Axes, plane: Plane | None) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)
    if plane is not None:
        axes.imshow(plane.rgb(), interpolation="nearest")


def _wheel(axes: Axes) -> None:
    """The key to complex images, in the empty place under the truth."""
    inner = axes.inset_axes((0.2, 0.12, 0.6, 0.6))
    key = wheel(128)
    ring = np.hypot(*np.meshgrid(np.linspace(-1, 1, 128), np.linspace(-1, 1, 128))) <= 1
    inner.imshow(np.dstack([key.rgb(), np.where(ring, 255, 0).astype(np.uint8)]), interpolation="bilinear")
    inner.set_axis_off()
    inner.annotate(
        "0", (1, 0.5), xycoords="axes fraction", xytext=(2, 0), textcoords="offset points", va="center", fontsize="x-small"
    )
    inner.annotate(
        r"$\pi$",
        (0, 0.5),
        xycoords="axes fraction",
        xytext=(-2, 0),
        textcoords="offset points",
        va="center",
        ha="right",
        fontsize="x-small",
    )
    inner.set_title("phase", fontsize="x-small", weight="normal", loc="center", pad=2)


def _bar(figure: Figure, line: Any, colours: str, low: float, high: float, unit: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    bar = figure.colorbar(ScalarMappable(Normalize(low, high), colours), ax=list(line), fraction=0.02, pad=0.01, aspect=18)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize="x-small")
    bar.set_label(unit)
