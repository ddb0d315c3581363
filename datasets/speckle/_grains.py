"""Sandpaper: sheets of grains, without end and the same wherever one looks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

_CELL = 1.1
"""Side of the cell that holds one grain, in grain diameters: about two thirds of a sheet are covered."""
_BLOCK = 8
"""Cells per side of the blocks that have a random stream of their own."""
_FACES = 14
_SPREAD = 0.25
"""Standard deviation of the logarithm of a diameter, about that of graded papers (P120)."""
_ROUNDING = 0.02
"""Standard deviation, in grain diameters, of the Gaussian that rounds edges and facets, as resin and wear do."""
_LARGEST = 1.6
"""Limit to a diameter, in grain diameters."""
_ORIGIN = 1 << 30
"""Added to the number of a block, since the seed of a stream must not be negative."""


@dataclass(frozen=True)
class Membrane:
    """Sheets of sandpaper on top of each other, on an even backing that is left out.

    A grain is a ball cut by random planes: convex, with facets, edges and some rounding. One stands at a random position of every
    cell of a square lattice, so that a sheet is covered evenly, as by electrostatic coating, and neighbours overlap a little.
    Every block of cells has its own random stream: a larger view of a membrane contains the smaller one.

    Attributes:
        seed: of this membrane.
        grain_m: median diameter of the balls.
        sheets: how many, each with grains of its own.
    """

    seed: int
    grain_m: float
    sheets: int

    def thickness_m(self, shape: tuple[int, int], pixel_m: float) -> np.ndarray:
        """Thickness of grains, projected along the beam, in metres: float32, ``shape``, the membrane's origin in the middle."""
        from scipy.ndimage import gaussian_filter

        rounding = _ROUNDING * self.grain_m / pixel_m
        margin = math.ceil(4 * rounding)
        sharp = self._sharp((shape[0] + 2 * margin, shape[1] + 2 * margin), pixel_m)
        return np.asarray(gaussian_filter(sharp, rounding)[margin : margin + shape[0], margin : margin + shape[1]])

    def _sharp(self, shape: tuple[int, int], pixel_m: float) -> np.ndarray:
        thickness = np.zeros(shape, np.float32)
        reach = _LARGEST * self.grain_m / 2
        side = _BLOCK * _CELL * self.grain_m
        first = [math.floor((-n / 2 * pixel_m - reach) / side) for n in shape]
        last = [math.floor((n / 2 * pixel_m + reach) / side) for n in shape]
        add = _compiled()
        for sheet in range(self.sheets):
            for i in range(first[0], last[0] + 1):
                for j in range(first[1], last[1] + 1):
                    rng = np.random.default_rng([self.seed, sheet, i + _ORIGIN, j + _ORIGIN])
                    centres, radii, planes = _block(rng, self.grain_m)
                    centres += np.array([i, j]) * side + np.array(shape) / 2 * pixel_m
                    add(thickness, centres / pixel_m, radii / pixel_m, planes)
        thickness *= np.float32(pixel_m)
        return thickness


def _block(rng: np.random.Generator, grain_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Grains of one block: centres (n, 2) and radii (n) in metres, and the planes (n, faces, 3) that cut the unit ball.

    A plane is kept as the slopes and the height of ``z = height + row_slope * row + column_slope * column``, with the
    side on which the grain lies given by the face's number: below for the first half, above for the second.
    """
    count = _BLOCK**2
    cells = np.stack(np.divmod(np.arange(count), _BLOCK), axis=1)
    centres = (cells + rng.uniform(size=(count, 2))) * _CELL * grain_m
    radii = grain_m / 2 * np.minimum(np.exp(_SPREAD * rng.standard_normal(count)), _LARGEST)
    normals = rng.standard_normal((count, _FACES, 3))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    upright = np.maximum(np.abs(normals[..., 2]), 0.02)
    upright[:, _FACES // 2 :] *= -1
    distance = rng.uniform(0.6, 1.0, (count, _FACES))
    planes = np.stack([distance / upright, -normals[..., 0] / upright, -normals[..., 1] / upright], axis=2)
    return centres, radii, planes


def _add_grains(thickness: Any, centres: Any, radii: Any, planes: Any) -> None:
    """Add every grain's thickness, in pixels, to the map; centres and radii in pixels."""
    height, width = thickness.shape
    faces = planes.shape[1]
    below, heights = faces // 2, np.empty(faces)
    for g in range(len(radii)):
        radius, row0, column0 = radii[g], centres[g, 0] - 0.5, centres[g, 1] - 0.5
        for i in range(max(0, int(row0 - radius)), min(height, int(row0 + radius) + 2)):
            v = (i - row0) / radius
            for f in range(faces):
                heights[f] = planes[g, f, 0] + planes[g, f, 1] * v
            for j in range(max(0, int(column0 - radius)), min(width, int(column0 + radius) + 2)):
                u = (j - column0) / radius
                inside = 1 - u * u - v * v
                if inside <= 0:
                    continue
                top = math.sqrt(inside)
                bottom = -top
                for f in range(below):
                    top = min(top, heights[f] + planes[g, f, 2] * u)
                for f in range(below, faces):
                    bottom = max(bottom, heights[f] + planes[g, f, 2] * u)
                if top > bottom:
                    thickness[i, j] += (top - bottom) * radius


@cache
def _compiled() -> Any:
    import numba

    return numba.njit(nogil=True, fastmath=True, error_model="numpy", cache=True)(_add_grains)
