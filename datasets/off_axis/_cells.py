"""Optical paths through generated cells of several kinds.

Lengths are in micrometres. Sizes and refractive contrasts against the medium are of the order that quantitative phase imaging
finds: 0.03 to 0.045 for cells, 0.07 for red blood cells full of haemoglobin, more for droplets of lipid (Liu et al., Lab Chip 16
(2016) 634, doi:10.1039/C5LC01445J; Schürmann et al., J. Biophotonics 9 (2016) 1068, doi:10.1002/jbio.201500273).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from prbench.core import Rng

Map = np.ndarray

_EDGE = 0.03
"""Softness of a projected ellipsoid's edge, in squared radii, so that its slope there is finite."""


@dataclass(frozen=True, eq=False)
class Field:
    """Coordinates in micrometres of a square of pixels, and what of them a cell is drawn with."""

    x: Map
    y: Map
    pixel_um: float

    @property
    def side(self) -> int:
        """Pixels along an axis."""
        return len(self.x)

    @property
    def width_um(self) -> float:
        """Length of a side."""
        return self.side * self.pixel_um


def field(side: int, pixel_um: float) -> Field:
    """Coordinates with the origin in the middle, float32 (side, side)."""
    at = ((np.arange(side) - (side - 1) / 2) * pixel_um).astype(np.float32)
    return Field(np.broadcast_to(at[None, :], (side, side)), np.broadcast_to(at[:, None], (side, side)), pixel_um)


def draw_cell(kind: str, rng: Rng, field: Field) -> Map:
    """Optical path in micrometres through a cell in the middle of a field, float32 (side, side), zero around it."""
    path = DRAW[kind](rng, field)
    if rng.random() < 0.4:
        path = path + _debris(rng, field, int(rng.integers(1, 5)))
    return np.asarray(path, np.float32)


def _ellipsoid(field: Field, centre: tuple[float, float], radii: tuple[float, float, float], angle: float = 0.0) -> Map:
    """Thickness along the beam of an ellipsoid with two radii in the plane and one along the beam."""
    cos, sin = math.cos(angle), math.sin(angle)
    dx, dy = field.x - np.float32(centre[0]), field.y - np.float32(centre[1])
    along, across = (cos * dx + sin * dy) / radii[0], (cos * dy - sin * dx) / radii[1]
    return _dome(along**2 + across**2) * np.float32(2 * radii[2])


def _dome(q: Map) -> Map:
    """``sqrt(1 - q)`` with a foot: smooth where it meets zero, q the squared distance in radii."""
    inside = np.clip(1 - q, 0, None)
    return np.asarray(inside / np.sqrt(inside + np.float32(_EDGE)) * math.sqrt(1 + _EDGE))


def _outline(rng: Rng, field: Field, radius: float, strength: float, waves: tuple[int, ...]) -> Map:
    """Squared distance from the origin over that of a wavy outline of mean ``radius``."""
    r = np.sqrt(field.x**2 + field.y**2) + np.float32(1e-6)
    unit = (field.x + 1j * field.y) / r
    ripple = np.zeros_like(r)
    power = unit
    for k in waves:  # from 2 on, one after the other
        power = power * unit
        wave = strength * rng.standard_normal() / k * np.exp(2j * math.pi * rng.random())
        ripple += np.real(np.complex64(wave) * power)
    return np.asarray((r / (radius * np.clip(1 + ripple, 0.5, 1.6))) ** 2)


def _texture(rng: Rng, field: Field, finest_um: float, coarsest_um: float, stretch: float = 1.0) -> Map:
    """Random field of mean 0 and deviation 1 between two wavelengths, amplitude as the wavelength, drawn out one way."""
    import scipy.fft

    n, angle = field.side, math.pi * rng.random()
    fy = scipy.fft.fftfreq(n, field.pixel_um).astype(np.float32)[:, None]
    fx = scipy.fft.rfftfreq(n, field.pixel_um).astype(np.float32)[None, :]
    along, across = math.cos(angle) * fx + math.sin(angle) * fy, math.cos(angle) * fy - math.sin(angle) * fx
    f_sq = (along * stretch) ** 2 + across**2
    envelope = np.exp(-f_sq * finest_um**2) / np.sqrt(f_sq + 1 / coarsest_um**2)
    envelope[0, 0] = 0
    white = scipy.fft.rfft2(rng.standard_normal((n, n), dtype=np.float32))
    drawn = scipy.fft.irfft2(white * envelope, (n, n))
    return np.asarray(drawn / (drawn.std() + 1e-12), np.float32)


def _inclusions(
    rng: Rng, field: Field, body: Map, count: int, radius_um: tuple[float, float], contrast: tuple[float, float]
) -> Map:
    """Paths of spheres at random positions inside a body (thickness); each is drawn in a window of its own."""
    path = np.zeros(body.shape, np.float32)
    inner = np.flatnonzero(body > 0.4 * body.max())
    if not len(inner):
        return path
    for at in rng.choice(inner, count):
        _add_sphere(path, field, divmod(int(at), field.side), rng.uniform(*radius_um), rng.uniform(*contrast))
    return path


def _add_sphere(path: Map, field: Field, centre: tuple[int, int], radius: float, contrast: float) -> None:
    reach = math.ceil(radius / field.pixel_um) + 1
    window = tuple(slice(max(c - reach, 0), c + reach + 1) for c in centre)
    row, column = centre
    x, y = field.x[window] - field.x[0, column], field.y[window] - field.y[row, 0]
    path[window] += np.float32(2 * radius * contrast) * _dome((x**2 + y**2) / np.float32(radius**2))


def _debris(rng: Rng, field: Field, count: int) -> Map:
    """Small fragments and vesicles anywhere in the field."""
    path = np.zeros((field.side, field.side), np.float32)
    for _ in range(count):
        row, column = (int(n) for n in rng.integers(0, field.side, 2))
        _add_sphere(path, field, (row, column), rng.uniform(0.4, 1.3), rng.uniform(0.02, 0.06))
    return path


def _inside(rng: Rng, field: Field, body: Map, radius: float, nucleus: Map) -> Map:
    """Path of a body's contents beyond its mean: nucleus, nucleoli, granules and a fine texture."""
    grain = _texture(rng, field, rng.uniform(0.5, 1.0), 4.0)
    path = nucleus * np.float32(rng.uniform(-0.004, 0.01)) + body * (np.float32(rng.uniform(0.0004, 0.0016)) * grain)
    path += _inclusions(rng, field, nucleus, int(rng.integers(1, 4)), (0.12 * radius, 0.22 * radius), (0.012, 0.03))
    return np.asarray(path + _inclusions(rng, field, body, int(rng.integers(5, 40)), (0.25, 0.6), (0.02, 0.08)))


def _round(rng: Rng, field: Field, radius: float, centre: tuple[float, float]) -> Map:
    """One cell in suspension at a position."""
    moved = Field(field.x - np.float32(centre[0]), field.y - np.float32(centre[1]), field.pixel_um)
    body = np.float32(2 * radius * rng.uniform(0.85, 1.05)) * _dome(_outline(rng, moved, radius, 0.06, (2, 3, 4)))
    off = radius * 0.25
    at = (rng.uniform(-off, off), rng.uniform(-off, off))
    size = radius * rng.uniform(0.45, 0.65)
    nucleus = _ellipsoid(moved, at, (size, size * rng.uniform(0.75, 1), size * 0.9), math.pi * rng.random())
    return np.asarray(body * np.float32(rng.uniform(0.028, 0.046)) + _inside(rng, moved, body, radius, nucleus))


def spheroid(rng: Rng, field: Field) -> Map:
    """A round cell in suspension with nucleus, nucleoli and granules, as a leucocyte or an HL60 cell."""
    return _round(rng, field, rng.uniform(5.0, 9.0), (0.0, 0.0))


def spread(rng: Rng, field: Field) -> Map:
    """An adherent cell: a lamella of wavy outline with fibres, thickest at its nucleus."""
    radius = rng.uniform(7.5, 11.5)
    q = _outline(rng, field, radius, 0.35, (2, 3, 4, 5, 6))
    lamella = np.float32(rng.uniform(2.0, 4.0)) * _dome(q) ** 1.5
    off = 0.2 * radius
    at, size = (rng.uniform(-off, off), rng.uniform(-off, off)), radius * rng.uniform(0.28, 0.4)
    nucleus = _ellipsoid(field, at, (size * rng.uniform(1, 1.4), size, rng.uniform(1.2, 2.2)), math.pi * rng.random())
    swell = np.exp(-((field.x - at[0]) ** 2 + (field.y - at[1]) ** 2) / np.float32(2 * (0.45 * radius) ** 2))
    body = lamella * (1 + np.float32(rng.uniform(0.6, 1.4)) * swell)
    fibres = _texture(rng, field, rng.uniform(0.5, 0.9), 5.0, stretch=rng.uniform(3, 8))
    path = (body + 0.6 * nucleus) * np.float32(rng.uniform(0.03, 0.045))
    path += body * (np.float32(rng.uniform(0.001, 0.003)) * fibres)
    return np.asarray(path + _inside(rng, field, body, 0.5 * radius, nucleus))


def dividing(rng: Rng, field: Field) -> Map:
    """Two daughter cells, from a first furrow to all but separate, each with its chromosomes."""
    radius, angle = rng.uniform(4.5, 6.5), math.pi * rng.random()
    apart = radius * rng.uniform(0.5, 1.0)
    step = (apart * math.cos(angle), apart * math.sin(angle))
    halves, plates = [], np.zeros_like(field.x)
    for sign in (-1, 1):
        at = (sign * step[0], sign * step[1])
        size = radius * rng.uniform(0.95, 1.05)
        halves.append(_ellipsoid(field, at, (size, size * rng.uniform(0.92, 1.08), size * 0.95), angle))
        plates = plates + _ellipsoid(field, at, (radius * 0.25, radius * rng.uniform(0.5, 0.65), radius * 0.5), angle)
    body = (halves[0] ** 4 + halves[1] ** 4) ** np.float32(0.25)
    path = body * np.float32(rng.uniform(0.028, 0.042)) + plates * np.float32(rng.uniform(0.008, 0.02))
    return np.asarray(path + _inside(rng, field, body, radius, plates))


def red_blood(rng: Rng, field: Field) -> Map:
    """Two to five red blood cells; the biconcave profile is that of Evans and Fung, Microvasc. Res. 4 (1972) 335."""
    path = np.zeros_like(field.x)
    reach = 0.32 * field.width_um
    for _ in range(int(rng.integers(2, 6))):
        x, y = (np.float32(rng.uniform(-reach, reach)) for _ in range(2))
        radius, tilt, angle = rng.uniform(3.5, 4.2), rng.uniform(0.75, 1.0), math.pi * rng.random()
        cos, sin = math.cos(angle), math.sin(angle)
        dx, dy = field.x - x, field.y - y
        q = ((cos * dx + sin * dy) ** 2 + ((cos * dy - sin * dx) / tilt) ** 2) / np.float32(radius**2)
        q = np.minimum(q, 1)
        profile = 0.81 + 7.83 * q - 4.39 * q**2
        path = path + _dome(q) * profile * np.float32(rng.uniform(0.06, 0.08) / tilt)
    grain = _texture(rng, field, 0.8, 3.0)
    return np.asarray(path * (1 + np.float32(0.015) * grain), np.float32)


def cluster(rng: Rng, field: Field) -> Map:
    """Two to four round cells that touch or lie over one another, with debris around them."""
    count, start = int(rng.integers(2, 5)), 2 * math.pi * rng.random()
    path = _debris(rng, field, int(rng.integers(2, 8)))
    for n in range(count):
        radius, angle = rng.uniform(3.2, 4.8), start + 2 * math.pi * n / count + rng.uniform(-0.3, 0.3)
        far = rng.uniform(0.16, 0.26) * field.width_um * (1 if count > 2 else 0.7)
        path = path + _round(rng, field, radius, (far * math.cos(angle), far * math.sin(angle)))
    return path


DRAW: dict[str, Callable[[Rng, Field], Map]] = {
    "spheroid": spheroid,
    "spread": spread,
    "dividing": dividing,
    "red-blood": red_blood,
    "cluster": cluster,
}
"""Kinds of cells by name."""
