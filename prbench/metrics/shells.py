"""Rings (2D) and shells (3D) of constant spatial frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prbench.backend import Array


def shell_numbers(shape: Sequence[int]) -> tuple[Array, Array]:
    """The shell of every pixel of a spectrum in FFT order, and the frequencies of the shells as fractions of Nyquist.

    Shells are as wide as one frequency step of the shortest axis. Frequencies are fractions of each axis's own Nyquist
    frequency, so that shells of a field with unequal axes are ellipsoids. Pixels in the corners, beyond Nyquist, belong to no
    shell: they carry the number that is the count of shells.
    """
    squared = np.zeros(tuple(shape))
    for axis, n in enumerate(shape):
        frequency = 2 * np.fft.fftfreq(n)
        squared = squared + (frequency**2).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    shortest = min(shape)
    count = shortest // 2 + 1
    number = np.minimum(np.rint(np.sqrt(squared) * shortest / 2), count).astype(np.intp)
    return number, np.arange(count) * 2.0 / shortest


def shell_sums(number: Array, values: Array, count: int) -> Array:
    """The sum of real ``values`` over every shell, float64, shape (count,)."""
    return np.bincount(number.ravel(), weights=np.asarray(values, np.float64).ravel(), minlength=count + 1)[:count]


def first_crossing(frequency: Array, curve: Array, threshold: Array) -> float:
    """The frequency at which ``curve`` first falls under ``threshold``, interpolated; the last shell's where it never does.

    The shell of zero frequency has one pixel and says nothing of resolution: it is left out, as are shells that are NaN. Zero
    where not even the first shell holds.
    """
    gap = np.asarray(curve, np.float64) - threshold
    defined = np.flatnonzero(np.isfinite(gap) & (np.arange(len(gap)) > 0))
    if defined.size == 0:
        return float("nan")
    below = np.flatnonzero(gap[defined] < 0)
    if below.size == 0:
        return float(frequency[defined[-1]])
    if below[0] == 0:
        return 0.0
    low, high = defined[below[0] - 1], defined[below[0]]
    step = gap[low] / (gap[low] - gap[high])
    return float(frequency[low] + step * (frequency[high] - frequency[low]))
