"""Phases of objects of many kinds, radians, drawn on a square: what holograms from anywhere may show."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from prbench.core import Rng

from ._cells import DRAW, draw_cell, field

Map = np.ndarray

_CELL_PX, _CELL_UM = 256, 36.0
"""Side of the square that a cell is drawn for, in pixels and micrometres."""

_RAD_PER_UM = 2 * math.pi / 0.633


def draw_object(kind: str, rng: Rng, side: int, highest: float) -> Map:
    """The phase of an object, radians, float32 (side, side), at most ``highest`` above or below what surrounds it."""
    drawn = _DRAW[kind](rng, side)
    reach = float(np.abs(drawn).max())
    if kind not in _OWN_HEIGHT:
        drawn = drawn * (rng.uniform(*_HEIGHTS[kind]) * highest / (reach + 1e-12))
    elif reach > highest:
        drawn = drawn * (highest / reach)
    sign = 1.0 if rng.random() < _THICKER else -1.0
    return np.asarray(sign * drawn, np.float32)


_THICKER = 0.7
"""Part of the objects that delay light; the others are holes in what surrounds them."""


def _grid(side: int) -> tuple[Map, Map]:
    """Rows and columns, -1 to 1."""
    at = (2 * np.arange(side, dtype=np.float32) - (side - 1)) / side
    return np.broadcast_to(at[:, None], (side, side)), np.broadcast_to(at[None, :], (side, side))


def _cells(rng: Rng, side: int) -> Map:
    """Generated cells, larger or smaller than they are drawn elsewhere."""
    kind = list(DRAW)[int(rng.integers(len(DRAW)))]
    scale = rng.uniform(0.6, 1.6)
    path = draw_cell(kind, rng, field(side, _CELL_UM / _CELL_PX * 256 / side / scale))
    return path * np.float32(_RAD_PER_UM)


def _dome(y: Map, x: Map, centre: tuple[float, float], radii: tuple[float, float], power: float) -> Map:
    inside = np.clip(1 - ((y - centre[0]) / radii[0]) ** 2 - ((x - centre[1]) / radii[1]) ** 2, 0, None)
    return np.asarray(inside / (inside + 0.02) ** (1 - power))


def _ball(rng: Rng, side: int) -> Map:
    """One large round or oval body, somewhere."""
    y, x = _grid(side)
    radius = rng.uniform(0.25, 0.95)
    at = (rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5))
    return _dome(y, x, at, (radius, radius * rng.uniform(0.7, 1.3)), rng.uniform(0.5, 1.5))


def _beads(rng: Rng, side: int) -> Map:
    """Small round bodies that may touch, all of one size or of many."""
    y, x = _grid(side)
    radius, spread = rng.uniform(0.04, 0.2), rng.uniform(0, 0.6)
    drawn = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(2, 15))):
        at = (rng.uniform(-1, 1), rng.uniform(-1, 1))
        size = radius * rng.uniform(1 - spread, 1 + spread)
        drawn += _dome(y, x, at, (size, size), 0.5) * np.float32(size / radius)
    return drawn


def _chart(rng: Rng, side: int) -> Map:
    """Groups of bars, blocks and letters of one height, as on resolution charts."""
    drawn = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(2, 12))):
        width = max(2, int(side * rng.uniform(0.01, 0.1)))
        length, bars = int(width * rng.uniform(1, 6)), int(rng.integers(1, 5))
        top, left = (int(n) for n in rng.integers(-width, side, 2))
        upright = rng.random() < 0.5
        for bar in range(bars):
            first = (max(top, 0), max(left + 2 * bar * width, 0))
            last = (max(top + length, 0), max(left + (2 * bar + 1) * width, 0))
            rows, columns = slice(first[0], last[0]), slice(first[1], last[1])
            drawn[(rows, columns) if upright else (columns, rows)] = 1
    return drawn


def _star(rng: Rng, side: int) -> Map:
    """Spokes around a point, and rings through them."""
    y, x = _grid(side)
    y, x = y - np.float32(rng.uniform(-0.7, 0.7)), x - np.float32(rng.uniform(-0.7, 0.7))
    spokes, start = int(rng.integers(8, 37)), 2 * math.pi * rng.random()
    drawn = (np.sin(spokes * np.arctan2(y, x) + start) > 0).astype(np.float32)
    radius = np.hypot(y, x)
    if rng.random() < 0.6:
        drawn[radius > rng.uniform(0.4, 1.2)] = 0
    if rng.random() < 0.5:
        drawn[np.mod(radius * rng.uniform(2, 5), 1) < 0.1] = 0
    return np.asarray(drawn)


def _hills(rng: Rng, side: int) -> Map:
    """A smooth random relief, flat where it is low."""
    relief = _smooth(rng, side, rng.uniform(0.08, 0.3))
    return np.clip(relief - rng.uniform(-1, 1), 0, None).astype(np.float32)


def _tissue(rng: Rng, side: int) -> Map:
    """A flat body of wavy outline with a fine structure and folds."""
    outline = _smooth(rng, side, rng.uniform(0.15, 0.35)) > rng.uniform(-0.5, 0.8)
    fine = _smooth(rng, side, rng.uniform(0.01, 0.05))
    fold = np.exp(-((_smooth(rng, side, rng.uniform(0.1, 0.3)) / rng.uniform(0.05, 0.2)) ** 2))
    return np.asarray(outline * (1 + rng.uniform(0.1, 0.4) * fine + rng.uniform(0, 0.6) * fold), np.float32)


def _smooth(rng: Rng, side: int, length: float) -> Map:
    """White noise behind a Gaussian of deviation ``length`` sides, of mean 0 and deviation 1."""
    import scipy.fft

    f_sq = scipy.fft.fftfreq(side)[:, None] ** 2 + scipy.fft.rfftfreq(side)[None, :] ** 2
    white = scipy.fft.rfft2(rng.standard_normal((side, side)))
    drawn = scipy.fft.irfft2(white * np.exp(-2 * (math.pi * length * side) ** 2 * f_sq), (side, side))
    drawn = drawn - drawn.mean()
    return np.asarray(drawn / (drawn.std() + 1e-12))


_DRAW: dict[str, Callable[[Rng, int], Map]] = {
    "cells": _cells,
    "ball": _ball,
    "chart": _chart,
    "beads": _beads,
    "hills": _hills,
    "star": _star,
    "tissue": _tissue,
}

_OWN_HEIGHT = ("cells",)
"""Kinds that are drawn at their height; the others are scaled."""

_HEIGHTS: dict[str, tuple[float, float]] = {
    "ball": (0.1, 1.0),
    "chart": (0.02, 0.2),
    "beads": (0.05, 0.5),
    "hills": (0.1, 1.0),
    "star": (0.02, 0.2),
    "tissue": (0.05, 0.3),
}
"""Smallest and largest height over the highest allowed."""

KINDS = tuple(_DRAW)
"""Kinds of objects by name, in the order in which they take turns."""
