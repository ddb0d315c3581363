"""Least squares in a window around every pixel, row by row: windowed sums of products, then elimination.

The products of the regressors, k of them, with one another and with what they explain are stored as the upper triangle of an
augmented matrix, row after row: for k = 2 the planes are aa, ab, as, bb, bs. Compiled; importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._interleaved import copy, jit

SINGULAR = 1e-5
"""Part of a regressor that must be left when those before it are taken out; below, it explains nothing and gets 0."""

NOTHING = 1e-10
"""Energy of a regressor, over that of the strongest, that rounding alone can make."""


def _entry(i: Any, j: Any, k: Any) -> Any:
    return i * (k + 1) - i * (i - 1) // 2 + j - i


def _window_row(sums: Any, row: Any, taps: Any, padded: Any, out: Any) -> None:
    h, width = taps.shape[0] // 2, out.shape[1]
    top, bottom = max(0, row - h), min(sums.shape[0], row + h + 1)
    for plane in range(out.shape[0]):
        line, target = padded[plane], out[plane]
        line[:] = 0
        for i in range(top, bottom):
            w, source = taps[i - row + h], sums[i, plane]
            for c in range(width):
                line[h + c] += w * source[c]
        target[:] = 0
        for j in range(taps.shape[0]):
            w = taps[j]
            for c in range(width):
                target[c] += w * line[c + j]


def _limit_pivots(A: Any, k: Any, limits: Any) -> None:
    for c in range(A.shape[1]):
        strongest = A[0, c]
        for i in range(1, k):
            strongest = max(strongest, A[entry(i, i, k), c])
        for i in range(k):
            limits[i, c] = max(SINGULAR * A[entry(i, i, k), c], NOTHING * strongest)


def _eliminate(A: Any, k: Any, x: Any) -> None:
    width = A.shape[1]
    limits, inverse, factor = np.empty((k, width), A.dtype), np.empty((k, width), A.dtype), np.empty(width, A.dtype)
    zero, one = A[0, 0] * 0, A[0, 0] * 0 + 1
    limit_pivots(A, k, limits)
    for i in range(k):
        pivot, limit, inv = A[entry(i, i, k)], limits[i], inverse[i]
        for c in range(width):
            good = pivot[c] > limit[c]
            inv[c] = one / (pivot[c] if good else one) if good else zero
        for a in range(i + 1, k):
            row = A[entry(i, a, k)]
            for c in range(width):
                factor[c] = row[c] * inv[c]
            for b in range(a, k + 1):
                target, source = A[entry(a, b, k)], A[entry(i, b, k)]
                for c in range(width):
                    target[c] -= factor[c] * source[c]
    for i in range(k - 1, -1, -1):
        result, right, inv = x[i], A[entry(i, k, k)], inverse[i]
        copy(right, result)
        for j in range(i + 1, k):
            row, other = A[entry(i, j, k)], x[j]
            for c in range(width):
                result[c] -= row[c] * other[c]
        for c in range(width):
            result[c] *= inv[c]


entry: Any = jit(_entry)
"""Plane of the product of regressors ``i <= j``; ``j = k`` is what they explain."""

window_row: Any = jit(_window_row)
"""Weighted sums over the window around each pixel of ``row``, ``out`` (planes, W), of ``sums`` (rows, planes, W).

Beyond the first and the last row and column there is nothing. ``padded`` (planes, W + 2 (taps // 2)) is overwritten.
"""

limit_pivots: Any = jit(_limit_pivots)
"""The pivots below which the k regressors of ``A`` (planes, W) count as spent, ``limits`` (k, W)."""

eliminate: Any = jit(_eliminate)
"""Solve ``A`` (planes, W), overwritten, for the k unknowns ``x`` (k, W) of every pixel of a row."""
