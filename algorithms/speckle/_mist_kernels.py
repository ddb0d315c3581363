"""Compiled passes of MIST over a stack; apart from its solvers because importing this module imports numba.

A row of pixels is worked through in pieces that stay in the first cache, all images of the stack one after another, so that the
stack is read once and nothing of its size is written. Every pass fills the rows ``first`` to ``last`` of its output and lets go
of the interpreter, for strips on several threads. Sums are in double precision whatever the images are in: the columns of the
systems are of very different size, and the dark field is a few thousandths of the intensity.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_PIECE = 256
"""Pixels of a row worked on at a time."""

_jit: Any = numba.njit(nogil=True, fastmath=True, error_model="numpy", cache=True)


def _column_power(reference: Any, curvature: Any, slope: Any, sums: Any, first: Any, last: Any) -> None:
    """Sums over a row of all images of the entries I, -lap, -d/drow, -d/dcolumn of a system, and of their squares: (H, 2).

    ``curvature`` and ``slope`` are what a Laplacian and a central difference by pixel are multiplied with.
    """
    images, height, width = reference.shape
    for i in range(first, last):
        up, down = max(i - 1, 0), min(i + 1, height - 1)
        halves = 1.0 if down - up == 1 else 0.5
        total = power = 0.0
        for n in range(images):
            above, row, below = reference[n, up], reference[n, i], reference[n, down]
            for j in range(width):
                left, right = max(j - 1, 0), min(j + 1, width - 1)
                a = np.float64(row[j])
                lap = curvature * (np.float64(above[j]) + below[j] + row[left] + row[right] - 4 * a)
                y = slope * halves * (np.float64(below[j]) - above[j])
                x = slope * (1.0 if right - left == 1 else 0.5) * (np.float64(row[right]) - row[left])
                total += a - lap - y - x
                power += a * a + lap * lap + y * y + x * x
        sums[i, 0], sums[i, 1] = total, power


column_power: Any = _jit(_column_power)


def _columns(above: Any, row: Any, below: Any, halves: Any, start: Any, count: Any, work: Any) -> None:
    """The system's entries of one image over a piece of a row, by pixel: I, -lap/2, -d/drow, -d/dcolumn in ``work[:4]``.

    The image continues by its mirror image; slopes at its edges are one-sided.
    """
    a, q, y, x = work[0], work[1], work[2], work[3]
    last = row.shape[0] - 1
    over, here, under = above[start : start + count], row[start : start + count], below[start : start + count]
    for j in range(count):
        a[j] = here[j]
    for j in range(count):
        y[j] = np.float64(over[j]) + under[j]
    for j in range(1, count - 1):
        q[j] = 2 * a[j] - 0.5 * (a[j - 1] + a[j + 1] + y[j])
    for j in range(1, count - 1):
        x[j] = 0.5 * (a[j - 1] - a[j + 1])
    for j in (0, count - 1):
        left, right = max(start + j - 1, 0), min(start + j + 1, last)
        before, after = np.float64(row[left]), np.float64(row[right])
        q[j] = 2 * a[j] - 0.5 * (before + after + y[j])
        x[j] = (1.0 if right - left == 1 else 0.5) * (before - after)
    for j in range(count):
        y[j] = halves * (np.float64(over[j]) - under[j])


columns: Any = _jit(_columns)


def _add(sums: Any, work: Any, count: Any) -> None:
    """Add the products of five rows to their fourteen sums."""
    k = 0
    for p in range(4):
        for q in range(p, 5):
            u, v, total = work[p], work[q], sums[k]
            for j in range(count):
                total[j] += u[j] * v[j]
            k += 1


add: Any = _jit(_add)


def eliminate(m: Any, ridge: Any) -> Any:
    """Unknowns 2 to 4 of symmetric systems of four; ``m`` are the entries 00 01 02 03 0b 11 12 13 1b 22 23 2b 33 3b.

    Plain arithmetic, on numbers as on arrays; ``ridge`` are four terms for the diagonal.
    """
    f = 1 / (m[0] + ridge[0])
    f1, f2, f3 = f * m[1], f * m[2], f * m[3]
    m11, m12, m13, b1 = m[5] + ridge[1] - f1 * m[1], m[6] - f1 * m[2], m[7] - f1 * m[3], m[8] - f1 * m[4]
    m22, m23, b2 = m[9] + ridge[2] - f2 * m[2], m[10] - f2 * m[3], m[11] - f2 * m[4]
    m33, b3 = m[12] + ridge[3] - f3 * m[3], m[13] - f3 * m[4]
    g = 1 / m11
    g2, g3 = g * m12, g * m13
    m22, m23, b2 = m22 - g2 * m12, m23 - g2 * m13, b2 - g2 * b1
    m33, b3 = m33 - g3 * m13, b3 - g3 * b1
    h = m23 / m22
    x3 = (b3 - h * b2) / (m33 - h * m23)
    x2 = (b2 - m23 * x3) / m22
    return g * (b1 - m12 * x2 - m13 * x3), x2, x3


_eliminate: Any = numba.njit(fastmath=True, error_model="numpy")(eliminate)


def _fit_rapid(reference: Any, sample: Any, ridge: Any, out: Any, first: Any, last: Any) -> None:
    """Least squares over the images of ``I_r - I_s = I_r y - lap(I_r)/2 V - drow(I_r) V_row - dcolumn(I_r) V_column``.

    ``out`` (3, H, W) gets V, V_row and V_column; ``ridge`` are the four terms added to the diagonal.
    """
    images, height, width = reference.shape
    s, work = np.empty((14, _PIECE)), np.empty((5, _PIECE))
    for i in range(first, last):
        up, down = max(i - 1, 0), min(i + 1, height - 1)
        halves = 1.0 if down - up == 1 else 0.5
        for start in range(0, width, _PIECE):
            end = min(start + _PIECE, width)
            count = end - start
            s[:] = 0
            for n in range(images):
                columns(reference[n, up], reference[n, i], reference[n, down], halves, start, count, work)
                a, lost, seen = work[0], work[4], sample[n, i, start:end]
                for j in range(count):
                    lost[j] = a[j] - seen[j]
                add(s, work, count)
            blur, along_rows, along_columns = out[0, i, start:end], out[1, i, start:end], out[2, i, start:end]
            for j in range(count):
                upper = (s[0, j], s[1, j], s[2, j], s[3, j], s[4, j], s[5, j], s[6, j])
                m = (*upper, s[7, j], s[8, j], s[9, j], s[10, j], s[11, j], s[12, j], s[13, j])
                blur[j], along_rows[j], along_columns[j] = _eliminate(m, ridge)


fit_rapid: Any = _jit(_fit_rapid)


def _fit_slow(reference: Any, sample: Any, out: Any, first: Any, last: Any) -> None:
    """What a line through the images needs: ``out`` (4, H, W) gets the means of ``u = lap(I_r) / I_r`` and
    ``v = 1 - I_s / I_r``, the variance of u and the covariance of u and v.
    """
    images, height, width = reference.shape
    share = 1.0 / images
    for i in range(first, last):
        up, down = max(i - 1, 0), min(i + 1, height - 1)
        sums = np.zeros((4, width))
        su, sv, suu, suv = sums[0], sums[1], sums[2], sums[3]
        for n in range(images):
            above, row, below, seen = reference[n, up], reference[n, i], reference[n, down], sample[n, i]
            for j in range(width):
                left, right = max(j - 1, 0), min(j + 1, width - 1)
                a = np.float64(row[j])
                u = (np.float64(above[j]) + below[j] + row[left] + row[right]) / a - 4
                v = (a - seen[j]) / a
                su[j] += u
                sv[j] += v
                suu[j] += u * u
                suv[j] += u * v
        for j in range(width):
            u, v = share * su[j], share * sv[j]
            out[0, i, j], out[1, i, j] = u, v
            out[2, i, j] = share * suu[j] - u * u
            out[3, i, j] = share * suv[j] - u * v


fit_slow: Any = _jit(_fit_slow)


def _curvature(reference: Any, sample: Any, blur: Any, out: Any, first: Any, last: Any) -> None:
    """Least squares over the images of ``I_r - I_s + lap(V I_r)/2 = I_r c`` for the c of every pixel; ``blur`` is V."""
    images, height, width = reference.shape
    for i in range(first, last):
        up, down = max(i - 1, 0), min(i + 1, height - 1)
        over, here, under = blur[up], blur[i], blur[down]
        top, bottom = np.zeros(width), np.zeros(width)
        for n in range(images):
            above, row, below, seen = reference[n, up], reference[n, i], reference[n, down], sample[n, i]
            for j in range(width):
                left, right = max(j - 1, 0), min(j + 1, width - 1)
                a = np.float64(row[j])
                around = over[j] * np.float64(above[j]) + under[j] * np.float64(below[j])
                around += here[left] * np.float64(row[left]) + here[right] * np.float64(row[right])
                top[j] += a * (a - seen[j] + 0.5 * around - 2 * here[j] * a)
                bottom[j] += a * a
        for j in range(width):
            out[i, j] = top[j] / bottom[j]


curvature: Any = _jit(_curvature)
