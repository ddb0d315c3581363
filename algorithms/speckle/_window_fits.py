"""Windowed least squares of a sample's images by the moved reference and its gradient, in strips of rows, compiled.

All sums over images come first, then the window, which is separable. Importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._interleaved import copy, dot, interleave, jit, lanes, smooth, spline, spline_slope
from ._normal_rows import eliminate, window_row


def _warp_row(R: Any, stride: Any, corner: Any, P: Any, rows: Any, columns: Any, lines: Any) -> None:
    p1, step = np.uint64(P), np.uint64(stride)
    p2, p3 = p1 + p1, p1 + p1 + p1
    values, slopes, drifts = lines[0], lines[1], lines[2]
    for c in range(rows.shape[0]):
        i, j = np.floor(rows[c]), np.floor(columns[c])
        x, y = rows[c] - i, columns[c] - j
        w0, w1, w2, w3 = spline(x)
        e0, e1, e2, e3 = spline_slope(x)
        z0, z1, z2, z3 = spline(y)
        f0, f1, f2, f3 = spline_slope(y)
        q0 = np.uint64(corner + int(i) * stride + (c + int(j)) * P)
        q1, q2, q3 = q0 + step, q0 + step + step, q0 + step + step + step
        to = np.uint64(c * P)
        for n in range(p1):
            a, b, d, e = R[q0 + n], R[q0 + p1 + n], R[q0 + p2 + n], R[q0 + p3 + n]
            v0, g0 = z0 * a + z1 * b + z2 * d + z3 * e, f0 * a + f1 * b + f2 * d + f3 * e
            a, b, d, e = R[q1 + n], R[q1 + p1 + n], R[q1 + p2 + n], R[q1 + p3 + n]
            v1, g1 = z0 * a + z1 * b + z2 * d + z3 * e, f0 * a + f1 * b + f2 * d + f3 * e
            a, b, d, e = R[q2 + n], R[q2 + p1 + n], R[q2 + p2 + n], R[q2 + p3 + n]
            v2, g2 = z0 * a + z1 * b + z2 * d + z3 * e, f0 * a + f1 * b + f2 * d + f3 * e
            a, b, d, e = R[q3 + n], R[q3 + p1 + n], R[q3 + p2 + n], R[q3 + p3 + n]
            v3, g3 = z0 * a + z1 * b + z2 * d + z3 * e, f0 * a + f1 * b + f2 * d + f3 * e
            values[to + n] = w0 * v0 + w1 * v1 + w2 * v2 + w3 * v3
            slopes[to + n] = e0 * v0 + e1 * v1 + e2 * v2 + e3 * v3
            drifts[to + n] = w0 * g0 + w1 * g1 + w2 * g2 + w3 * g3


def _product_row(lines: Any, sample: Any, P: Any, sums: Any) -> None:
    values, slopes, drifts, last = lines[0], lines[1], lines[2], sums.shape[0] - 9
    for c in range(sums.shape[1]):
        at = np.uint64(c * P)
        zero = values[at] * 0
        vv, vr, vc, vs, rr, rc, rs, cc, cs = zero, zero, zero, zero, zero, zero, zero, zero, zero
        for n in range(np.uint64(P)):
            v, r, g, s = values[at + n], slopes[at + n], drifts[at + n], sample[at + n]
            vv, vr, vc, vs = vv + v * v, vr + v * r, vc + v * g, vs + v * s
            rr, rc, rs, cc, cs = rr + r * r, rc + r * g, rs + r * s, cc + g * g, cs + g * s
        sums[last, c], sums[last + 1, c], sums[last + 2, c], sums[last + 3, c] = vv, vr, vc, vs
        sums[last + 4, c], sums[last + 5, c], sums[last + 6, c] = rr, rc, rs
        sums[last + 7, c], sums[last + 8, c] = cc, cs
        if last:
            extra = lines[3]
            sums[0, c] = dot(extra, c * P, extra, c * P, P)
            sums[1, c] = dot(extra, c * P, values, c * P, P)
            sums[2, c] = dot(extra, c * P, slopes, c * P, P)
            sums[3, c] = dot(extra, c * P, drifts, c * P, P)
            sums[4, c] = dot(extra, c * P, sample, c * P, P)


def _solve_rows(sums: Any, lo: Any, taps: Any, first: Any, last: Any, x: Any) -> None:
    planes, width = sums.shape[1], sums.shape[2]
    padded, row = np.empty((planes, width + taps.shape[0] - 1), sums.dtype), np.empty((planes, width), sums.dtype)
    for r in range(first, last):
        window_row(sums, r - lo, taps, padded, row)
        eliminate(row, x.shape[0], x[:, r])


def _warped_fit(R: Any, S: Any, M: Any, guess: Any, reach: Any, taps: Any, halves: Any, first: Any, last: Any, x: Any) -> None:
    P, width, k, h, pad = lanes(R.shape[0]), R.shape[2], x.shape[1], taps.shape[1] // 2, reach + 3
    lo, hi, wide = max(0, first - h), min(R.shape[1], last + h), width + 2 * pad
    Rt = np.empty((hi - lo + 2 * pad, wide * P), R.dtype)
    St = np.empty((hi - lo + 2, (width + 2) * P), R.dtype)
    interleave(R, lo - pad, -pad, Rt)
    interleave(S, lo - 1, -1, St)
    smooth(St, P)
    Mt = np.empty((hi - lo, width * P), R.dtype)
    if k == 4:
        interleave(M, lo, 0, Mt)
    flat = Rt.reshape(-1)
    lines = np.empty((4, width * P), R.dtype)
    sums = np.empty((hi - lo, k * (k + 3) // 2, width), R.dtype)
    for r in range(hi - lo):
        corner = ((r + pad - 1) * wide + pad - 1) * P
        warp_row(flat, wide * P, corner, P, -guess[0, lo + r], -guess[1, lo + r], lines)
        copy(Mt[r], lines[3])
        product_row(lines, St[r + 1, P : (width + 1) * P], P, sums[r])
    for w in range(halves.shape[0]):
        solve_rows(sums, lo, taps[w, h - halves[w] : h + halves[w] + 1], first, last, x[w])


warp_row: Any = jit(_warp_row)
"""Value and derivatives, ``lines`` (3 or more, W P), of the spline through the interleaved R, flat, around one row's pixels.

Args: R, numbers from row to row, index of the first of the 16 samples at offset 0, P, offsets along rows and columns, lines.
"""

product_row: Any = jit(_product_row)
"""Sums over images of all products of three lines, or four where ``sums`` has 14 planes and not 9, and with the sample's."""

solve_rows: Any = jit(_solve_rows)
"""Window and solve rows ``first`` to ``last`` into ``x`` (k, H, W), of sums whose first row is ``lo``."""

warped_fit: Any = jit(_warped_fit)
"""Coefficients ``x`` (windows, k, H, W) of S in R moved by ``guess`` and its two derivatives, before them M where k = 4.

Between its samples R is the cubic spline that has them for coefficients, and S is convolved with the same spline's samples: both
are smoothed alike, and the noise of the moved R hardly depends on the fraction of a pixel, where that of an interpolation would
draw displacements to half pixels.

Args: R, S, M (N, H, W), guess (2, H, W), a bound on it in whole pixels, taps (windows, 2 h + 1), centred and zero beyond the
``halves`` (windows,) on either side of the middle, first and last row, x.
"""
