"""Integer search of UMPA on blocks of 4x4 pixels: products are summed over images, then over blocks, and only then windowed.

For one displacement u the cost of a window is ``L = t1 - t5^2 / t3`` with ``t1 = sum S^2``, ``t3 = sum R_u^2``,
``t5 = sum R_u S``; smallest where ``t5^2 / t3`` is largest (De Marco et al., Opt. Express 31 (2023) 635, doi:10.1364/OE.474794).
Compiled; importing this module imports numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._interleaved import dot, interleave, jit, lanes, spline

BLOCK = 4
"""Side of a block in pixels: a smooth displacement changes by a fraction of a pixel over it."""

NO_BETTER = np.float32(2e-6)
"""Relative gain in score that rounding alone can make: where nothing is to be seen, nothing moves."""


def _search(R: Any, S: Any, reach: Any, taps: Any, first: Any, last: Any, out: Any) -> None:
    P, columns, m, span = lanes(R.shape[0]), out.shape[2], taps.shape[0] // 2, 2 * reach + 1
    lo, hi = max(0, first - m), min(out.shape[1], last + m)
    Rt = np.empty(((hi - lo) * BLOCK + 2 * reach, (columns * BLOCK + 2 * reach) * P), R.dtype)
    St = np.empty(((hi - lo) * BLOCK, columns * BLOCK * P), R.dtype)
    interleave(R, lo * BLOCK - reach, -reach, Rt)
    interleave(S, lo * BLOCK, 0, St)
    energy = box_energies(Rt, P)
    products = np.zeros((2, hi - lo, span * span, columns + 2 * m), R.dtype)
    for i in range(hi - lo):
        for u in range(span * span):
            a, b = u // span, u % span
            correlate(Rt[i * BLOCK + a : (i + 1) * BLOCK + a], b, St[i * BLOCK : (i + 1) * BLOCK], P, products[0, i, u, m:])
            for j in range(columns):
                products[1, i, u, m + j] = energy[i * BLOCK + a, j * BLOCK + b]
    score = np.empty((span * span, columns), R.dtype)
    for i in range(first, last):
        near = max(lo, i - m)
        weights = taps[near - i + m : min(hi, i + m + 1) - i + m]
        window_score(products[:, near - lo : near - lo + weights.shape[0]], weights, taps, score)
        pick(score, span, out[:, i])


def _box_energies(Rt: Any, P: Any) -> Any:
    rows, columns = Rt.shape[0], Rt.shape[1] // P
    energies = np.empty((rows, columns), Rt.dtype)
    for r in range(rows):
        for c in range(columns):
            energies[r, c] = dot(Rt[r], c * P, Rt[r], c * P, P)
    box = np.empty((rows - BLOCK + 1, columns - BLOCK + 1), Rt.dtype)
    line = np.empty(columns, Rt.dtype)
    for r in range(box.shape[0]):
        e0, e1, e2, e3 = energies[r], energies[r + 1], energies[r + 2], energies[r + 3]
        for c in range(columns):
            line[c] = e0[c] + e1[c] + e2[c] + e3[c]
        for c in range(box.shape[1]):
            box[r, c] = line[c] + line[c + 1] + line[c + 2] + line[c + 3]
    return box


def _correlate(Rt: Any, shift: Any, St: Any, P: Any, out: Any) -> None:
    step = BLOCK * P
    for j in range(St.shape[1] // step):
        total = out[j] * 0
        for k in range(BLOCK):
            total += dot(Rt[k], j * step + shift * P, St[k], j * step, step)
        out[j] = total


def _window_score(products: Any, weights: Any, taps: Any, score: Any) -> None:
    columns = score.shape[1]
    rows = np.empty((2, products.shape[3]), score.dtype)
    sums = np.empty((2, columns), score.dtype)
    for u in range(score.shape[0]):
        rows[:] = 0
        sums[:] = 0
        for t in range(2):
            for k in range(weights.shape[0]):
                w, source, row = weights[k], products[t, k, u], rows[t]
                for j in range(row.shape[0]):
                    row[j] += w * source[j]
            for k in range(taps.shape[0]):
                w, row, total = taps[k], rows[t], sums[t]
                for j in range(columns):
                    total[j] += w * row[j + k]
        for j in range(columns):
            score[u, j] = sums[0, j] * abs(sums[0, j]) / sums[1, j] if sums[1, j] > 0 else sums[1, j]


def _pick(score: Any, span: Any, out: Any) -> None:
    for j in range(score.shape[1]):
        best = score.shape[0] // 2
        top = score[best, j]
        for u in range(score.shape[0]):
            if score[u, j] > top + NO_BETTER * abs(top):
                best, top = u, score[u, j]
        row, column = best // span, best % span
        x, y = 0.0, 0.0
        if 0 < row < span - 1 and 0 < column < span - 1:
            x, y = summit(score[:, j], best, span)
        out[0, j] = span // 2 - row - x
        out[1, j] = span // 2 - column - y


def _summit(f: Any, u: Any, span: Any) -> Any:
    above, below = u - span, u + span
    rise = (f[below - 1] + f[below] + f[below + 1] - f[above - 1] - f[above] - f[above + 1]) / 6
    drift = (f[above + 1] + f[u + 1] + f[below + 1] - f[above - 1] - f[u - 1] - f[below - 1]) / 6
    left, middle, right = (
        f[above - 1] + f[u - 1] + f[below - 1],
        f[above] + f[u] + f[below],
        f[above + 1] + f[u + 1] + f[below + 1],
    )
    up, level, down = f[above - 1] + f[above] + f[above + 1], f[u - 1] + f[u] + f[u + 1], f[below - 1] + f[below] + f[below + 1]
    rr, cc = (up + down - 2 * level) / 3, (left + right - 2 * middle) / 3
    rc = (f[below + 1] + f[above - 1] - f[below - 1] - f[above + 1]) / 4
    determinant = rr * cc - rc * rc
    if not (determinant > 0 and rr < 0):
        return 0.0, 0.0
    x, y = (rc * drift - cc * rise) / determinant, (rc * rise - rr * drift) / determinant
    return min(max(x, -1.0), 1.0), min(max(y, -1.0), 1.0)


def _middle(x: Any) -> Any:
    for i in range(1, x.shape[0]):
        value, j = x[i], i
        while j > 0 and x[j - 1] > value:
            x[j] = x[j - 1]
            j -= 1
        x[j] = value
    return x[x.shape[0] // 2]


def _repair(field: Any, tolerance: Any, out: Any) -> None:
    _, rows, columns = field.shape
    near = np.empty((2, 9), field.dtype)
    for i in range(rows):
        for j in range(columns):
            for n in range(9):
                r, c = min(max(i + n // 3 - 1, 0), rows - 1), min(max(j + n % 3 - 1, 0), columns - 1)
                near[0, n], near[1, n] = field[0, r, c], field[1, r, c]
            x, y = middle(near[0]), middle(near[1])
            far = abs(field[0, i, j] - x) > tolerance or abs(field[1, i, j] - y) > tolerance
            out[0, i, j] = x if far else field[0, i, j]
            out[1, i, j] = y if far else field[1, i, j]


def _upsample(blocks: Any, first: Any, last: Any, out: Any) -> None:
    _, height, width = blocks.shape
    line = np.empty(width + 4, out.dtype)
    for r in range(first, last):
        i, t = index_and_fraction(r)
        w = spline(t)
        for d in range(2):
            line[:] = 0
            for k in range(4):
                source = blocks[d, min(max(i - 1 + k, 0), height - 1)]
                for j in range(width):
                    line[2 + j] += w[k] * source[j]
            line[0] = line[1] = line[2]
            line[width + 2] = line[width + 3] = line[width + 1]
            for phase in range(BLOCK):
                j, u = index_and_fraction(phase)
                z = spline(u)
                for q in range((out.shape[2] - phase + BLOCK - 1) // BLOCK):
                    k = q + j + 1
                    out[d, r, q * BLOCK + phase] = z[0] * line[k] + z[1] * line[k + 1] + z[2] * line[k + 2] + z[3] * line[k + 3]


def _index_and_fraction(pixel: Any) -> Any:
    x = np.float32((pixel + 0.5) / BLOCK - 0.5)
    i = int(np.floor(x))
    return i, x - np.float32(i)


box_energies: Any = jit(_box_energies)
"""Energy, summed over images, of the 4x4 box that starts at each pixel of an interleaved window."""

correlate: Any = jit(_correlate)
"""Sums over blocks and images of the products of four interleaved rows with four others, shifted along them."""

window_score: Any = jit(_window_score)
"""``t5 |t5| / t3`` after the window, from the sums over blocks (2, rows, displacements, columns)."""

summit: Any = jit(_summit)
"""Offset of the maximum of a quadratic through the 3x3 values around index ``u``, at most a step; 0 where it has none."""

pick: Any = jit(_pick)
"""The displacement of the best score in each column, to a fraction of a pixel except at the end of the search."""

index_and_fraction: Any = jit(_index_and_fraction)
"""The block whose centre is at or before a pixel, and how far on the pixel lies, in blocks."""

search: Any = jit(_search)
"""Displacements of block rows ``first`` to ``last`` into ``out`` (2, block rows, block columns), of R and S (N, H, W).

Args: R, S, the largest displacement in pixels, the window in blocks, first, last, out.
"""

middle: Any = jit(_middle)
"""The median of an odd number of values, which are sorted."""

repair: Any = jit(_repair)
"""Into ``out``: a displacement (2, rows, columns), where off the median of its 3x3 neighbourhood by a tolerance that median."""

upsample: Any = jit(_upsample)
"""Pixel rows ``first`` to ``last`` of a displacement given by blocks, as the cubic spline that has these for coefficients."""
