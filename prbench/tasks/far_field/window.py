"""Where in a periodic field the object's frame stands."""

from __future__ import annotations

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
    counts = _sums(inside.astype(np.int64), size)
    candidates = counts == np.count_nonzero(inside)
    if not candidates.any():
        energies = _sums(weight.astype(np.float64), size)
        candidates = energies >= energies.max() * (1 - _TIE)
    distance = np.zeros((1,) * weight.ndim)
    for axis, (n, corner) in enumerate(zip(weight.shape, centred, strict=True)):
        offset = (np.arange(n) - corner + n // 2) % n - n // 2
        distance = distance + (offset**2).reshape([-1 if a == axis else 1 for a in range(weight.ndim)])
    estimate = np.argmin(np.where(candidates, distance, distance.max() + 1))
    return tuple(int(i) for i in np.unravel_index(int(estimate), weight.shape))


def centred_window(weight: np.ndarray, size: tuple[int, ...]) -> tuple[int, ...]:
    """The corner of the window whose pixel ``m // 2`` stands at the circular centre of mass, 0 along axes that have none."""
    corners = []
    for axis, (n, m) in enumerate(zip(weight.shape, size, strict=True)):
        profile = weight.sum(axis=tuple(a for a in range(weight.ndim) if a != axis), dtype=np.float64)
        angle = float(np.angle(np.sum(profile * np.exp(2j * np.pi * np.arange(n) / n))))
        corners.append((round(angle / (2 * np.pi) * n) - m // 2) % n if np.isfinite(angle) else 0)
    return tuple(corners)


def _sums(values: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The sum over every periodic window, at the index of its first pixel."""
    for axis, m in enumerate(size):
        n = values.shape[axis]
        total = np.cumsum(np.concatenate([values, values.take(range(m), axis=axis)], axis=axis), axis=axis)
        before = np.concatenate([np.zeros_like(total.take([0], axis=axis)), total.take(range(n - 1), axis=axis)], axis=axis)
        values = total.take(range(m - 1, m - 1 + n), axis=axis) - before
    return values
