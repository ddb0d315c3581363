"""From an interferogram to its phase, whoever unwraps it: the order, what the optics add to it, the answer on every pixel."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from prbench.backend import Array
from prbench.core import Reconstruction
from prbench.core.measurement import filled_from_nearest
from prbench.physics.fringe_quality import order_fraction
from prbench.physics.fringes import Band, find_carrier, order_radius
from prbench.physics.unwrapping import congruent
from prbench.tasks.off_axis import Hologram

from ._flattening import Flat, LevelWave, OpticsFit, flattened, polynomials, without_optics
from ._orders import OrderFilter, object_order

_GAP = 0.25
"""Depth into unmeasured pixels, times the radius of the filter, up to which fringes from around tell the phase."""

_NO_CORRECTION = 1e-9
"""Radians; what rounding leaves between a phase and the same one with its whole turns put on again."""

_MEMORY = "optics"


@dataclass(frozen=True, eq=False)
class Optics:
    """What stays the same between the frames of a camera.

    Attributes:
        cutter: cuts out the order.
        radius: of its filter, cycles/px.
        frame: the last measurement, for its shape, mask, hints and background.
        empty: order of that background; None before it is known, or without one.
        fit: of the optics' phase; None before it is known.
    """

    cutter: OrderFilter
    radius: float
    frame: Hologram
    empty: Band | None = None
    fit: OpticsFit | None = None

    def suits(self, y: Hologram) -> bool:
        """Whether a frame could be of the same camera: backend, shape, mask, hint and kind are those of the frame before."""
        last = self.frame
        same = (y.shape, y.backend, y.carrier, y.background is None, y.mask is None) == (
            (last.shape, last.backend, last.carrier, last.background is None, last.mask is None)
        )
        return same and (y.mask is None or bool(y.backend.xp.all(y.mask == last.mask)))

    def has_background_of(self, y: Hologram) -> bool:
        """Whether the order of the background is known, and the background still the same."""
        return self.empty is not None and bool(y.backend.xp.all(y.background == self.frame.background))


@dataclass(frozen=True, eq=False)
class FringeReading:
    """An interferogram of which the order has been cut out and the optics taken off; what is missing is to unwrap.

    Attributes:
        y: the measurement.
        optics: filter and background used.
        order: the object's, of the continued frame.
        level: the wave on a coarse grid.
    """

    y: Hologram
    optics: Optics
    order: Band
    level: LevelWave

    def remember(self, memory: dict[str, Any]) -> None:
        """Keep the optics for the next frame."""
        memory[_MEMORY] = dataclasses.replace(self.optics, frame=self.y, fit=self.level.fit)

    def answer(self, phase: np.ndarray) -> Reconstruction:
        """The reconstruction from the phase of :attr:`level` without wraps, float64 (p, q).

        What that phase differs by from the level's own, whole turns left out, is taken for a correction of the wave.
        ``aux`` has the carrier, the part of the frame found to be background (``free``), the ``degree`` of the optics, the number
        of ``residues``, the part of the frame without fringes (``faded``), and the ``radius`` of the filter in cycles/px.
        """
        y, optics, level = self.y, self.optics, self.level
        whole = congruent(phase, level.phase)
        correction = None if np.allclose(whole, phase, rtol=0, atol=_NO_CORRECTION) else phase - whole
        order = self.order if correction is None else self._corrected(correction)
        rim, radius, empty = optics.cutter.rim, optics.radius, optics.empty
        flat = flattened(level, phase if correction is None else whole)
        if correction is not None:
            flat = dataclasses.replace(flat, phase=flat.phase + correction)
        y.counters.ffts += 1 if empty is None else 2
        result = _on_every_pixel(y, order, empty, rim, flat)
        if y.mask is not None:
            result = _across_gaps(y, result, _GAP / radius)
        sign = -1.0 if y.denser and y.carrier is None and flat.phase.sum() < 0 else 1.0
        tilt = flat.tilt if empty is None else empty.tilt
        carrier = [bin_ / n + shift for bin_, n, shift in zip(order.centre, order.shape, tilt, strict=True)]
        report = {"free": flat.free, "degree": flat.degree, "residues": flat.residues, "faded": flat.faded, "radius": radius}
        return Reconstruction(phase=sign * result, aux={"carrier": sign * np.array(carrier), **report})

    def _corrected(self, correction: np.ndarray) -> Band:
        """The order with a phase (p, q) added on its coarse grid; beyond the frame with that of the edge."""
        grid, first = self.order.box.shape, self.level.start
        around = [(start, n - start - m) for n, start, m in zip(grid, first, correction.shape, strict=True)]
        return self.order.times(self.y.backend.asarray(np.exp(1j * np.pad(correction, around, mode="edge"))))


def read(y: Hologram, memory: dict[str, Any], radius: float | None = None, degree: int | None = None) -> FringeReading:
    """Find the carrier, cut out the order, take off what the optics add.

    Args:
        y: the measurement.
        memory: of the last frame; its carrier, filter and polynomial are used while they flatten this one.
        radius: of the filter, over the carrier's frequency; None for what stands out of the noise.
        degree: of the optics' polynomial, in total; None for what the background supports.
    """
    known = memory.get(_MEMORY)
    if isinstance(known, Optics) and known.suits(y):
        result = _read_with(y, known, degree)
        if result is not None:
            return result
    frame = np.asarray(y.backend.to_numpy(y.interferogram), np.float64)
    carrier = find_carrier(frame, y.carrier)
    px = order_radius(carrier, order_fraction(frame, carrier) if radius is None else radius)
    result = _read_with(y, Optics(OrderFilter.of(y, carrier, px), px, y), degree)
    assert result is not None
    return result


def _read_with(y: Hologram, optics: Optics, degree: int | None) -> FringeReading | None:
    """By a filter and the optics that flatten it; None where those known do not."""
    cutter = optics.cutter
    order = object_order(y, y.interferogram, cutter)
    empty = None
    if y.background is not None:
        empty = optics.empty if optics.has_background_of(y) else object_order(y, y.background, cutter)
    level = without_optics(y, order, empty, cutter.rim, degree, optics.fit)
    return None if level is None else FringeReading(y, dataclasses.replace(optics, empty=empty), order, level)


def _on_every_pixel(y: Hologram, order: Band, empty: Band | None, rim: int, flat: Flat) -> Array:
    """The phase (H, W): of the order itself, with the whole turns that the coarse grid tells."""
    backend = y.backend
    xp = backend.xp
    inside = tuple(slice(rim, rim + n) for n in y.shape)
    wave = order.everywhere()[inside]
    if empty is not None:
        wave = wave * xp.conj(empty.everywhere()[inside])
    basis = polynomials(y.shape, [np.arange(n) for n in y.shape], flat.degree)
    phase = xp.atan2(xp.imag(wave), xp.real(wave)) - backend.asarray(basis.sum(flat.coefficients))
    turn = 2 * math.pi
    return phase + turn * xp.round((_between(y, order, rim, flat) - phase) / turn)


def _between(y: Hologram, order: Band, rim: int, flat: Flat) -> Array:
    """The coarse phase at every pixel (H, W), interpolated linearly along both axes."""
    xp, result = y.backend.xp, y.backend.asarray(flat.phase)
    for axis in (0, 1):
        at = (np.arange(y.shape[axis]) + rim) / order.spacing[axis] - flat.start[axis]
        first = np.minimum(np.floor(at).astype(np.int64), flat.phase.shape[axis] - 2)
        share = y.backend.asarray(at - first)
        share = share[:, None] if axis == 0 else share[None, :]
        before, after = (xp.take(result, y.backend.asarray(first + step), axis=axis) for step in (0, 1))
        result = before + share * (after - before)
    return result


def _across_gaps(y: Hologram, phase: Array, depth: float) -> Array:
    """The phase (H, W) with that of unmeasured pixels deeper than ``depth`` taken from the nearest one that is not."""
    from scipy.ndimage import distance_transform_edt

    level = np.asarray(distance_transform_edt(~y.backend.to_numpy(y.mask)) <= depth)
    return phase if level.all() else y.backend.asarray(filled_from_nearest(y.backend.to_numpy(phase), level))
