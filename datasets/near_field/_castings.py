"""Radiographs drawn by chance: thicknesses along the beam of castings, welds and solids with voids.

Lengths are fractions of the frame's side, so that a picture at another size is the same object. Edges are a pixel wide.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench.core import Rng

Grid = tuple[np.ndarray, np.ndarray]
"""Rows (N, 1) and columns (1, N) of the pixels' middles, from 0 to 1."""


def radiograph(kind: str, size: int, rng: Rng) -> np.ndarray:
    """The brightness of a radiograph, float64 (size, size), 1 where the object is thinnest and 0 where it is thickest.

    Args:
        kind: ``casting``, ``weld`` or ``voids``.
        size: pixels per side.
        rng: of the object.
    """
    axis = (np.arange(size) + 0.5) / size
    thickness = KINDS[kind]((axis[:, None], axis[None, :]), rng)
    low, high = float(thickness.min()), float(thickness.max())
    return np.asarray((high - thickness) / (high - low))


def casting(grid: Grid, rng: Rng) -> np.ndarray:
    """A plate with steps, ribs, bosses and bores, rounded as moulds are; gas pores, and sponges where it shrank."""
    plate = np.full(_shape(grid), rng.uniform(0.6, 1.0))
    for _ in range(int(rng.integers(1, 4))):
        plate += rng.uniform(-0.3, 0.4) * _side_of_a_line(grid, rng)
    for _ in range(int(rng.integers(1, 4))):
        plate += rng.uniform(0.2, 0.5) * _bar(grid, rng, rng.uniform(0.03, 0.09))
    for _ in range(int(rng.integers(1, 4))):
        centre, radius = rng.uniform(0.15, 0.85, 2), rng.uniform(0.08, 0.22)
        plate += rng.uniform(0.2, 0.5) * _disc(grid, centre, radius)
        if rng.random() < 0.7:
            bore = _disc(grid, centre, radius * rng.uniform(0.35, 0.7))
            plate = plate * (1 - bore) + 0.05 * bore
    plate = _smoothed(plate, 0.008 * len(plate))
    metal = plate.copy()
    for _ in range(int(rng.integers(8, 30))):
        metal -= _void(grid, rng, rng.uniform(0.05, 0.95, 2), rng.uniform(0.006, 0.03))
    for _ in range(int(rng.integers(0, 3))):
        metal -= 0.25 * plate * _sponge(grid, rng)
    return np.asarray(np.maximum(metal, 0.02) + 0.01 * _grain(grid, rng))


def weld(grid: Grid, rng: Rng) -> np.ndarray:
    """Two plates and the rippled bead that joins them, with pores, slag, a crack and a lack of fusion."""
    angle, offset, bend = rng.uniform(-0.25, 0.25), rng.uniform(0.4, 0.6), rng.uniform(-0.05, 0.05)
    rows, columns = grid if rng.random() < 0.5 else (grid[1], grid[0])
    middle = offset + angle * (columns - 0.5) + bend * np.sin(2 * np.pi * columns)
    across = rows - middle
    half = rng.uniform(0.10, 0.20)
    cap = np.maximum(1 - (across / half) ** 2, 0)
    ripples = np.sin(2 * np.pi * rng.uniform(20, 40) * (columns + 1.5 * across**2 / half) + rng.uniform(0, 6))
    metal = 1.0 + rng.uniform(0.3, 0.6) * np.sqrt(cap) * (1 + 0.06 * ripples * cap) + rng.uniform(-0.1, 0.1) * (across > 0)
    metal -= rng.uniform(0.1, 0.3) * np.exp(-(((across / half - 0.95) / 0.08) ** 2)) * (rng.random() < 0.5)
    origin = np.array([offset, 0.5])
    for _ in range(int(rng.integers(6, 25))):
        along = rng.uniform(0.05, 0.95)
        at = np.array([float(np.interp(along, grid[0][:, 0], middle.ravel())) + half * rng.uniform(-0.7, 0.7), along])
        metal -= _void((rows, columns), rng, at, rng.uniform(0.004, 0.018))
    for _ in range(int(rng.integers(0, 4))):
        slag = np.abs(across - half * rng.uniform(-0.6, 0.6)) < rng.uniform(0.004, 0.012)
        start = rng.uniform(0, 0.8)
        metal -= rng.uniform(0.1, 0.3) * slag * ((columns > start) & (columns < start + rng.uniform(0.05, 0.3)))
    metal -= rng.uniform(0.2, 0.4) * _crack((rows, columns), rng, origin, half)
    return _smoothed(np.maximum(metal, 0.02), 1.0) + 0.008 * _grain(grid, rng)


def voids(grid: Grid, rng: Rng) -> np.ndarray:
    """Balls, rods and bricks in the air, overlapping, with round voids in them: chords along the beam."""
    solid = np.zeros(_shape(grid))
    for _ in range(int(rng.integers(3, 8))):
        centre, radius = rng.uniform(0.15, 0.85, 2), rng.uniform(0.08, 0.28)
        shape = rng.integers(3)
        if shape == 0:
            solid += _ball(grid, centre, (radius, radius), 0.0)
        elif shape == 1:
            solid += rng.uniform(0.5, 1) * radius * _bar(grid, rng, rng.uniform(0.03, 0.1), round_=True)
        else:
            solid += rng.uniform(0.5, 1.5) * radius * _brick(grid, rng, centre, radius)
    full = solid.copy()
    for _ in range(int(rng.integers(10, 30))):
        radius = rng.uniform(0.008, 0.05)
        hole = _ball(grid, rng.uniform(0.1, 0.9, 2), (radius, radius * rng.uniform(0.6, 1.6)), rng.uniform(0, np.pi))
        solid -= np.minimum(hole, 0.7 * full)
    return np.maximum(solid, 0)


KINDS: dict[str, Callable[[Grid, Rng], np.ndarray]] = {"casting": casting, "weld": weld, "voids": voids}


def _shape(grid: Grid) -> tuple[int, int]:
    return grid[0].size, grid[1].size


def _smoothed(picture: np.ndarray, sigma_px: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(picture, sigma_px, mode="nearest"))


def _pixel(grid: Grid) -> float:
    return 1 / max(_shape(grid))


def _step(depth: np.ndarray, grid: Grid) -> np.ndarray:
    """1 where a depth is positive, over a pixel's width."""
    return np.asarray(np.clip(0.5 + depth / _pixel(grid), 0, 1))


def _rotated(grid: Grid, centre: np.ndarray, angle: float) -> Grid:
    rows, columns = grid[0] - centre[0], grid[1] - centre[1]
    cosine, sine = np.cos(angle), np.sin(angle)
    return cosine * rows + sine * columns, cosine * columns - sine * rows


def _disc(grid: Grid, centre: np.ndarray, radius: float) -> np.ndarray:
    return _step(radius - np.hypot(grid[0] - centre[0], grid[1] - centre[1]), grid)


def _ball(grid: Grid, centre: np.ndarray, radii: tuple[float, float], angle: float) -> np.ndarray:
    """Chord through an ellipsoid, as long as it is wide on average."""
    rows, columns = _rotated(grid, centre, angle)
    inside = 1 - (rows / radii[0]) ** 2 - (columns / radii[1]) ** 2
    return np.asarray((radii[0] + radii[1]) * np.sqrt(np.maximum(inside, 0)))


def _void(grid: Grid, rng: Rng, centre: np.ndarray, radius: float) -> np.ndarray:
    """A pore, in units in which the plate is about 1 thick: as deep as it is wide, of a plate a tenth of the frame thick."""
    return 10 * _ball(grid, centre, (radius, radius * rng.uniform(0.6, 1.6)), rng.uniform(0, np.pi)) * rng.uniform(0.5, 1)


def _side_of_a_line(grid: Grid, rng: Rng) -> np.ndarray:
    rows, _ = _rotated(grid, rng.uniform(0.2, 0.8, 2), rng.uniform(0, 2 * np.pi))
    return _step(rows, grid)


def _bar(grid: Grid, rng: Rng, half: float, *, round_: bool = False) -> np.ndarray:
    """A straight bar through the frame, flat or round."""
    rows, _ = _rotated(grid, rng.uniform(0.2, 0.8, 2), rng.uniform(0, 2 * np.pi))
    if round_:
        return np.asarray(np.sqrt(np.maximum(1 - (rows / half) ** 2, 0)))
    return _step(half - np.abs(rows), grid)


def _brick(grid: Grid, rng: Rng, centre: np.ndarray, radius: float) -> np.ndarray:
    rows, columns = _rotated(grid, centre, rng.uniform(0, np.pi))
    return np.asarray(_step(radius - np.abs(rows), grid) * _step(radius * rng.uniform(0.4, 1) - np.abs(columns), grid))


def _sponge(grid: Grid, rng: Rng) -> np.ndarray:
    """Shrinkage: cavities that hang together, in a blurred patch."""
    shape = _shape(grid)
    patch = np.exp(-(_ball_distance(grid, rng.uniform(0.2, 0.8, 2), rng.uniform(0.04, 0.1)) ** 2))
    texture = _field(shape, 0.008, rng)
    return np.asarray(patch * np.clip(texture, 0, 2))


def _ball_distance(grid: Grid, centre: np.ndarray, radius: float) -> np.ndarray:
    return np.asarray(np.hypot(grid[0] - centre[0], grid[1] - centre[1]) / radius)


def _crack(grid: Grid, rng: Rng, origin: np.ndarray, half: float) -> np.ndarray:
    """A thin line that wanders along the weld."""
    rows, columns = grid
    start, length = rng.uniform(0.1, 0.6), rng.uniform(0.1, 0.3)
    knots = np.linspace(start, start + length, 12)
    path = origin[0] + half * (rng.uniform(-0.5, 0.5) + np.cumsum(rng.normal(0, 0.06, 12)))
    along = np.interp(columns.ravel(), knots, path).reshape(columns.shape)
    within = (columns > start) & (columns < start + length)
    return np.asarray(np.exp(-(((rows - along) / (1.5 * _pixel(grid))) ** 2)) * within)


def _grain(grid: Grid, rng: Rng) -> np.ndarray:
    return _field(_shape(grid), 0.004, rng)


def _field(shape: tuple[int, int], correlation: float, rng: Rng) -> np.ndarray:
    """Smooth noise of unit variance, its correlation length a fraction of the frame's side; drawn on 440 points at any size."""
    from scipy.ndimage import zoom

    coarse = _smoothed(rng.standard_normal((440, 440)), correlation * 440)
    coarse /= coarse.std()
    if shape == coarse.shape:
        return np.asarray(coarse)
    scaled = zoom(_smoothed(coarse, max(440 / shape[0] / 2 - 0.5, 0)), (shape[0] / 440, shape[1] / 440), order=1)
    return np.asarray(scaled)
