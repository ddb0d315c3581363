"""The object's order of a hologram, without what the frame's edges would do to it."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.physics.fringes import Band
from prbench.tasks.off_axis import Hologram

_REACH = 3.0
"""Width of the rim that a frame is continued by, times the radius of the filter: beyond, its kernel has died away."""


def rim_px(radius: float) -> int:
    """Pixels by which a frame is continued on every side for a filter of ``radius`` cycles/px."""
    return math.ceil(_REACH / radius)


def object_order(y: Hologram, frame: Array, carrier: tuple[float, float], radius: float) -> Band:
    """The order at the carrier, ``(m / 2) exp(i (a + phi))``, of a frame continued by :func:`rim_px` on every side.

    A transform takes a frame for periodic, and the jump of the fringes from one edge to the other spoils the phase along both. So
    the orders found with that jump are mirrored at the edges, which leaves them continuous, and their fringes continue the frame;
    the order is cut out a second time from that. Unmeasured pixels get the fringes expected of the first time as well.
    """
    backend, shape = y.backend, (y.shape[0], y.shape[1])
    xp = backend.xp
    y.counters.ffts += 2
    spectrum = backend.rfftn(frame, 2)
    orders = [Band.cut(spectrum, shape, centre, radius, backend) for centre in ((0.0, 0.0), carrier)]
    if y.mask is not None:
        y.counters.ffts += 2
        expected = _fringes(orders, [b.everywhere() for b in orders], *(np.arange(n) for n in shape))
        frame = xp.where(y.mask, frame, expected)
    rim = rim_px(radius)
    outer = _grown(shape, rim)
    positions = [np.arange(-rim, n - rim) for n in outer]
    beyond = [np.concatenate([at[:rim], at[rim + n :]]) for at, n in zip(positions, shape, strict=True)]
    mirrored = [_mirrored(at, n) for at, n in zip(positions, shape, strict=True)]
    across = backend.asarray(mirrored[1])
    rows = [xp.take(b.lines(_mirrored(beyond[0], shape[0]), 0), across, axis=1) for b in orders]
    columns = [b.lines(_mirrored(beyond[1], shape[1]), 1) for b in orders]
    strips = _fringes(orders, rows, beyond[0], positions[1])
    sides = _fringes(orders, columns, np.arange(shape[0]), beyond[1])
    centre = xp.concat([sides[:, :rim], frame, sides[:, rim:]], axis=1)
    grown = xp.concat([strips[:rim], centre, strips[rim:]], axis=0)
    return Band.cut(backend.rfftn(grown, 2), outer, carrier, radius, backend)


def _grown(shape: tuple[int, int], rim: int) -> tuple[int, int]:
    """Sides of the continued frame: at least the rim on both sides, and quick to transform."""
    import scipy.fft

    rows, columns = (int(scipy.fft.next_fast_len(n + 2 * rim, real=True)) for n in shape)
    return rows, columns


def _mirrored(at: np.ndarray, n: int) -> np.ndarray:
    """Places beyond a frame of n pixels, mirrored into it at its first and last pixel."""
    folded = np.abs(at) % (2 * (n - 1))
    return np.asarray(np.minimum(folded, 2 * (n - 1) - folded))


def _fringes(orders: list[Band], values: list[Array], rows: np.ndarray, columns: np.ndarray) -> Array:
    """Offset and fringes, real, of the orders' values at pixels where the carrier's phase is that of ``rows`` and ``columns``."""
    offset, carried = values
    band = orders[1]
    xp, backend = band.backend.xp, band.backend
    ramps = [
        np.exp(2j * math.pi * (bin_ * at % n / n)) for bin_, at, n in zip(band.centre, (rows, columns), band.shape, strict=True)
    ]
    wave = carried * backend.asarray(ramps[0])[:, None] * backend.asarray(ramps[1])[None, :]
    return xp.real(offset) + 2 * xp.real(wave)
