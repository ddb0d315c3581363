"""Windows: their taps, and separable filters in whatever array library."""

from __future__ import annotations

from typing import Any

import numpy as np

from prbench.backend import Array
from prbench.errors import UsageError

MEAN_PX = 19
"""Side of the box that, applied twice, tells the beam's profile from its speckles: as wide as a Gaussian of 7.8 px."""

SPLINE = np.array([1, 4, 1]) / 6
"""Samples of the cubic B-spline."""


def hamming(window: int) -> np.ndarray:
    """The taps of a Hamming window along one axis, float64 (window,), their sum 1."""
    taps = np.hamming(window)
    return np.asarray(taps / taps.sum())


def check_odd(where: str, window: int) -> None:
    """Refuse a window that has no pixel in its middle.

    Raises:
        UsageError: naming the nearest windows that have one.
    """
    if window % 2 == 0:
        raise UsageError(f"{where}: window must be odd, got {window}; take {window - 1} or {window + 1}")


def windowed(x: Array, taps: np.ndarray, xp: Any, *, across: np.ndarray | None = None, beyond: str = "nothing") -> Array:
    """Correlate the last two axes of ``x`` with taps.

    Args:
        x: real (..., H, W).
        taps: (2 h + 1,).
        xp: namespace of ``x``.
        across: taps along the last axis, where they are others.
        beyond: what stands outside the frame: ``nothing``, zeros, or the ``edge``'s pixels.
    """
    for axis, weights in ((-2, taps), (-1, taps if across is None else across)):
        n = x.shape[axis]
        padded = pad(x, axis, len(weights) // 2, xp, beyond=beyond)
        total = xp.zeros_like(x)
        for k, weight in enumerate(weights):
            total = total + float(weight) * shifted(padded, axis, k, n)
        x = total
    return x


def laplacian(x: Array, xp: Any) -> Array:
    """Second derivatives by row and by column, summed, of the cubic spline that has the images (..., H, W) for coefficients."""
    bend = np.array([1.0, -2, 1])
    return windowed(x, bend, xp, across=SPLINE, beyond="edge") + windowed(x, SPLINE, xp, across=bend, beyond="edge")


def local_mean(x: Array, xp: Any, side: int = MEAN_PX) -> Array:
    """The profile of images (N, H, W) without their speckles: a box of ``side`` pixels, twice, the edge's pixels beyond it."""
    means = []
    for n in range(x.shape[0]):  # one image at a time stays in the cache
        image = xp.astype(x[n], xp.float64)
        for axis in (-2, -1, -2, -1):
            size = image.shape[axis]
            total = xp.cumulative_sum(pad(image, axis, side // 2, xp, beyond="edge"), axis=axis, include_initial=True)
            image = (shifted(total, axis, side, size) - shifted(total, axis, 0, size)) / side
        means.append(xp.astype(image, x.dtype))
    return xp.stack(means)


def pad(x: Array, axis: int, count: int, xp: Any, *, beyond: str) -> Array:
    """``count`` more samples at both ends of an axis, zeros for ``nothing``, copies of the last for ``edge``."""
    if count == 0:
        return x
    first, last = shifted(x, axis, 0, 1), shifted(x, axis, x.shape[axis] - 1, 1)
    if beyond == "nothing":
        first, last = xp.zeros_like(first), xp.zeros_like(last)
    return xp.concat([first] * count + [x] + [last] * count, axis=axis)


def shifted(x: Array, axis: int, start: int, count: int) -> Array:
    """``count`` samples of an axis, -2 or -1, from ``start`` on."""
    part = slice(start, start + count)
    return x[..., part] if axis == -1 else x[..., part, :]
