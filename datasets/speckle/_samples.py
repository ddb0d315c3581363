"""Samples of one material: thickness along the beam of a fibre, a sphere, a cuboid, or overlapping spheres at random."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

Axes = tuple[np.ndarray, np.ndarray]
"""Coordinates of the rows (H, 1) and of the columns (1, W), from the middle of the field of view, in units of its side."""

_LEAST_TILT = 0.3
"""Sine of the angle between a cuboid's faces and the beam, at least."""


def fibre(rng: np.random.Generator, axes: Axes) -> np.ndarray:
    """A straight cylinder across the field of view, of radius 0.12 to 0.3 of its side, at any angle."""
    angle, radius, offset = rng.uniform(0, math.pi), rng.uniform(0.12, 0.3), rng.uniform(-0.12, 0.12)
    across = math.cos(angle) * axes[0] + math.sin(angle) * axes[1] - offset
    return _chord(radius**2 - across**2)


def sphere(rng: np.random.Generator, axes: Axes) -> np.ndarray:
    """One sphere of radius 0.2 to 0.38 of the field's side, near the middle."""
    radius = rng.uniform(0.2, 0.38)
    return _ball(axes, rng.uniform(-0.1, 0.1, 2), radius)


def cuboid(rng: np.random.Generator, axes: Axes) -> np.ndarray:
    """A rectangular solid with half sides of 0.12 to 0.26 of the field's side, turned at random in space, no face along the beam.

    Faces within 17 degrees of the beam are left out: they displace speckles by more than any tracker looks for.
    """
    half = rng.uniform(0.12, 0.26, 3)
    centre = rng.uniform(-0.1, 0.1, 2)
    normals, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    while np.abs(normals[:, 2]).min() < _LEAST_TILT:
        normals, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    rows, columns = axes[0] - centre[0], axes[1] - centre[1]
    enter, leave = np.array(-np.inf), np.array(np.inf)
    for size, (row, column, along) in zip(half, normals, strict=True):
        middle, reach = -(row * rows + column * columns) / along, size / abs(along)
        enter, leave = np.maximum(enter, middle - reach), np.minimum(leave, middle + reach)
    return np.asarray(np.maximum(leave - enter, 0))


def random(rng: np.random.Generator, axes: Axes) -> np.ndarray:
    """Six to sixteen spheres of radius 0.05 to 0.17 of the field's side, anywhere; where they overlap, their thickness adds."""
    count = int(rng.integers(6, 17))
    radii, centres = rng.uniform(0.05, 0.17, count), rng.uniform(-0.45, 0.45, (count, 2))
    return np.asarray(sum(_ball(axes, centre, radius) for centre, radius in zip(centres, radii, strict=True)))


def _ball(axes: Axes, centre: np.ndarray, radius: float) -> np.ndarray:
    return _chord(radius**2 - (axes[0] - centre[0]) ** 2 - (axes[1] - centre[1]) ** 2)


def _chord(squared: np.ndarray) -> np.ndarray:
    return np.asarray(2 * np.sqrt(np.maximum(squared, 0)))


SAMPLES: dict[str, Callable[[np.random.Generator, Axes], np.ndarray]] = {
    "fibre": fibre,
    "sphere": sphere,
    "cuboid": cuboid,
    "random": random,
}
"""Thickness of a sample, in units of the field of view's side; (H, W)."""


def sample_thickness_m(kind: str, rng: np.random.Generator, side: int, pixel_m: float, view: float) -> np.ndarray:
    """Thickness along the beam on a square grid of ``side`` pixels around the middle of the field of view.

    Args:
        kind: one of :data:`SAMPLES`.
        rng: of the sample's size and position.
        side: pixels of the grid.
        pixel_m: of the grid.
        view: side of the field of view, in pixels of the grid.

    Returns:
        float32, (side, side), in metres.
    """
    axis = (np.arange(side) - (side - 1) / 2) / view
    return (SAMPLES[kind](rng, (axis[:, None], axis[None, :])) * (view * pixel_m)).astype(np.float32)
