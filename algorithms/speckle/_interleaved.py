"""Stacks with the images innermost: the N values of a pixel side by side, so that sums over images run in vector registers.

A row holds ``W * P`` numbers, ``P`` the number of images rounded up to a multiple of eight; images that are not there are zero
and add nothing to any sum. Compiled; apart from the rest because importing this module imports numba.

Numba keeps machine code of a caller though what it calls in another file has changed: after a change here or in ``_normal_rows``,
delete the ``.nbi`` files of the modules that import them.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

LANES = 8
"""Multiple to which the number of images is rounded up."""

jit: Any = numba.njit(nogil=True, fastmath=True, error_model="numpy", cache=True)


def _lanes(images: Any) -> Any:
    return (images + LANES - 1) // LANES * LANES


def _interleave(stack: Any, row0: Any, column0: Any, out: Any) -> None:
    images, height, width = stack.shape
    rows, length = out.shape
    P = lanes(images)
    columns = length // P
    left = min(max(0, -column0), columns)
    right = min(max(left, width - column0), columns)
    for r in range(rows):
        line, i = out[r], min(max(row0 + r, 0), height - 1)
        for n in range(images):
            source = stack[n, i]
            for c in range(left):
                line[c * P + n] = source[0]
            for c in range(left, right):
                line[c * P + n] = source[column0 + c]
            for c in range(right, columns):
                line[c * P + n] = source[width - 1]
        for n in range(images, P):
            for c in range(columns):
                line[c * P + n] = 0


def _copy(source: Any, target: Any) -> None:
    # An assignment to a slice would do the same, and compile the text of an error for 7 s.
    for c in range(len(source)):
        target[c] = source[c]


def _smooth(x: Any, P: Any) -> None:
    rows, length = x.shape
    above, line = np.empty_like(x[0]), np.empty_like(x[0])
    for r in range(rows):
        target = x[r]
        copy(target, line)
        for c in range(P, length - P):
            target[c] = (line[c - P] + 4 * line[c] + line[c + P]) / 6
    copy(x[0], above)
    for r in range(1, rows - 1):
        target, below = x[r], x[r + 1]
        copy(target, line)
        for c in range(length):
            target[c] = (above[c] + 4 * line[c] + below[c]) / 6
        copy(line, above)


def _dot(a: Any, p: Any, b: Any, q: Any, length: Any) -> Any:
    # Unsigned indices spare the test for negative ones, which would keep the loop out of vector registers.
    start, other = np.uint64(p), np.uint64(q)
    total = a[start] * 0
    for n in range(np.uint64(length)):
        total += a[start + n] * b[other + n]
    return total


def _spline(t: Any) -> Any:
    s = 1 - t
    return s * s * s / 6, (3 * t * t * t - 6 * t * t + 4) / 6, (3 * s * s * s - 6 * s * s + 4) / 6, t * t * t / 6


def _spline_slope(t: Any) -> Any:
    s = 1 - t
    return -s * s / 2, (3 * t * t - 4 * t) / 2, (4 * s - 3 * s * s) / 2, t * t / 2


lanes: Any = jit(_lanes)
"""The number of images rounded up."""

copy: Any = jit(_copy)
"""Copy numbers of one line to another."""

interleave: Any = jit(_interleave)
"""Fill ``out`` (rows, columns P) with the part of ``stack`` (N, H, W) from (row0, column0) on, the edge's pixels beyond it."""

smooth: Any = jit(_smooth)
"""Convolve a stack (rows, columns P) in place with the cubic B-spline's samples [1, 4, 1] / 6 both ways; its rim is not."""

dot: Any = jit(_dot)
"""Sum of ``a[p + n] b[q + n]`` over n below ``length``."""

spline: Any = jit(_spline)
"""Weights of the cubic B-spline on the four samples around a position ``t`` in [0, 1) past the second."""

spline_slope: Any = jit(_spline_slope)
"""Derivatives of :data:`spline` by ``t``."""
