"""Where in a periodic field the object's frame stands."""

from __future__ import annotations

import math

import numpy as np

_TIE = 1e-12
"""Difference of energies, relative, that rounding of the sums can make: below it two windows hold the same."""


def best_window(weight: np.ndarray, size: tuple[int, ...]) -> tuple[int, ...]:
    """The corner of the periodic window of a given size that loses least of a field.

    Windows that hold every pixel of positive weight come first, and are found by counting, which is exact; where there is none,
    the window of the largest sum. Among equals the one is taken whose middle is nearest to the circular centre of mass, and
    among equally near ones the first in the order of the array.

    Args:
        weight: real, not negative, any number of axes: energy per pixel.
        size: sides of the window in pixels, each at most the field's.

    Returns:
        Index of the window's first pixel on every axis; the window continues on the other side of the field.
    """
    centred = centred_window(weight, size)
    inside = weight > 0
    indices = [(np.arange(m) + corner) % n for n, m, corner in zip(weight.shape, size, centred, strict=True)]
    if np.count_nonzero(inside[np.ix_(*indices)]) == np.count_nonzero(inside):
        return centred
    counts = _sums(inside.astype(np.int32 if inside.size < 2**31 else np.int64), size)
    candidates = counts == np.count_nonzero(inside)
    if not candidates.any():
        energies = _sums(weight.astype(np.float64), size)
        candidates = energies >= energies.max() * (1 - _TIE)
    return _nearest(candidates, centred)


def _nearest(candidates: np.ndarray, corner: tuple[int, ...]) -> tuple[int, ...]:
    """The candidate at the least periodic distance from a corner, the first among equals; layer by layer, to save memory."""
    first, *others = (((np.arange(n) - c + n // 2) % n - n // 2) ** 2 for n, c in zip(candidates.shape, corner, strict=True))
    best, estimate = math.inf, (0,) * candidates.ndim
    for i, offset in enumerate(first):
        distance = np.asarray(float(offset))
        for axis, other in enumerate(others):
            distance = distance + other.reshape([-1 if a == axis else 1 for a in range(len(others))])
        layer = np.where(candidates[i], distance, math.inf)
        lowest = int(np.argmin(layer))
        if layer.flat[lowest] < best:
            best = float(layer.flat[lowest])
            estimate = (i, *(int(k) for k in np.unravel_index(lowest, layer.shape)))
    return estimate


def centred_window(weight: np.ndarray, size: tuple[int, ...]) -> tuple[int, ...]:
    """The corner of the window whose pixel ``m // 2`` stands at the circular centre of mass, 0 along axes that have none."""
    corners = []
    for axis, (n, m) in enumerate(zip(weight.shape, size, strict=True)):
        profile = weight.sum(axis=tuple(a for a in range(weight.ndim) if a != axis), dtype=np.float64)
        angle = float(np.angle(np.sum(profile * np.exp(2j * np.pi * np.arange(n) / n))))
        corners.append((round(angle / (2 * np.pi) * n) - m // 2) % n if np.isfinite(angle) else 0)
    return tuple(corners)


def _sums(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The sum over every periodic window, at the index of its first pixel; ``values`` are overwritten, layer by layer."""
    for axis, m in enumerate(size):
        lines = np.atleast_2d(np.moveaxis(values, axis, -1))
        n = lines.shape[-1]
        for layer in lines:
            total = np.cumsum(np.concatenate([layer, layer[..., :m]], axis=-1), axis=-1, dtype=values.dtype)
            layer[...] = total[..., m - 1 : m - 1 + n]
            layer[..., 1:] -= total[..., : n - 1]
    return values
