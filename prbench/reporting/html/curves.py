"""Convergence: the residual of many cells as one median with its quartiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .columns import numbers

X = ("iteration", "seconds", "pairs")
"""What a residual is drawn over: steps, seconds, and FFT pairs of the measurement's shape."""
_MOST_POINTS, _ALL_POINTS, _FEWEST = 40, 12_000, 12


def points_a_curve(curves: int) -> int:
    """Points kept of each of ``curves`` curves, so that the page stays small."""
    return int(np.clip(_ALL_POINTS // max(curves, 1), _FEWEST, _MOST_POINTS))


def summary(curves: Sequence[tuple[Mapping[str, Sequence[float]], float]], points: int) -> dict[str, Any] | None:
    """The median residual and its quartiles over each of :data:`X`.

    A curve is held at its last value once its solve has ended, and counts from its first point on.

    Args:
        curves: a record's curve and the seconds of its FFT pair (NaN where not measured).
        points: along each axis.

    Returns:
        for each axis ``x, low, middle, high``; and ``cells``, how many curves there are. None where no curve has two points.
    """
    usable = [(curve, pair) for curve, pair in curves if len(curve.get("residual", ())) > 1]
    if not usable:
        return None
    made: dict[str, Any] = {"cells": len(usable)}
    for axis in X:
        tracks = []
        for curve, pair in usable:
            x = np.asarray(curve["iteration" if axis == "iteration" else "seconds"], dtype=float)
            y = np.asarray(curve["residual"], dtype=float)
            if axis == "pairs":
                x = x / pair
            known = np.isfinite(x) & np.isfinite(y)
            if known.sum() > 1:
                tracks.append((x[known], y[known]))
        if tracks:
            made[axis] = _quartiles(tracks, points)
    return made


def _quartiles(tracks: list[tuple[np.ndarray, np.ndarray]], points: int) -> dict[str, Any]:
    first = min(float(x[x > 0].min()) if (x > 0).any() else 1.0 for x, _ in tracks)
    last = max(float(x[-1]) for x, _ in tracks)
    grid = np.geomspace(first, max(last, first * 1.0001), points)
    at = np.full((len(tracks), points), np.nan)
    for row, (x, y) in enumerate(tracks):
        at[row] = np.where(grid >= x[0], np.interp(grid, x, y), np.nan)
    met = np.isfinite(at).any(axis=0)
    low, middle, high = np.nanquantile(at[:, met], [0.25, 0.5, 0.75], axis=0)
    return {"x": numbers(grid[met]), "low": numbers(low), "middle": numbers(middle), "high": numbers(high)}
