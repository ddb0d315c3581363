"""Galleries: the truth, what the best solvers made of it, and the errors, on one scale a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from prbench.errors import PrbenchError
from prbench.reporting.panels import View, views
from prbench.reporting.selection import pictured_rows
from prbench.reporting.values import number

from .naming import wrapped
from .physical import object_pixel_m, photons, scale_bar
from .sheet import Sheet
from .task_report import TaskReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_SOLVERS, MOST_DATASETS = 5, 6
_MOST_HEIGHT = 1.25
"""Of all panels together, in widths of a page."""
_LABELS, _SCALES, _GAP = 8.6, 5.4, 0.6
"""Left of the panels, right of them and between them, in sizes of the font."""


def galleries(report: TaskReport) -> Iterator[tuple[str, Figure]]:
    """A figure a dataset with its name: at most six with stored reconstructions whose problem can be made again."""
    first = report.select("gallery", report.datasets, MOST_DATASETS)
    drawn = 0
    for dataset in (*first, *(name for name in report.datasets if name not in first)):
        if drawn == MOST_DATASETS:
            return
        figure = _gallery(report, dataset)
        if figure is not None:
            drawn += 1
            yield dataset, figure


def _gallery(report: TaskReport, dataset: str) -> Figure | None:
    rows = pictured_rows(report.results, report.board, dataset, MOST_SOLVERS)
    if not rows:
        return None
    try:
        problem = report.results.problem(rows[0][0]["key"])
    except PrbenchError:
        return None  # its data are not here; other figures still are
    shown = views(problem, [estimate for _, estimate in rows])
    if not shown:
        return None
    has_truth = any(view.truth for view in shown)
    first = "truth" if problem.truth is not None else "published"
    names = [*([first] if has_truth else []), *_names(report, dataset, rows)]
    plane = next((f", {view.plane}" for view in shown if view.plane), "")
    under = f"under each name {report.goal_label(report.board.goals[dataset])}"
    dose = photons(problem)
    title = f"{report.titles[dataset]}, sample {rows[0][0]['sample']}{plane}{f', {dose}' if dose else ''}; {under}"
    scales = [object_pixel_m(problem, view.kind) for view in shown]
    return _draw_sheet(report, shown, names, title, scales)


def _names(report: TaskReport, dataset: str, rows: Sequence[tuple[dict[str, Any], Any]]) -> list[str]:
    """What stands above each reconstruction: its solver and its score."""
    metric = report.board.goals[dataset].metric
    return [f"{report.line_styles[row['solver']].name}\n{number(float(row[metric]))}" for row, _ in rows]


def _draw_sheet(
    report: TaskReport, shown: Sequence[View], names: Sequence[str], title: str, scales: Sequence[float | None]
) -> Figure:
    em = report.style.font / 72
    lines = [(view, errors) for view in shown for errors in (False, True) if not errors or any(view.errors)]
    shapes = [_shape(view) for view, _ in lines]
    left, right, gap = _LABELS * em, _SCALES * em, _GAP * em
    across = (report.style.width - left - right) / max(len(names), 4) - gap
    side = min(across, _MOST_HEIGHT * report.style.width / sum(shapes))
    width = max(left + len(names) * (side + gap) + right, 0.6 * report.style.width)
    above = [_two(name, side + gap, report.style.font) for name in names]
    heading = wrapped(title, width, report.style.font)
    top = 1.5 * em * (heading.count("\n") + 1) + 1.25 * em * max(name.count("\n") + 1 for name in above) + 0.6 * em
    sheet = Sheet(width, top + sum(side * shape + gap for shape in shapes), report.style.font)
    sheet.write(gap, gap, heading, va="top")
    for column, name in enumerate(above):
        sheet.lines(left + column * (side + gap) + side / 2, top - 0.6 * em, name, size=0.9)
    y = top
    for (view, errors), shape in zip(lines, shapes, strict=True):
        boxes = [(left + column * (side + gap), y, side, side * shape) for column in range(len(names))]
        _line(sheet, boxes, view, gap, errors=errors)
        if not errors:
            _scale_bar(sheet, boxes[0], view, scales[shown.index(view)])
        y += side * shape + gap
    return sheet.figure


def _line(sheet: Sheet, boxes: Sequence[tuple[float, float, float, float]], view: View, gap: float, *, errors: bool) -> None:
    planes = [*([None] if errors else [view.truth]), *(view.errors if errors else view.estimate)][-len(boxes) :]
    for box, plane in zip(boxes, planes, strict=True):
        if plane is not None:
            sheet.image(plane.rgb(), box, framed=True)
        elif not errors:
            sheet.write(box[0] + box[2] / 2, box[1] + box[3] / 2, "none", ha="center", va="center", size=0.8, color="0.5")
    _, y, _, high = boxes[0]
    name = ("error / largest magnitude" if view.kind == "complex" else "error") if errors else view.name
    unit = f" ({view.unit})" if view.unit and view.kind == "map" else ""
    sheet.write(gap, y + high / 2, wrapped(name + unit, boxes[0][0] - gap, sheet.font * 0.9), va="center", size=0.95)
    bar = (boxes[-1][0] + boxes[-1][2] + gap, y, gap, high)
    if errors:
        sheet.bar(bar, view.error_colours, view.error_low, view.error_high)
    elif view.kind == "map":
        sheet.bar(bar, view.colours, view.low, view.high)
    else:
        sheet.wheel((bar[0], y, 5.5 * gap, high))


def _scale_bar(sheet: Sheet, box: tuple[float, float, float, float], view: View, pixel_m: float | None) -> None:
    """In the lower left corner of the first panel of a row."""
    image = next((plane for plane in (view.truth, *view.estimate) if plane is not None), None)
    if image is None:
        return
    pixels = round(image.pixels.shape[1] * view.step)
    length, label = scale_bar(pixels, pixel_m)
    x, y, wide, high = box
    sheet.scale_bar((x, y, wide, high), length / pixels, label)


def _shape(view: View) -> float:
    """Height over width."""
    pixels = next(plane for plane in (view.truth, *view.estimate) if plane is not None).pixels
    return float(pixels.shape[0] / pixels.shape[1])


def _two(name: str, inches: float, font: float) -> str:
    """A solver's name on as many lines as its column asks for, over its score."""
    solver, _, score = name.partition("\n")
    return "\n".join([wrapped(solver, inches, 0.9 * font), *([score] if score else [])])
