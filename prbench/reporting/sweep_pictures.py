"""Sweeps as pictures: robustness curves with intervals, maps of success, the spread of quality over random settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from prbench.errors import one_line

from .sweeps import Sweep, value_text
from .values import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "pdf")
_MARKERS = "osD^vPX*"


def save_sweep(sweep: Sweep, folder: Path) -> list[Path]:
    """Draw a sweep as PNG and PDF into ``folder``, which is made; the same rows give the same bytes.

    Returns:
        The paths written.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    draw = _draw_settings if not sweep.axes else _draw_curves if len(sweep.axes) == 1 else _draw_maps
    with mpl.rc_context({"font.size": 8, "pdf.fonttype": 42, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(layout="constrained", dpi=150)
        FigureCanvasAgg(figure)
        draw(figure, sweep)
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"sweep.{form}" for form in FORMATS]
        for path, nothing in zip(paths, ({"Software": None}, {"CreationDate": None, "Producer": None}), strict=True):
            figure.savefig(path, metadata=nothing)
    return paths


def _colours(names: Sequence[str]) -> dict[str, Any]:
    import seaborn as sns

    return dict(zip(names, sns.color_palette("colorblind", max(len(names), 1)), strict=False))


def _text(name: object, limit: int = 60) -> str:
    return one_line(name, limit).replace("$", r"\$")


def _draw_curves(figure: Figure, sweep: Sweep) -> None:
    """A column for each dataset: the score with its interval above, the success rate with its interval below."""
    axis = sweep.axes[0]
    datasets = list(sweep.rows["dataset"].unique())
    success = bool(sweep.rows["success"].notna().any())
    figure.set_size_inches(3.4 * len(datasets) + 0.6, 4.6 if success else 2.8)
    panels = figure.subplots(2 if success else 1, len(datasets), squeeze=False, sharex="col")
    names = list(sweep.rows["solver"].unique())
    colours = _colours(names)
    for column, dataset in enumerate(datasets):
        part = sweep.rows[sweep.rows["dataset"] == dataset]
        goal = sweep.goals[str(dataset)]
        ticks = list(dict.fromkeys(value for value in part[axis] if not _absent(value)))
        positions, log = _positions(ticks)
        for i, name in enumerate(names):
            rows = part[part["solver"] == name]
            style = {"color": colours[name], "marker": _MARKERS[i % len(_MARKERS)], "label": _text(name)}
            _curve(panels[0, column], rows, axis, positions, "median", style)
            if success:
                _curve(panels[1, column], rows, axis, positions, "success", style)
        _label_axes(panels[:, column], ticks, positions, axis.removeprefix("over."), log=log)
        top = panels[0, column]
        top.set_title(_text(dataset))
        top.set_ylabel(goal.metric)
        if (part["median"] > 0).all():
            top.set_yscale("log")
        if success and goal.threshold is not None:
            top.axhline(goal.threshold, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        if success:
            panels[1, column].set_ylabel("success rate")
            panels[1, column].set_ylim(-0.03, 1.03)
    lines, texts = panels[0, 0].get_legend_handles_labels()
    figure.legend(lines, texts, loc="outside upper center", ncols=2, frameon=False, fontsize=7)


def _curve(panel: Axes, rows: pd.DataFrame, axis: str, positions: dict[object, float], name: str, style: dict[str, Any]) -> None:
    """A line with its interval as a band; where failures reach the median a cross at the edge; a level where nothing is swept."""
    known = rows[[not _absent(value) for value in rows[axis]]]
    if known.empty:
        for value in rows[name]:
            panel.axhline(value, color=style["color"], linestyle="--", linewidth=1, label=style["label"])
        return
    x = np.array([positions[value] for value in known[axis]])
    order = np.argsort(x)
    y, low, high = (known[f"{name}{end}"].to_numpy(float)[order] for end in ("", "_low", "_high"))
    x, finite = x[order], np.isfinite(y)
    panel.plot(x[finite], y[finite], markersize=3.5, linewidth=1.2, **style)
    ceiling = np.where(np.isposinf(high), np.nanmax(np.where(np.isfinite(high), high, y), initial=0.0), high)
    panel.fill_between(x, low, ceiling, where=finite & np.isfinite(low), color=style["color"], alpha=0.18, linewidth=0)
    failed = ~finite & ~np.isnan(y)
    if failed.any():
        edge, across = np.where(y[failed] > 0, 1.0, 0.0), panel.get_xaxis_transform()
        panel.plot(x[failed], edge, "x", color=style["color"], transform=across, clip_on=False, markersize=5)


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _positions(ticks: Sequence[object]) -> tuple[dict[object, float], bool]:
    """Where each value stands, and whether on a logarithmic axis; words are set side by side, after the numbers."""
    numbers = [float(value) for value in ticks if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < 2:
        return {value: float(i) for i, value in enumerate(ticks)}, False
    low, high = min(numbers), max(numbers)
    log = low > 0 and high / low > 20
    step = (high / low) ** (1 / (len(numbers) - 1)) if log else (high - low) / (len(numbers) - 1)
    words = [value for value in ticks if isinstance(value, str | bool)]
    beyond: dict[object, float] = {word: high * step ** (i + 1) if log else high + step * (i + 1) for i, word in enumerate(words)}
    return {**dict(zip((value for value in ticks if value not in beyond), numbers, strict=True)), **beyond}, log


def _label_axes(panels: Any, ticks: Sequence[object], positions: dict[object, float], name: str, *, log: bool) -> None:
    for panel in panels:
        if log:
            panel.set_xscale("log")
        panel.set_xticks([positions[value] for value in ticks], [value_text(value) for value in ticks], rotation=30, ha="right")
        panel.minorticks_off()
        panel.grid(axis="y", color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
    panels[-1].set_xlabel(name)


def _draw_maps(figure: Figure, sweep: Sweep) -> None:
    """A row for each dataset, a column for each solver: the share of samples solved, or the median where nobody can say."""
    across, down = sweep.axes
    groups = list(sweep.rows.groupby(["dataset", "solver"], sort=False))
    datasets, solvers = (list(sweep.rows[name].unique()) for name in ("dataset", "solver"))
    most = (sweep.rows[axis].nunique() for axis in (across, down))
    figure.set_size_inches(len(solvers) * (0.45 * next(most) + 1.4) + 0.6, len(datasets) * (0.38 * next(most) + 1.3))
    panels = figure.subplots(len(datasets), len(solvers), squeeze=False)
    drawn = None
    for (dataset, solver), part in groups:
        panel = panels[datasets.index(dataset), solvers.index(solver)]
        goal = sweep.goals[str(dataset)]
        x, y = (list(dict.fromkeys(map(value_text, part[axis]))) for axis in (across, down))
        name = "median" if part["success"].isna().all() else "success"
        image = np.full((len(y), len(x)), np.nan)
        for row in part.to_dict("records"):
            image[y.index(value_text(row[down])), x.index(value_text(row[across]))] = row[name]
        limits = {"vmin": 0.0, "vmax": 1.0} if name == "success" else {}
        drawn = panel.imshow(np.where(np.isfinite(image), image, np.nan), origin="lower", aspect="auto", cmap="viridis", **limits)
        middle = 0.5 if name == "success" else np.nanmean(np.where(np.isfinite(image), image, np.nan))
        for i, j in np.ndindex(image.shape):
            if not np.isnan(image[i, j]):
                text = f"{100 * image[i, j]:.0f}" if name == "success" else number(float(image[i, j]))
                panel.text(j, i, text, ha="center", va="center", fontsize=7, color="black" if image[i, j] > middle else "white")
        panel.set_xticks(range(len(x)), x, rotation=30, ha="right")
        panel.set_yticks(range(len(y)), y)
        panel.set(xlabel=across.removeprefix("over."), ylabel=down.removeprefix("over."))
        what = "success in %" if name == "success" else f"median {goal.metric}"
        panel.set_title(f"{_text(solver, 40)}\n{_text(dataset, 40)}: {what}", fontsize=7)
    if drawn is not None and sweep.rows["success"].notna().all():
        figure.colorbar(drawn, ax=panels, fraction=0.04, label="share of samples solved")


def _draw_settings(figure: Figure, sweep: Sweep) -> None:
    """A panel for each dataset: by solver the range of 80 % of the settings, their median and best, and the solver as named."""
    datasets = list(sweep.rows["dataset"].unique())
    solvers = list(sweep.rows["solver"].unique())
    figure.set_size_inches(3.2 * len(datasets) + 1.4, 0.45 * len(solvers) + 1.3)
    panels = figure.subplots(1, len(datasets), squeeze=False, sharey=True)[0]
    colours = _colours(solvers)
    for panel, dataset in zip(panels, datasets, strict=True):
        goal = sweep.goals[str(dataset)]
        part = sweep.rows[sweep.rows["dataset"] == dataset]
        finite = part[["best", "low", "median", "high", "default"]].to_numpy(float)
        finite = finite[np.isfinite(finite)]
        edge = (finite.max() if goal.better == "lower" else finite.min()) if finite.size else 1.0
        for row in part.to_dict("records"):
            row_number, colour = solvers.index(row["solver"]), colours[row["solver"]]
            ends = [value if math.isfinite(value) else edge for value in (row["low"], row["high"])]
            panel.plot(ends, [row_number, row_number], color=colour, linewidth=6, alpha=0.35, solid_capstyle="butt")
            if not math.isfinite(row["high"]):
                panel.plot([edge], [row_number], ">" if goal.better == "lower" else "<", color=colour, markersize=8)
            panel.plot([row["median"]], [row_number], "|", color=colour, markersize=12, markeredgewidth=2)
            panel.plot([row["best"]], [row_number], "o", color=colour, markersize=4)
            named = row["default"] if math.isfinite(row["default"]) else edge
            panel.plot([named], [row_number], "D", markerfacecolor="none", markeredgecolor="black", markersize=6)
        if finite.size and (finite > 0).all():
            panel.set_xscale("log")
        if goal.threshold is not None:
            panel.axvline(goal.threshold, color="0.6", linewidth=0.8, linestyle=":", zorder=0)
        panel.set_yticks(range(len(solvers)), [_text(name, 40) for name in solvers])
        panel.set_ylim(len(solvers) - 0.5, -0.5)
        panel.set_xlabel(f"{goal.metric}, {goal.better} is better")
        panel.set_title(_text(dataset))
    figure.suptitle("bar: 80 % of the settings, |: median, ●: best, ◇: as named, ▸: failures beyond", fontsize=7)
