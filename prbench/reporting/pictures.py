"""Small pictures of reconstructions beside the truth, where there is one: complex objects (colour is phase, brightness magnitude)
and, through :mod:`~prbench.reporting.maps`, real-valued maps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.core import Panel, Problem, Reconstruction, find_task
from prbench.errors import UsageError
from prbench.metrics.symmetry import align, symmetries_of

from .maps import draw_maps

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = Any
Window = tuple[slice, slice]

_DPI = 110
_PANEL_INCH = 2.5
_VISIBLE = 0.05
"""Magnitude, relative to the largest, above which a pixel belongs to what is looked at."""

_LEAST_ERROR = 0.01
"""Errors below this are drawn dark: rounding should not look like structure."""


@dataclass(frozen=True)
class Cut:
    """The plane shown of an array: all of a 2D array, one slice of a 3D one, a vector row by row."""

    axis: int | None = None
    index: int = 0

    def __call__(self, array: Array) -> Array:
        """The plane, 2D."""
        if array.ndim == 1:
            columns = math.isqrt(max(1, array.size - 1)) + 1
            return np.pad(array, (0, -array.size % columns)).reshape(-1, columns)
        return array if self.axis is None else np.take(array, self.index, axis=self.axis)

    def __str__(self) -> str:
        return "" if self.axis is None else f"slice {self.index} of axis {self.axis}"


def save_picture(path: str | Path, problem: Problem, reconstruction: Reconstruction, title: str) -> Path:
    """Draw a reconstruction as a PNG.

    Complex objects with truth: truth, reconstruction (its nearest symmetric copy) and the magnitude of their difference; without:
    magnitude, phase and the measured pattern. Of 3D objects the slice is shown, through the centre of mass, that holds most.
    Real-valued maps: see :func:`~prbench.reporting.maps.draw_maps`.

    Args:
        path: file to write; its folder must exist.
        problem: what it is a reconstruction of.
        reconstruction: arrays on the host.
        title: one or two lines above the panels.

    Returns:
        The path written.

    Raises:
        UsageError: where the reconstruction holds neither a complex object nor a map of its task.
    """
    note, options = "", {}
    if reconstruction.object is not None:
        figure, note = _draw_object(problem, reconstruction)
    elif (maps := draw_maps(problem, reconstruction)) is not None:
        figure, options = maps, {"y": 1 - 0.05 / maps.get_figheight(), "verticalalignment": "top"}
    else:
        raise UsageError("pictures are drawn of complex objects and of the maps of a task; this reconstruction has neither")
    figure.suptitle("\n".join([title, note] if note else [title]), fontsize=8, parse_math=False, **options)
    figure.savefig(path, metadata={"Software": None})
    return Path(path)


def _draw_object(problem: Problem, reconstruction: Reconstruction) -> tuple[Figure, str]:
    """The figure of a complex object, and which slice of it that shows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3 * _PANEL_INCH + 1.3, _PANEL_INCH + 0.7), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    if problem.truth is None or problem.truth.object is None:
        return figure, _without_truth(figure, problem, np.asarray(reconstruction.object))
    return figure, _with_truth(figure, problem, np.asarray(reconstruction.object))


def domain_colours(z: Array, largest: float | None = None) -> np.ndarray:
    """Colours of a complex image: colour is phase, brightness magnitude.

    Phase 0 is rose, a quarter of a turn yellow, half a turn teal, three quarters blue; see
    :mod:`prbench.reporting.phase_colours`.

    Args:
        z: complex (H, W).
        largest: the magnitude of full brightness; that of ``z`` where None.

    Returns:
        float (H, W, 3), sRGB from 0 to 1.
    """
    from .phase_colours import phase_colours

    magnitude = np.abs(z)
    top = float(magnitude.max()) if largest is None else largest
    value = np.clip(magnitude / top, 0, 1) if top > 0 else np.zeros_like(magnitude)
    return phase_colours(np.angle(z), value)


def best_cut(x: Array) -> Cut:
    """The plane through the centre of mass of ``|x|^2`` that holds most of it; the whole of a 2D array or a vector."""
    if x.ndim <= 2:
        return Cut()
    weight = np.abs(x).astype(float) ** 2
    total = weight.sum() or 1.0
    options = []
    for axis, n in enumerate(x.shape):
        profile = weight.sum(axis=tuple(a for a in range(x.ndim) if a != axis))
        index = round(float((profile * np.arange(n)).sum() / total))
        options.append((float(profile[index]), axis, index))
    _, axis, index = max(options, key=lambda option: option[0])
    return Cut(axis, index)


def _with_truth(figure: Figure, problem: Problem, estimate: Array) -> str:
    assert problem.truth is not None
    truth = np.asarray(problem.truth.object)
    aligned = align(truth, estimate, symmetries_of(problem.measurement))
    cut = best_cut(truth)
    x, xh = cut(truth), cut(aligned)
    window = _window(np.maximum(np.abs(x), np.abs(xh)))
    x, xh = x[window], xh[window]
    top = float(np.abs(x).max()) or 1.0
    left, middle, key, right = figure.subplots(1, 4, width_ratios=[1, 1, 0.2, 1.1])
    _show(left, domain_colours(x, top), "truth")
    _show(middle, domain_colours(xh, top), "reconstruction")
    _wheel(key)
    error = np.abs(xh - x) / top
    drawn = _show(right, error, "|error| / max |truth|", cmap="inferno", vmin=0.0, vmax=max(float(error.max()), _LEAST_ERROR))
    _colour_bar(figure, drawn, right)
    return str(cut)


def _without_truth(figure: Figure, problem: Problem, estimate: Array) -> str:
    from matplotlib.colors import LogNorm

    cut = best_cut(estimate)
    x = cut(estimate)
    x = x[_window(np.abs(x))]
    magnitude = np.abs(x)
    mean = np.vdot(magnitude, x * magnitude)
    phase = np.angle(x * np.conj(mean))
    seen = np.where(magnitude > 2 * _VISIBLE * magnitude.max(), phase, np.nan)
    left, middle, right = figure.subplots(1, 3)
    _colour_bar(figure, _show(left, magnitude, "magnitude", cmap="gray", vmin=0.0, vmax=_white(magnitude)), left)
    _colour_bar(figure, _show(middle, seen, "phase (rad)", cmap="twilight", vmin=-np.pi, vmax=np.pi), middle)
    panel = find_task(problem.measurement.task).panel
    pattern = _measured(problem, panel, cut)
    if panel.scale == "log":
        top = float(np.nanmax(pattern))
        bottom = max(1e-7 * top, float(np.nanmin(pattern[pattern > 0])))
        norm = LogNorm(bottom, top if top > bottom else 10 * bottom)
        drawn = _show(right, np.maximum(pattern, bottom), panel.label, cmap="viridis", norm=norm)
    else:
        drawn = _show(right, pattern, panel.label, cmap="viridis")
    _colour_bar(figure, drawn, right)
    return str(cut)


def _white(magnitude: Array) -> float:
    """The magnitude drawn white: a few outliers above it do not darken the rest."""
    visible = magnitude[magnitude > _VISIBLE * magnitude.max()]
    return float(np.quantile(visible, 0.998)) if visible.size else 1.0


def _measured(problem: Problem, panel: Panel, cut: Cut) -> Array:
    """The measured array, unmeasured pixels NaN; of a 3D pattern the plane through zero frequency along the same axis."""
    measurement = problem.measurement
    intensity = measurement.backend.to_numpy(getattr(measurement, panel.field)).astype(float)
    mask = getattr(measurement, "mask", None)
    if mask is not None:
        intensity = np.where(measurement.backend.to_numpy(mask), intensity, np.nan)
    first = intensity[0] if intensity.ndim == 3 and cut.axis is None else intensity  # of several patterns of one object
    plane = Cut(cut.axis, first.shape[cut.axis or 0] // 2)(first)
    return plane if (plane > 0).any() else np.ones_like(plane)


def _window(magnitude: Array) -> Window:
    """The part of an image that holds something, with a margin; all of it where that is most of it."""
    visible = magnitude > _VISIBLE * magnitude.max()
    if not visible.any():
        return slice(None), slice(None)
    cuts = []
    for axis, n in enumerate(magnitude.shape):
        where = np.flatnonzero(visible.any(axis=1 - axis))
        margin = max(2, (where[-1] - where[0]) // 10)
        cuts.append(slice(max(0, where[0] - margin), min(n, where[-1] + margin + 1)))
    return cuts[0], cuts[1]


def _show(axes: Axes, image: Array, label: str, **options: Any) -> Any:
    drawn = axes.imshow(image, interpolation="nearest", **options)
    axes.set_title(label, fontsize=8, parse_math=False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("0.6")
    return drawn


def _colour_bar(figure: Figure, drawn: Any, axes: Axes) -> None:
    bar = figure.colorbar(drawn, ax=axes, fraction=0.05, pad=0.02)
    bar.ax.tick_params(labelsize=6)


def _wheel(axes: Axes) -> None:
    """The key to the colours."""
    grid = np.linspace(-1, 1, 64)
    z = grid[None, :] + 1j * grid[::-1, None]
    colours = np.concatenate([domain_colours(z, 1.0), (np.abs(z) <= 1)[..., None]], axis=-1)
    axes.imshow(colours, interpolation="bilinear")
    axes.set_title("phase\n0 →", fontsize=7)
    axes.set_axis_off()
