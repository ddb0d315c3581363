"""One representative of all objects that have the same far-field pattern: shifted, turned by a phase, or conjugate-flipped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np

_LOCAL = 0.4
"""Sigma of the window about the centre whose mean has phase 0, in root mean square radii of the object."""

_NOTHING = 1e-6
"""Below this fraction of what it could be, a quantity has no sign worth deciding by."""


def representative(x: np.ndarray) -> np.ndarray:
    """The member of the orbit of ``x`` that stands for all of it, complex, in the same frame and precision.

    - Global phase: the mean of x in a window about the centre of mass of ``|x|^2`` is real and positive. At the centre an object
      rarely vanishes, whereas the mean of all of one whose phase varies by 2 pi often does, and turns where it does.
    - Conjugate flip: so that the imaginary part of the sum of x is not negative, that is, so that away from the centre the phase
      mostly rises. Where the sum is real, as for real objects, the first third moment of ``|x|^2`` that is not zero is positive.
    - Translation: the centre of mass lies on pixel ``n // 2`` of each axis to the nearest pixel, or as near as the frame lets it.

    No choice can be continuous in all: the orbit of an object that is nearly its own twin has to be cut somewhere.

    Args:
        x: complex, any number of axes, not zero everywhere.

    Returns:
        The same for every member of the orbit inside the frame, up to where the centre lies half-way between pixels. Applying it
        again changes nothing.
    """
    weight = np.abs(x.astype(np.complex128)) ** 2
    total = float(weight.sum())
    axes = np.meshgrid(*(np.arange(n) for n in x.shape), indexing="ij", sparse=True)
    centre = [float((weight * axis).sum()) / total for axis in axes]
    offsets = [axis - c for axis, c in zip(axes, centre, strict=True)]
    radius2 = sum(offset**2 for offset in offsets)
    spread = max(float((weight * radius2).sum()) / total, 1e-12)
    reference = complex((np.exp(-radius2 / (2 * _LOCAL**2 * spread)) * x).sum())
    result = x * np.asarray(_sign(reference)).conjugate()
    for value, limit in _odd(result, weight, offsets):
        if abs(value) > _NOTHING * limit:
            if value < 0:
                result = np.conj(np.flip(result))
                centre = [n - 1 - c for n, c in zip(x.shape, centre, strict=True)]
            break
    shift = [_shift(np.asarray(np.abs(result)), axis, c) for axis, c in enumerate(centre)]
    return np.ascontiguousarray(np.roll(result, shift, axis=tuple(range(x.ndim))), dtype=x.dtype)


def _sign(value: complex) -> complex:
    return value / abs(value) if value else 1.0 + 0.0j


def _odd(x: np.ndarray, weight: np.ndarray, offsets: list[np.ndarray]) -> Iterator[tuple[float, float]]:
    """Quantities that a conjugate flip negates, and what each could be at most."""
    yield float(x.imag.sum()), float(np.abs(x).sum())
    for a, b, c in combinations_with_replacement(offsets, 3):
        moment = weight * a * b * c
        yield float(moment.sum()), float(np.abs(moment).sum())


def _shift(magnitude: np.ndarray, axis: int, centre: float) -> int:
    """Pixels along an axis that bring ``centre`` to the middle pixel, as far as nothing leaves the frame."""
    n = magnitude.shape[axis]
    used = np.flatnonzero(magnitude.max(axis=tuple(a for a in range(magnitude.ndim) if a != axis)))
    wanted = n // 2 - int(np.floor(centre + 0.5))
    return int(np.clip(wanted, -used[0], n - 1 - used[-1]))
