"""Fourier filtering: one order of the hologram's spectrum, without what the optics add to its phase."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.backend import Array
from prbench.core import DirectSolver, Reconstruction, Rng, register, setting
from prbench.physics.aberrations import Polynomials, fit_background, refine_background
from prbench.physics.fringes import Band, find_carrier, order_radius
from prbench.physics.unwrapping import unwrapped, wrapped
from prbench.tasks.off_axis import Hologram

from ._orders import object_order, rim_px


@register(
    "fourier-filter",
    task="off-axis",
    cite=(
        "Takeda, Ina, Kobayashi, J. Opt. Soc. Am. 72 (1982) 156, doi:10.1364/JOSA.72.000156; "
        "Cuche, Marquet, Depeursinge, Appl. Opt. 39 (2000) 4070, doi:10.1364/AO.39.004070; "
        "Colomb et al., Appl. Opt. 45 (2006) 851, doi:10.1364/AO.45.000851"
    ),
    tags=("classical",),
)
@dataclass(frozen=True)
class FourierFilter(DirectSolver[Hologram]):
    """The order at the carrier, cut out and moved to zero frequency; its phase, less that of the empty optics, unwrapped.

    Where there is a hologram of the background its order is divided by, and a plane fitted; else a polynomial of total degree
    ``degree`` stands for carrier and aberrations. It is fitted to what is background: first to the slopes that most pixels have,
    then to the phase that most pixels have, last to the unwrapped phase around all that rises above it. Fits and unwrapping take
    sample of the coarse grid that just holds the order; the phase itself is evaluated on every pixel.
    """

    radius: float = setting(1 / 3, valid="[0.05, 0.9]", range=(0.2, 0.5), doc="of the filter, over the carrier's frequency")
    degree: int = setting(4, valid="[1, 8]", range=(1, 6), doc="total degree of the aberration where no background was measured")

    example: ClassVar[dict[str, object]] = {}

    def solve(self, y: Hologram, rng: Rng) -> Reconstruction:  # noqa: ARG002 - nothing here is random
        """Find the carrier, cut out the order, flatten, unwrap."""
        carrier = find_carrier(y.backend.to_numpy(y.interferogram), y.carrier)
        radius = order_radius(carrier, self.radius)
        order = object_order(y, y.interferogram, carrier, radius)
        empty = None if y.background is None else object_order(y, y.background, carrier, radius)
        degree = self.degree if empty is None else 1
        flat = _flattened(y, order, empty, rim_px(radius), degree)
        y.counters.ffts += 1 if empty is None else 2
        phase = _on_every_pixel(y, order, empty, rim_px(radius), flat, degree)
        sign = -1.0 if y.denser and y.carrier is None and flat.phase.sum() < 0 else 1.0
        tilt = flat.tilt if empty is None else empty.tilt
        result = [bin_ / n + shift for bin_, n, shift in zip(order.centre, order.shape, tilt, strict=True)]
        return Reconstruction(phase=sign * phase, aux={"carrier": sign * np.array(result), "free": flat.free})


@dataclass(frozen=True, eq=False)
class _Flat:
    """What the coarse grid tells.

    Attributes:
        phase: unwrapped, flat, float64 (p, q), on the samples that cover the frame.
        start: first sample that covers the frame, along rows and columns.
        coefficients: of the polynomial that was taken off the wave's phase.
        tilt: cycles/px, along rows and columns, that the polynomial's first degree stands for.
        free: part of the frame found to be background.
    """

    phase: np.ndarray
    start: tuple[int, int]
    coefficients: np.ndarray
    tilt: tuple[float, float]
    free: float


def _flattened(y: Hologram, order: Band, empty: Band | None, rim: int, degree: int) -> _Flat:
    """The phase on the coarse grid, and the polynomial that flattens it."""
    to_numpy = y.backend.to_numpy
    start, stop = (
        [rounded((edge + rim) / gap) for edge, gap in zip(edges, order.spacing, strict=True)]
        for rounded, edges in ((math.floor, (0, 0)), (math.ceil, (n - 1 for n in y.shape)))
    )
    part = tuple(slice(first, last + 1) for first, last in zip(start, stop, strict=True))
    z = to_numpy(order.coarse())[part].astype(np.complex128)
    if empty is not None:
        z = z * to_numpy(empty.coarse())[part].conj()
    positions = [np.arange(first, last + 1) * gap - rim for first, last, gap in zip(start, stop, order.spacing, strict=True)]
    basis = _polynomials(y.shape, positions, degree)
    per_cycle = math.pi * max(y.shape)  # a polynomial of first degree for a frequency of a cycle a pixel
    slopes = [per_cycle * f if empty is None else 0.0 for f in order.tilt]
    guess = basis.flattened({(1, 0): slopes[0], (0, 1): slopes[1]})
    coefficients, spread = fit_background(z, basis, guess)
    phase = unwrapped(np.angle(z * np.exp(-1j * basis.sum(coefficients))))
    level = np.abs(wrapped(phase)) < 3 * spread
    phase -= 2 * math.pi * round(float(np.median(phase[level] if level.any() else phase)) / (2 * math.pi))
    rest, free = refine_background(phase, np.abs(z), basis, spread)
    first = basis.table(coefficients + rest)
    tilt = (float(first[1, 0]) / per_cycle, float(first[0, 1]) / per_cycle)
    if any(abs(f) * gap > 0.5 for f, gap in zip(tilt, order.spacing, strict=True)):
        tilt = order.tilt  # the polynomial left the band, as it may in a frame of few fringes or none
    return _Flat(phase - basis.sum(rest), (start[0], start[1]), coefficients + rest, tilt, float(free.mean()))


def _polynomials(shape: tuple[int, ...], positions: list[np.ndarray], degree: int) -> Polynomials:
    """On rows and columns at positions in pixels of the frame, which are counted from its middle in halves of its longer side."""
    rows, columns = ((2 * at - (n - 1)) / max(shape) for at, n in zip(positions, shape, strict=True))
    return Polynomials(rows, columns, degree)


def _on_every_pixel(y: Hologram, order: Band, empty: Band | None, rim: int, flat: _Flat, degree: int) -> Array:
    """The phase (H, W): of the order itself, with the whole turns that the coarse grid tells."""
    backend = y.backend
    xp = backend.xp
    inside = tuple(slice(rim, rim + n) for n in y.shape)
    wave = order.everywhere()[inside]
    if empty is not None:
        wave = wave * xp.conj(empty.everywhere()[inside])
    basis = _polynomials(y.shape, [np.arange(n) for n in y.shape], degree)
    phase = xp.atan2(xp.imag(wave), xp.real(wave)) - backend.asarray(basis.sum(flat.coefficients))
    turn = 2 * math.pi
    return phase + turn * xp.round((_between(y, order, rim, flat) - phase) / turn)


def _between(y: Hologram, order: Band, rim: int, flat: _Flat) -> Array:
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
