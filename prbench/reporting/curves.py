"""Convergence: the residual of many cells as one median with its quartiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

X = ("iteration", "seconds", "pairs")
"""What a residual is drawn over: steps, seconds, and FFT pairs of the measurement's shape."""


@dataclass(frozen=True, eq=False)
class Track:
    """Quartiles of the residual along one axis; arrays of one length, ``x`` in equal ratios."""

    x: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, eq=False)
class Summary:
    """What many curves have in common.

    Attributes:
        cells: how many curves there are.
        tracks: by the members of :data:`X` that the curves tell.
    """

    cells: int
    tracks: dict[str, Track]


def summary(curves: Sequence[tuple[Mapping[str, Any], float]], points: int) -> Summary | None:
    """The median residual and its quartiles over each of :data:`X`.

    A curve is held at its last value once its solve has ended, and counts from its first point on.

    Args:
        curves: a record's curve, sequences of numbers, and the seconds of its FFT pair (NaN where not measured).
        points: along each axis.

    Returns:
        None where no curve has two points.
    """
    usable = [(curve, pair) for curve, pair in curves if len(curve.get("residual", ())) > 1]
    if not usable:
        return None
    quartiles: dict[str, Track] = {}
    for axis in X:
        tracks = []
        for curve, pair in usable:
            x = np.asarray(curve["iteration" if axis == "iteration" else "seconds"], dtype=float)
            y = np.asarray(curve["residual"], dtype=float)
            if axis == "pairs":
                x = x / pair
            finite = np.isfinite(x) & np.isfinite(y)
            if finite.sum() > 1:
                tracks.append((x[finite], y[finite]))
        if tracks:
            quartiles[axis] = _quartiles(tracks, points)
    return Summary(len(usable), quartiles)


def _quartiles(tracks: list[tuple[np.ndarray, np.ndarray]], points: int) -> Track:
    first = min(float(x[x > 0].min()) if (x > 0).any() else 1.0 for x, _ in tracks)
    last = max(float(x[-1]) for x, _ in tracks)
    grid = np.geomspace(first, max(last, first * 1.0001), points)
    at = np.full((len(tracks), points), np.nan)
    for row, (x, y) in enumerate(tracks):
        at[row] = np.where(grid >= x[0], np.interp(grid, x, y), np.nan)
    met = np.isfinite(at).any(axis=0)
    low, middle, high = np.nanquantile(at[:, met], [0.25, 0.5, 0.75], axis=0)
    return Track(grid[met], low, middle, high)
