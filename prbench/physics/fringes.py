"""Fringes on a carrier: where it is, and the wave that they carry (Takeda, Ina, Kobayashi, J. Opt. Soc. Am. 72 (1982) 156).

An interferogram ``b + m cos(2 pi c.r + psi)`` has three orders in its spectrum: the offset b about zero frequency, and
``(m / 2) exp(+-i psi)`` about the carrier c and its opposite. Orders are cut out of the spectrum by :class:`Band`, which samples
what it holds on a coarse grid, or on all of the frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from prbench.backend import Array, Backend

SEARCHED_PX = 512
"""Largest side of the part of a frame that a carrier is searched in; fringes are the same all over it."""

LEAST_FREQUENCY = 0.03
"""Smallest frequency of a carrier, cycles/px: slower fringes cannot be parted from the illumination."""

_LEAST_FRINGES = 5
"""Fringes across the searched part below which the same holds."""

_FAINT = 1e-8
"""Part of the largest power that counts as none."""

_TAPER = 0.15
"""Half the width of the filter's edge over its radius: soft enough not to ring, steep enough to keep orders apart."""

_OVERSAMPLING = 1.1
"""Samples of a band's coarse grid over the fewest that hold it, along an axis."""


def power_of_middle(image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Power spectrum (rows, columns) of the middle of an image in a window of Hann, its mean removed, and its frequencies.

    Args:
        image: real (H, W), host; of its middle at most :data:`SEARCHED_PX` pixels per side are taken.

    Returns:
        The power, and row frequencies (rows, 1) and column frequencies (1, columns) in cycles/px, zero first.
    """
    import scipy.fft

    part = np.asarray(image[tuple(slice((n - min(n, SEARCHED_PX)) // 2, (n + min(n, SEARCHED_PX)) // 2) for n in image.shape)])
    rows, columns = part.shape
    window = np.hanning(rows + 2)[1:-1, None] * np.hanning(columns + 2)[None, 1:-1]
    level = float((part * window).sum() / window.sum())
    power = np.abs(scipy.fft.fft2((part - level) * window)) ** 2
    return power, scipy.fft.fftfreq(rows)[:, None], scipy.fft.fftfreq(columns)[None, :]


def find_carrier(image: Array, hint: tuple[float, float] | None = None) -> tuple[float, float]:
    """Row and column frequency, cycles/px, of the strongest fringes; to about a tenth of what one more fringe in the frame makes.

    The power spectrum of the middle of the frame, in a window of Hann, is divided by its geometric mean around circles, so that
    neither the lobe at zero frequency nor a slope of the illumination is mistaken for fringes, and summed over 3 x 3 frequencies.

    Args:
        image: real (H, W), host.
        hint: the order nearer to this one is taken; without it that of positive column frequency, and where that is under a
            fringe a frame, of positive row frequency.
    """
    from scipy.ndimage import uniform_filter

    power, fy, fx = power_of_middle(image)
    rows, columns = power.shape
    radius = np.hypot(fy, fx)
    ring = np.rint(radius * min(rows, columns)).astype(np.intp)
    floor = _FAINT * float(power.max()) + 1e-300
    usual = np.exp(np.bincount(ring.ravel(), np.log(power + floor).ravel()) / np.maximum(np.bincount(ring.ravel()), 1))
    excess = uniform_filter(power / usual[ring], 3, mode="wrap")
    slow = radius < max(LEAST_FREQUENCY, _LEAST_FRINGES / min(rows, columns))
    other = (fy * hint[0] + fx * hint[1] < 0) if hint is not None else (fx < 0)
    excess[slow | np.broadcast_to(other, slow.shape)] = 0
    peak = np.unravel_index(int(np.argmax(excess)), excess.shape)
    around = [(np.arange(-1, 2) + at) % n for at, n in zip(peak, power.shape, strict=True)]
    near = np.sqrt(power[np.ix_(*around)])
    steps = (near.sum(axis=1) @ np.arange(-1, 2), near.sum(axis=0) @ np.arange(-1, 2)) / (near.sum() + 1e-300)
    result = [float(f.ravel()[at]) + float(step) / n for f, at, step, n in zip((fy, fx), peak, steps, power.shape, strict=True)]
    if hint is None and abs(result[1]) < 1 / columns and result[0] < 0:
        result = [-result[0], -result[1]]
    return result[0], result[1]


def order_radius(carrier: tuple[float, float], fraction: float) -> float:
    """Radius, cycles/px, of the disc cut out around a carrier: a fraction of the distance to zero frequency, or, where that is
    less, of the distance to where the opposite order is seen in a sampled image.
    """
    opposite = [2 * f - round(2 * f) for f in carrier]
    return fraction * min(math.hypot(*carrier), math.hypot(*opposite) or math.inf)


@dataclass(frozen=True, eq=False)
class Disc:
    """The filter about a carrier, for frames of one shape: which frequencies it takes, and how much of each.

    Attributes:
        weight: real (p, q), zero outside the disc; scaled so that sums over a band are values.
        rows, columns: of the half spectrum that ``rfftn`` has, for every row and column of the band.
        opposite: rows of the other half, whose conjugates stand for columns that are not stored.
        stored: bool (1, q), columns that are stored; None where all are.
        shape: (rows, columns) of the frame.
        centre: bins by which the disc is moved to zero frequency.
        backend: of the arrays.
    """

    weight: Array
    rows: Array
    columns: Array
    opposite: Array
    stored: Array | None
    shape: tuple[int, int]
    centre: tuple[int, int]
    backend: Backend

    @classmethod
    def about(cls, shape: tuple[int, int], carrier: tuple[float, float], radius: float, backend: Backend) -> Disc:
        """The disc of ``radius`` about ``carrier``, both in cycles/px."""
        import scipy.fft

        centre = (round(carrier[0] * shape[0]), round(carrier[1] * shape[1]))
        reach = 2 * radius * (1 + _TAPER) * _OVERSAMPLING
        sides = [min(n, scipy.fft.next_fast_len(max(4, math.ceil(reach * n)))) for n in shape]
        steps = [np.arange(side) - side // 2 for side in sides]
        rows, columns = ((step + at) % n for step, at, n in zip(steps, centre, shape, strict=True))
        stored = columns <= shape[1] // 2  # of a real frame's spectrum the other half is the conjugate of its opposite
        columns = np.where(stored, columns, shape[1] - columns)
        fy, fx = ((step + at) / n - f for step, at, n, f in zip(steps, centre, shape, carrier, strict=True))
        t = np.clip((1 + _TAPER - np.hypot(fy[:, None], fx[None, :]) / radius) / (2 * _TAPER), 0, 1)
        weight = t * t * (3 - 2 * t) / math.prod(shape)
        return cls(
            backend.asarray(weight),
            backend.asarray(rows),
            backend.asarray(columns),
            backend.asarray(-rows % shape[0]),
            None if stored.all() else backend.asarray(stored)[None, :],
            shape,
            centre,
            backend,
        )

    def cut(self, spectrum: Array) -> Band:
        """The band of ``backend.rfftn`` of a frame."""
        xp = self.backend.xp
        box = xp.take(xp.take(spectrum, self.rows, axis=0), self.columns, axis=1)
        if self.stored is not None:
            mirrored = xp.take(xp.take(spectrum, self.opposite, axis=0), self.columns, axis=1)
            box = xp.where(self.stored, box, xp.conj(mirrored))
        return Band(box * self.weight, self.shape, self.centre, self.backend)


@dataclass(frozen=True, eq=False)
class Band:
    """A disc of the spectrum of a frame (rows, columns), moved to zero frequency; of low frequencies only.

    Attributes:
        box: complex (p, q), frequencies ``-(p // 2) ... ``, zero outside the disc; scaled so that sums over them are values.
        shape: (rows, columns) of the frame.
        centre: bins by which it was moved.
        backend: of the arrays.
    """

    box: Array
    shape: tuple[int, int]
    centre: tuple[int, int]
    backend: Backend

    @classmethod
    def cut(cls, spectrum: Array, shape: tuple[int, int], carrier: tuple[float, float], radius: float, backend: Backend) -> Band:
        """Cut the disc of ``radius`` about ``carrier`` (cycles/px) out of ``backend.rfftn`` of a frame, moved by whole bins."""
        return Disc.about(shape, carrier, radius, backend).cut(spectrum)

    def times(self, factor: Array) -> Band:
        """The band of which :meth:`coarse` is this one's times ``factor``, complex (p, q)."""
        spectrum = self.backend.fftn(self.coarse() * factor, 2)
        box = self.backend.xp.fft.fftshift(spectrum) / math.prod(self.box.shape)
        return Band(box, self.shape, self.centre, self.backend)

    @property
    def spacing(self) -> tuple[float, float]:
        """Pixels from one sample of :meth:`coarse` to the next, along rows and columns."""
        return self.shape[0] / self.box.shape[0], self.shape[1] / self.box.shape[1]

    def coarse(self) -> Array:
        """Complex (p, q): the band at multiples of :attr:`spacing`, the first at pixel (0, 0); exact."""
        return self._inverse(self.box, tuple(self.box.shape))

    def everywhere(self) -> Array:
        """Complex (rows, columns): the band at every pixel."""
        return self._inverse(self.box, self.shape)

    def _inverse(self, box: Array, shape: tuple[int, ...]) -> Array:
        """The sums over the box at all points of a grid of ``shape``."""
        grid = self.backend.zeros(shape, self.backend.complex)
        # Frequencies from zero on lie at the start of an axis, negative ones at its end.
        slices = [
            ((slice(n - side // 2, n), slice(side // 2)), (slice(side - side // 2), slice(side // 2, side)))
            for n, side in zip(shape, box.shape, strict=True)
        ]
        for rows, of_rows in slices[0]:
            for columns, of_columns in slices[1]:
                grid[rows, columns] = box[of_rows, of_columns]
        return self.backend.ifftn(grid, 2, normalised=False)

    @cached_property
    def tilt(self) -> tuple[float, float]:
        """Mean frequency, cycles/px, of the band's power: what the carrier is beyond :attr:`centre`."""
        z = self.backend.to_numpy(self.coarse())
        steps = np.vdot(z[:-1], z[1:]), np.vdot(z[:, :-1], z[:, 1:])
        row, column = (float(np.angle(step)) / (2 * math.pi * gap) for step, gap in zip(steps, self.spacing, strict=True))
        return row, column
