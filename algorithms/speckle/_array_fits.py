"""What the compiled fits compute, in whatever array library: the way to a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prbench.backend import Array

from ._windows import SPLINE, pad, shifted, windowed

_SINGULAR, _NOTHING = 1e-5, 1e-10
"""As in the compiled elimination: when a regressor explains nothing that those before it do not."""


def warped_fit(
    R: Array, S: Array, M: Array | None, guess: Array, reach: int, windows: Sequence[np.ndarray], xp: Any
) -> list[Array]:
    """Coefficients (3 or 4, H, W) of S in R moved by ``guess`` and its derivatives, before them M, for windows by their taps."""
    side = reach + 3
    width = R.shape[-1]
    padded = pad(pad(R, -2, side, xp, beyond="edge"), -1, side, xp, beyond="edge")
    wide = width + 2 * side
    flat = xp.reshape(padded, (R.shape[0], -1))
    whole_pixels = xp.floor(-guess)
    by_row, by_column = (_spline_weights(part) for part in (-guess - whole_pixels))
    i, j = xp.astype(whole_pixels, xp.int64)
    here = xp.cumulative_sum(xp.ones_like(i), axis=0) - 1, xp.cumulative_sum(xp.ones_like(i), axis=1) - 1
    corner = (here[0] + i + side - 1) * wide + here[1] + j + side - 1
    value, slope, drift = xp.zeros_like(R), xp.zeros_like(R), xp.zeros_like(R)
    for k in range(4):
        along, across = xp.zeros_like(R), xp.zeros_like(R)
        for m in range(4):
            sample = xp.reshape(xp.take(flat, xp.reshape(corner + k * wide + m, (-1,)), axis=1), R.shape)
            along, across = along + by_column[0][m] * sample, across + by_column[1][m] * sample
        value, slope, drift = value + by_row[0][k] * along, slope + by_row[1][k] * along, drift + by_row[0][k] * across
    smooth = windowed(S, SPLINE, xp, beyond="edge")
    columns = [*([] if M is None else [M]), value, slope, drift, smooth]
    pairs = [(i, j) for i in range(len(columns) - 1) for j in range(i, len(columns))]
    sums = {(i, j): xp.sum(columns[i] * columns[j], axis=0) for i, j in pairs}
    return [solved({pair: windowed(x, taps, xp) for pair, x in sums.items()}, len(columns) - 1, xp) for taps in windows]


def solved(A: dict[tuple[int, int], Array], k: int, xp: Any) -> Array:
    """Coefficients (k, H, W) from windowed sums of products (i, j), i <= j, the k-th column that which is explained."""
    strongest = xp.max(xp.stack([A[i, i] for i in range(k)]), axis=0)
    limits = [xp.maximum(_SINGULAR * A[i, i], _NOTHING * strongest) for i in range(k)]
    inverse: list[Array] = []
    for i in range(k):
        good = A[i, i] > limits[i]
        inverse.append(xp.where(good, 1 / xp.where(good, A[i, i], xp.ones_like(A[i, i])), xp.zeros_like(A[i, i])))
        for a in range(i + 1, k):
            factor = A[i, a] * inverse[i]
            for b in range(a, k + 1):
                A[a, b] = A[a, b] - factor * A[i, b]
    result: list[Array] = [A[i, k] for i in range(k)]
    for i in reversed(range(k)):
        result[i] = inverse[i] * (A[i, k] - sum(A[i, j] * result[j] for j in range(i + 1, k)))
    return xp.stack(result)


def scores(R: Array, S: Array, reach: int, taps: np.ndarray, block: int, xp: Any) -> Array:
    """How well each whole displacement explains each block, (displacements, block rows, block columns): ``t5 |t5| / t3``."""
    height, width = (-(-n // block) * block for n in R.shape[-2:])
    sides = [(-2, height - R.shape[-2]), (-1, width - R.shape[-1])]
    for axis, more in sides:
        R = shifted(pad(R, axis, reach + more, xp, beyond="edge"), axis, more, R.shape[axis] + 2 * reach + more)
        S = shifted(pad(S, axis, more, xp, beyond="edge"), axis, more, S.shape[axis] + more)
    energy = xp.sum(R * R, axis=0)
    result = []
    for a in range(2 * reach + 1):
        for b in range(2 * reach + 1):
            part = (slice(a, a + height), slice(b, b + width))
            t5 = windowed(_boxes(xp.sum(R[:, *part] * S, axis=0), block, xp), taps, xp)
            t3 = windowed(_boxes(energy[part], block, xp), taps, xp)
            result.append(xp.where(t3 > 0, t5 * xp.abs(t5) / xp.where(t3 > 0, t3, xp.ones_like(t3)), t3))
    return xp.stack(result)


def _boxes(x: Array, block: int, xp: Any) -> Array:
    return xp.sum(xp.reshape(x, (x.shape[0] // block, block, x.shape[1] // block, block)), axis=(1, 3))


def _spline_weights(t: Array) -> tuple[list[Array], list[Array]]:
    s = 1 - t
    weights = [s**3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (3 * s**3 - 6 * s**2 + 4) / 6, t**3 / 6]
    return weights, [-(s**2) / 2, (3 * t**2 - 4 * t) / 2, (4 * s - 3 * s**2) / 2, t**2 / 2]
