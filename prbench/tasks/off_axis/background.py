"""The background of a hologram: what the optics add to the phase of its fringes, and where no object is."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from prbench.backend import Array, get_backend
from prbench.physics.aberrations import Polynomials, fit_background, refine_background
from prbench.physics.fringes import Band, find_carrier, order_radius
from prbench.physics.unwrapping import unwrapped, wrapped

from .measurement import Hologram

ORDER_RADIUS = 1 / 3
"""Radius of the order that fringes are read from, over the carrier's frequency: it keeps a sharp object's orders apart."""

ABERRATION_DEGREE = 4
"""Total degree of the polynomial that stands for the optics: up to spherical aberration."""

_RIM = 1.5
"""Rim left out, times the inverse of the radius: a transform takes a frame for periodic."""

_LATTICE = 100
"""Pixels, about, along an axis that fringes and phase are compared on."""


@dataclasses.dataclass(frozen=True, eq=False)
class Fringes:
    """The wave that fringes carry, on a lattice of the frame's pixels, and the background found in it.

    Attributes:
        wave: complex (p, q), moved to zero frequency by whole bins; divided by that of the empty optics where it was measured.
        pixels: rows and columns of the frame that the lattice stands on.
        basis: polynomials of the aberration on the lattice.
        coefficients: of the aberration that the background has.
        free: bool (p, q), where the lattice stands on background.
    """

    wave: Array
    pixels: tuple[np.ndarray, np.ndarray]
    basis: Polynomials
    coefficients: Array
    free: Array

    def on_lattice(self, image: Array) -> Array:
        """An image (H, W) at the lattice's pixels, float64 (p, q)."""
        return np.asarray(image, np.float64)[np.ix_(*self.pixels)]


def read_fringes(y: Hologram) -> Fringes:
    """The order at the carrier and its background, as Fourier filtering finds them.

    The background is fitted on the grid that just holds the order: steps of a curved wave from one pixel of a coarser lattice to
    the next would be beyond half a turn.

    Args:
        y: the measurement, host arrays.
    """
    backend = get_backend("numpy", "double")
    carrier = find_carrier(np.asarray(y.interferogram, np.float64), y.carrier)
    radius = order_radius(carrier, ORDER_RADIUS)
    shape = (y.shape[0], y.shape[1])
    frames = [y.interferogram] if y.background is None else [y.interferogram, y.background]
    bands = [Band.cut(backend.rfftn(np.asarray(frame, np.float64), 2), shape, carrier, radius, backend) for frame in frames]
    wave, coarse = bands[0].everywhere(), bands[0].coarse()
    if len(bands) > 1:
        wave, coarse = wave * bands[1].everywhere().conj(), coarse * bands[1].coarse().conj()
    rim = rim_of(shape, radius)
    coarse_at, inside = _inside(bands[0], shape, rim)
    tilt = bands[0].tilt if len(bands) == 1 else (0.0, 0.0)
    coefficients, free = _background(coarse[np.ix_(*inside)], polynomials_of(shape, coarse_at), tilt, shape)
    pixels = tuple(np.arange(rim, n - rim, max(1, n // _LATTICE)) for n in shape)
    nearest = [np.abs(at[:, None] - known[None, :]).argmin(axis=1) for at, known in zip(pixels, coarse_at, strict=True)]
    lattice = (pixels[0], pixels[1])
    return Fringes(wave[np.ix_(*lattice)], lattice, polynomials_of(shape, list(lattice)), coefficients, free[np.ix_(*nearest)])


def _inside(band: Band, shape: tuple[int, int], rim: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Samples of the coarse grid off the rim: their positions in pixels, and their indices."""
    positions = [np.arange(side) * gap for side, gap in zip(band.box.shape, band.spacing, strict=True)]
    inside = [np.flatnonzero((at >= rim) & (at <= n - 1 - rim)) for at, n in zip(positions, shape, strict=True)]
    return [at[keep] for at, keep in zip(positions, inside, strict=True)], inside


def rim_of(shape: tuple[int, int], radius: float) -> int:
    """Pixels along the frame's edges that are left out of what is read within a radius, cycles/px."""
    return min(math.ceil(_RIM / radius), min(shape) // 4)


def polynomials_of(shape: tuple[int, int], positions: list[np.ndarray]) -> Polynomials:
    """The polynomials of the aberration at rows and columns of a frame."""
    rows, columns = ((2 * at - (n - 1)) / max(shape) for at, n in zip(positions, shape, strict=True))
    return Polynomials(rows, columns, ABERRATION_DEGREE)


def _background(z: Array, basis: Polynomials, tilt: tuple[float, float], shape: tuple[int, int]) -> tuple[Array, Array]:
    """Coefficients of a wave's phase on its background, and that background, bool."""
    per_cycle = math.pi * max(shape)
    guess = basis.flattened({(1, 0): per_cycle * tilt[0], (0, 1): per_cycle * tilt[1]})
    coefficients, spread = fit_background(z, basis, guess)
    phase = unwrapped(np.angle(z * np.exp(-1j * basis.sum(coefficients))))
    level = np.abs(wrapped(phase)) < 3 * spread
    phase -= 2 * math.pi * round(float(np.median(phase[level] if level.any() else phase)) / (2 * math.pi))
    rest, free = refine_background(phase, np.abs(z), basis, spread)
    return coefficients + rest, free
