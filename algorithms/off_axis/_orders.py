"""The object's order of a hologram, without what the frame's edges and unmeasured pixels would do to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from prbench.backend import Array, Backend
from prbench.physics.fringes import Band, Disc, order_radius
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


@dataclass(frozen=True, eq=False)
class OrderFilter:
    """What cuts the object's order out of every frame of one shape, carrier and radius.

    Attributes:
        shape: of the frame.
        outer: of the continued frame.
        rim: pixels by which it is continued on every side.
        first: discs at zero frequency and at the carrier, for the frame.
        grown: the same for the continued frame.
        last: disc at the carrier for the continued frame, where that of ``grown`` is a narrow one that fills unmeasured pixels.
        mirrors: along rows and columns, the pixel of the frame that each of the continued frame mirrors.
        backend: of the arrays.
    """

    shape: tuple[int, int]
    outer: tuple[int, int]
    rim: int
    first: tuple[Disc, Disc]
    grown: tuple[Disc, Disc]
    last: Disc | None
    mirrors: tuple[np.ndarray, np.ndarray]
    backend: Backend

    @classmethod
    def of(cls, y: Hologram, carrier: tuple[float, float], radius: float) -> OrderFilter:
        """For the frames of a measurement; ``radius`` in cycles/px."""
        shape, backend, rim = (y.shape[0], y.shape[1]), y.backend, rim_px(radius)
        outer = _grown(shape, rim)
        filling = radius if y.mask is None else min(radius, order_radius(carrier, _FILLING))
        first, grown = (
            (Disc.about(of, (0.0, 0.0), filling, backend), Disc.about(of, carrier, filling, backend)) for of in (shape, outer)
        )
        last = None if filling == radius else Disc.about(outer, carrier, radius, backend)
        mirrors = (_mirrored(np.arange(-rim, outer[0] - rim), shape[0]), _mirrored(np.arange(-rim, outer[1] - rim), shape[1]))
        return cls(shape, outer, rim, first, grown, last, mirrors, backend)


def object_order(y: Hologram, frame: Array, cutter: OrderFilter) -> Band:
    """The order at the carrier, ``(m / 2) exp(i (a + phi))``, of a frame continued by :func:`rim_px` on every side.

    A transform takes a frame for periodic, and the jump of the fringes from one edge to the other spoils the phase along both. So
    the orders, without their mean tilt, are mirrored at the edges, which leaves them continuous, and their fringes continue the
    frame. The orders of the continued frame are better ones, and continue it once more. Unmeasured pixels get the fringes
    expected of the last orders each time (Papoulis, IEEE Trans. Circuits Syst. 22 (1975) 735).
    """
    backend, rim = y.backend, cutter.rim
    inside = tuple(slice(rim, rim + n) for n in cutter.shape)
    offset, order = _cut(backend, frame, cutter.first)
    values, first = (offset.everywhere(), order.everywhere()), 0
    rounds = _ROUNDS if y.mask is None else _MASKED_ROUNDS
    for done in range(1, rounds + 1):
        y.counters.ffts += 3
        grown = _fringes(order, values, cutter, first)
        grown[inside] = frame if y.mask is None else backend.xp.where(y.mask, frame, grown[inside])
        offset, order = _cut(backend, grown, cutter.grown)
        if done < rounds:
            values, first = (offset.everywhere(), order.everywhere()), rim
    if cutter.last is None:
        return order
    y.counters.ffts += 1
    return cutter.last.cut(backend.rfftn(grown, 2))


def _cut(backend: Backend, frame: Array, discs: tuple[Disc, Disc]) -> tuple[Band, Band]:
    """The orders at zero frequency and at the carrier."""
    spectrum = backend.rfftn(frame, 2)
    return discs[0].cut(spectrum), discs[1].cut(spectrum)


def _grown(shape: tuple[int, int], rim: int) -> tuple[int, int]:
    """Sides of the continued frame: at least the rim on both sides, and quick to transform."""
    import scipy.fft

    rows, columns = (int(scipy.fft.next_fast_len(n + 2 * rim, real=True)) for n in shape)
    return rows, columns


def _mirrored(at: np.ndarray, n: int) -> np.ndarray:
    """Places beyond a frame of n pixels, mirrored into it at its first and last pixel."""
    folded = np.abs(at) % (2 * (n - 1))
    return np.asarray(np.minimum(folded, 2 * (n - 1) - folded))


def _fringes(order: Band, values: tuple[Array, Array], cutter: OrderFilter, first: int) -> Array:
    """Offset and fringes, real, on the continued frame.

    Args:
        order: at the carrier.
        values: complex, of the orders at zero frequency and at the carrier.
        cutter: for the shapes.
        first: row and column of the values at which the frame begins.
    """
    waves = []
    for axis, mirror in enumerate(cutter.mirrors):
        at = np.arange(-cutter.rim, cutter.outer[axis] - cutter.rim)
        turns = order.centre[axis] * (at + first) / order.shape[axis] + order.tilt[axis] * (at - mirror)
        waves.append(np.exp(2j * math.pi * np.mod(turns, 1.0)))
    backend, (offset, carried) = cutter.backend, values
    if backend.device == "cpu":
        result = backend.zeros(cutter.outer, backend.real)
        arrays = [np.asarray(array) for array in (offset, carried, result)]
        sources = (mirror + first for mirror in cutter.mirrors)
        _mirror_compiled()(*arrays, *sources, *(wave.astype(arrays[1].dtype) for wave in waves))
        return result
    xp = backend.xp
    for axis, (mirror, wave) in enumerate(zip(cutter.mirrors, waves, strict=True)):
        source, turned = backend.asarray(mirror + first), backend.asarray(wave)
        offset = xp.take(offset, source, axis=axis)
        carried = xp.take(carried, source, axis=axis) * (turned[:, None] if axis == 0 else turned[None, :])
    return xp.real(offset) + 2 * xp.real(carried)


@cache
def _mirror_compiled() -> Any:
    import numba

    return numba.njit(cache=True, error_model="numpy")(_mirror)


def _mirror(
    offset: np.ndarray,
    carried: np.ndarray,
    result: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    row_wave: np.ndarray,
    column_wave: np.ndarray,
) -> None:
    """Offset and fringes at every pixel of ``result``, from the pixels that ``rows`` and ``columns`` name."""
    for i in range(result.shape[0]):
        row, turn = rows[i], row_wave[i]
        for j in range(result.shape[1]):
            wave = turn * column_wave[j]
            z = carried[row, columns[j]]
            result[i, j] = offset[row, columns[j]].real + 2 * (z.real * wave.real - z.imag * wave.imag)
