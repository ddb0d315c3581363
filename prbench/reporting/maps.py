"""Pictures of real-valued maps: what a task reconstructs, beside the truth or a published answer where there is one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core import Map, Problem, Reconstruction, find_task
from prbench.metrics.regions import judged_region

from .values import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

Array = Any

_SIDE_INCH = 2.5
_BAR_INCH = 0.72
_LABEL_INCH = 0.25
_TOP_INCH = 0.25
_EDGE_INCH = 0.1
_COLUMNS = 3
_ERROR_COLOURS = "PuOr"
_OUTLYING = 0.995
"""Part of the pixels that an error's colours span, so that a few outliers do not hide the rest."""

_LEAST_ERROR = 0.01
"""Errors under this part of the truth's range are drawn pale: rounding should not look like structure."""


def map_of(kind: Map, estimate: Reconstruction, region: Array) -> Array | None:
    """The map of a reconstruction as it is drawn, float64 (H, W), or None where the reconstruction lacks it."""
    return drawn_map(kind, getattr(estimate, kind.field), region)


def drawn_map(kind: Map, array: Array | None, region: Array) -> Array | None:
    """An array of a map as it is drawn: one component of a vector field, a free offset removed."""
    if array is None:
        return None
    plane = np.asarray(array if kind.component is None else array[kind.component], np.float64)
    return plane - plane[_fitting(region, plane)].mean() if kind.free_offset else plane


@dataclass(frozen=True)
class _MapPanel:
    """One image with the limits of its colours."""

    image: Array
    label: str
    colours: str
    low: float
    high: float
    unit: str = ""
    bar: bool = True


def draw_maps(problem: Problem, estimate: Reconstruction) -> Figure | None:
    """A figure of the maps of a reconstruction; None where the task has none.

    With truth each map has a row: truth, reconstruction, error. Without, a map with a published answer in ``problem.reference``
    has a row of published, reconstruction, difference; the others stand side by side with a measured image. Truth and
    reconstruction share a scale, the truth's range over the region judged, or the reconstruction's where the truth is constant;
    the error has its own. An image and its blur kernel are moved to where the truth is, since their position is free.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = _rows(problem, estimate)
    if not rows:
        return None
    columns = max(len(row) for row in rows)
    height, width = rows[0][0].image.shape
    across = min(max(_SIDE_INCH * math.sqrt(width / height), 1.5), 4.5)
    down = across * height / width
    size = (_EDGE_INCH + columns * (across + _BAR_INCH), _TOP_INCH + len(rows) * (down + _LABEL_INCH) + _EDGE_INCH)
    figure = Figure(figsize=size, dpi=90)
    FigureCanvasAgg(figure)

    def add_axes(left: float, top: float, wide: float) -> Axes:
        """Axes as high as a panel; inches from the figure's upper left corner."""
        return figure.add_axes((left / size[0], 1 - (top + down) / size[1], wide / size[0], down / size[1]))

    for n, row in enumerate(rows):
        top = _TOP_INCH + n * (down + _LABEL_INCH) + _LABEL_INCH
        for m, panel in enumerate(row):
            left = _EDGE_INCH + m * (across + _BAR_INCH)
            drawn = _show(add_axes(left, top, across), panel)
            if panel.bar:
                _key(figure, drawn, add_axes(left + across + 0.05, top, 0.1), panel)
    return figure


def _rows(problem: Problem, estimate: Reconstruction) -> list[list[_MapPanel]]:
    region = judged_region(problem)
    task = find_task(problem.measurement.task)
    if task.align is not None and problem.truth is not None:
        estimate = task.align(problem, estimate)
    compared: list[list[_MapPanel]] = []
    alone: list[_MapPanel] = []
    for kind in task.maps:
        image = map_of(kind, estimate, region)
        reference, label = _reference(problem, kind, region)
        if image is not None and reference is not None:
            compared.append(_comparison(kind, reference, label, image, region))
        elif image is not None:
            alone.append(_single(kind, kind.label, image, region))
        elif reference is not None and problem.truth is not None and np.ptp(reference) > 0:
            alone.append(_single(kind, f"{kind.label}: {label}, not reconstructed", reference, region))
    if not compared and not alone:
        return []
    if problem.truth is None:
        alone += _measured(problem, region)
    packed = [alone[at : at + _COLUMNS] for at in range(0, len(alone), _COLUMNS)]
    return [*packed, *compared] if problem.truth is None else [*compared, *packed]


def _reference(problem: Problem, kind: Map, region: Array) -> tuple[Array | None, str]:
    """What the map is compared with, and its name."""
    if problem.truth is not None:
        return map_of(kind, problem.truth, region), "truth"
    return drawn_map(kind, problem.reference.get(kind.field), region), "published"


def _comparison(kind: Map, reference: Array, label: str, estimate: Array, region: Array) -> list[_MapPanel]:
    inside = _fitting(region, reference)
    constant = not np.ptp(reference[inside]) > 0  # it has no range of its own, and the reconstruction's is shown
    low, high = _limits(kind, estimate[inside], _OUTLYING) if constant else _limits(kind, reference[inside], 1.0)
    error = np.where(inside, estimate - reference, np.nan)
    rms = math.sqrt(float(np.nanmean(error**2)))
    top = max(float(np.quantile(np.abs(error[inside]), _OUTLYING)), _LEAST_ERROR * (high - low))
    word = "error" if label == "truth" else "difference"
    return [
        _MapPanel(reference, f"{kind.label}: {label}", kind.colours, low, high, bar=False),
        _MapPanel(estimate, "reconstruction", kind.colours, low, high, kind.unit),
        _MapPanel(error, f"{word}, rms {number(rms)} {kind.unit}".rstrip(), _ERROR_COLOURS, -top, top, kind.unit),
    ]


def _single(kind: Map, label: str, image: Array, region: Array) -> _MapPanel:
    return _MapPanel(image, label, kind.colours, *_limits(kind, image[_fitting(region, image)], _OUTLYING), kind.unit)


def _measured(problem: Problem, region: Array) -> Iterator[_MapPanel]:
    panel = find_task(problem.measurement.task).panel
    stack = getattr(problem.measurement, panel.field)
    if stack is not None:
        array = np.asarray(problem.measurement.backend.to_numpy(stack), np.float64)
        yield _single(Map(panel.field, panel.label), panel.label, array[0] if array.ndim == 3 else array, region)


def _limits(kind: Map, values: Array, share: float) -> tuple[float, float]:
    """The ends of the colours, which hold ``kept`` of the values; never equal."""
    low, high = (float(end) for end in np.quantile(values, [1 - share, share]))
    if kind.signed:
        high = max(abs(low), abs(high))
        low = -high
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _fitting(region: Array, image: Array) -> Array:
    """The region, or all of an image of another frame, such as a kernel."""
    return region if region.shape == image.shape and region.any() else np.ones(image.shape, bool)


def _show(axes: Axes, panel: _MapPanel) -> AxesImage:
    drawn = axes.imshow(panel.image, cmap=panel.colours, vmin=panel.low, vmax=panel.high)
    axes.set_title(panel.label, fontsize=8, pad=3, parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("0.6")
    return drawn


def _key(figure: Figure, drawn: AxesImage, axes: Axes, panel: _MapPanel) -> None:
    bar = figure.colorbar(drawn, cax=axes, extend=_extend(panel))
    bar.ax.tick_params(labelsize=6)
    bar.set_label(panel.unit, fontsize=7, labelpad=1)


def _extend(panel: _MapPanel) -> str:
    """Which ends of the scale the image goes beyond."""
    seen = panel.image[np.isfinite(panel.image)]
    below, above = bool((seen < panel.low).any()), bool((seen > panel.high).any())
    return {(False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both"}[below, above]
