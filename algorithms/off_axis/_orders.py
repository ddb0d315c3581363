"""The object's order of a hologram, without what the frame's edges and unmeasured pixels would do to it."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.physics.fringes import Band, order_radius
from prbench.tasks.off_axis import Hologram

_REACH = 3.0
"""Width of the rim that a frame is continued by, times the radius of the filter: beyond, its kernel has died away."""

_ROUNDS, _MASKED_ROUNDS = 3, 30
"""How often the fringes beyond the frame are computed from the orders that the last ones gave; more often where pixels within it
are unmeasured, which fill from their edges."""

_FILLING = 1 / 4
"""Radius of the orders that fill unmeasured pixels, over the carrier's frequency: wide ones mix up fringes and offset there."""


def rim_px(radius: float) -> int:
    """Pixels by which a frame is continued on every side for a filter of ``radius`` cycles/px."""
    return math.ceil(_REACH / radius)


def object_order(y: Hologram, frame: Array, carrier: tuple[float, float], radius: float) -> Band:
    """The order at the carrier, ``(m / 2) exp(i (a + phi))``, of a frame continued by :func:`rim_px` on every side.

    A transform takes a frame for periodic, and the jump of the fringes from one edge to the other spoils the phase along both. So
    the orders, without their mean tilt, are mirrored at the edges, which leaves them continuous, and their fringes continue the
    frame. The orders of the continued frame are better ones, and continue it once more. Unmeasured pixels get the fringes
    expected of the last orders each time (Papoulis, IEEE Trans. Circuits Syst. 22 (1975) 735).
    """
    backend, shape = y.backend, (y.shape[0], y.shape[1])
    xp = backend.xp
    rim = rim_px(radius)
    outer = _grown(shape, rim)
    inside = tuple(slice(rim, rim + n) for n in shape)
    filling = radius if y.mask is None else min(radius, order_radius(carrier, _FILLING))
    orders = _cut(y, frame, shape, carrier, filling)
    values = [band.everywhere() for band in orders]
    first = (0, 0)
    for _ in range(_ROUNDS if y.mask is None else _MASKED_ROUNDS):
        y.counters.ffts += 3
        grown = _fringes(orders, values, outer, first, rim)
        content = frame if y.mask is None else xp.where(y.mask, frame, grown[inside])
        grown[inside] = content
        orders = _cut(y, grown, outer, carrier, filling)
        values, first = [band.everywhere()[inside] for band in orders], (rim, rim)
    if filling == radius:
        return orders[1]
    y.counters.ffts += 1
    return Band.cut(backend.rfftn(grown, 2), outer, carrier, radius, backend)


def _cut(y: Hologram, frame: Array, shape: tuple[int, int], carrier: tuple[float, float], radius: float) -> list[Band]:
    """The orders at zero frequency and at the carrier."""
    spectrum = y.backend.rfftn(frame, 2)
    return [Band.cut(spectrum, shape, at, radius, y.backend) for at in ((0.0, 0.0), carrier)]


def _grown(shape: tuple[int, int], rim: int) -> tuple[int, int]:
    """Sides of the continued frame: at least the rim on both sides, and quick to transform."""
    import scipy.fft

    rows, columns = (int(scipy.fft.next_fast_len(n + 2 * rim, real=True)) for n in shape)
    return rows, columns


def _mirrored(at: np.ndarray, n: int) -> np.ndarray:
    """Places beyond a frame of n pixels, mirrored into it at its first and last pixel."""
    folded = np.abs(at) % (2 * (n - 1))
    return np.asarray(np.minimum(folded, 2 * (n - 1) - folded))


def _fringes(orders: list[Band], values: list[Array], outer: tuple[int, int], first: tuple[int, int], rim: int) -> Array:
    """Offset and fringes, real, on the continued frame.

    Args:
        orders: at zero frequency and at the carrier.
        values: of both, complex, within the frame.
        outer: shape of the continued frame.
        first: pixel of the orders' own frame that the values begin at.
        rim: pixels before the frame.
    """
    offset, carried = values
    band = orders[1]
    xp, backend = band.backend.xp, band.backend
    for axis, (n, side, tilt) in enumerate(zip(offset.shape, outer, band.tilt, strict=True)):
        at = np.arange(-rim, side - rim)
        mirror = _mirrored(at, n)
        turns = band.centre[axis] * (at + first[axis]) / band.shape[axis] + tilt * (at - mirror)
        wave = backend.asarray(np.exp(2j * math.pi * np.mod(turns, 1.0)))
        source = backend.asarray(mirror)
        offset = xp.take(offset, source, axis=axis)
        carried = xp.take(carried, source, axis=axis) * (wave[:, None] if axis == 0 else wave[None, :])
    return xp.real(offset) + 2 * xp.real(carried)
