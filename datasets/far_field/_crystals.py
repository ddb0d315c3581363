"""Shapes and phases of simulated crystals, in coordinates from -1/2 to 1/2 across the object, so that size only samples them."""

from __future__ import annotations

import math

import numpy as np

BOX = 110 / 128
"""Side of the box that random points are drawn from, as a fraction of the object's side."""

POISSON_RATIO = 0.28
_CORRELATION_LENGTH = 0.3
"""Sigma of the blur that a smooth phase looks like, in sides of the object: strain varies over the scale of the crystal.

A choice. With it, single starts of HIO+ER+shrinkwrap solve about half of the crystals with a phase of +-2 pi, and a third with
four dislocations besides.
"""
_WAVES = 128


def pixel_axes(size: int) -> np.ndarray:
    """Coordinates of pixel centres along an axis; 0 stands at index ``size // 2``."""
    return (np.arange(size) - size // 2) / size


def polygon(rng: np.random.Generator, *, convex: bool) -> np.ndarray:
    """Corners (n, 2) of a random polygon in order, its centroid at 0.

    Convex ones are hulls of random points in a box; the others connect random points in the order of their angle about their
    mean. Slivers are drawn again, and so are shapes that would leave the object's frame when centred, or that are convex
    within 15 % of their area though they must not be. Numbers of points are a choice; the published generators are not public.
    """
    from scipy.spatial import ConvexHull

    while True:
        points = rng.uniform(-BOX / 2, BOX / 2, size=(int(rng.integers(6, 13)), 2))
        hull = ConvexHull(points)
        if convex:
            corners = points[hull.vertices]
        else:
            offsets = points - points.mean(axis=0)
            angles = np.arctan2(offsets[:, 0], offsets[:, 1])
            order = np.argsort(angles)
            if np.diff(angles[order], append=angles[order[0]] + 2 * math.pi).max() > 0.8 * math.pi:
                continue
            corners = points[order]
        area, centroid = _area_and_centroid(corners)
        corners = corners - centroid
        fits = np.abs(corners).max() < 0.5 - 1 / 64
        if fits and area > 0.2 * BOX**2 and (convex or area < 0.85 * hull.volume):
            return np.asarray(corners)


def _area_and_centroid(corners: np.ndarray) -> tuple[float, np.ndarray]:
    following = np.roll(corners, -1, axis=0)
    cross = corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]
    twice = float(cross.sum())
    return abs(twice) / 2, np.asarray(((corners + following) * cross[:, None]).sum(axis=0) / (3 * twice))


def inside_polygon(corners: np.ndarray, size: int) -> np.ndarray:
    """Mask (size, size), bool, True where a pixel's centre lies inside, by the even-odd rule."""
    rows, columns = np.meshgrid(pixel_axes(size), pixel_axes(size), indexing="ij")
    inside = np.zeros((size, size), dtype=bool)
    for (r0, c0), (r1, c1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if r0 == r1:
            continue
        crosses = (r0 > rows) != (r1 > rows)
        inside ^= crosses & (columns < c0 + (rows - r0) * (c1 - c0) / (r1 - r0))
    return inside


def inside_polyhedron(rng: np.random.Generator, size: int) -> np.ndarray:
    """Mask (size, size, size), bool, of the convex hull of random points in a box, its centre of mass at 0.

    Slivers, and hulls that would leave the object's frame when centred, are drawn again. The number of points is a choice.
    """
    from scipy.spatial import ConvexHull, Delaunay

    while True:
        points = rng.uniform(-BOX / 2, BOX / 2, size=(int(rng.integers(8, 17)), 3))
        cells = points[Delaunay(points).simplices]
        volumes = np.abs(np.linalg.det(cells[:, 1:] - cells[:, :1]))
        points = points - np.average(cells.mean(axis=1), axis=0, weights=volumes)
        hull = ConvexHull(points)
        if np.abs(points).max() < 0.5 - 1 / 64 and hull.volume > 0.12 * BOX**3:
            break
    x, y, z = np.ix_(pixel_axes(size), pixel_axes(size), pixel_axes(size))
    inside = np.ones((size, size, size), dtype=bool)
    for a, b, c, offset in np.unique(hull.equations.round(12), axis=0):
        inside &= a * x + b * y + c * z + offset < 0
    return inside


def smooth_field(rng: np.random.Generator, size: int, ndim: int) -> np.ndarray:
    """A Gaussian random field with a Gaussian spectrum, float64 (size,) * ndim: a sum of random plane waves.

    It looks like white noise blurred by a Gaussian of sigma :data:`_CORRELATION_LENGTH`.
    """
    vectors = rng.normal(scale=1 / (math.sqrt(2) * _CORRELATION_LENGTH), size=(_WAVES, ndim))
    phases = rng.uniform(0, 2 * math.pi, size=_WAVES)
    waves = np.exp(1j * vectors[:, :, None] * pixel_axes(size))
    field = np.exp(1j * phases)[:, None] * waves[:, 0]
    for axis in range(1, ndim - 1):
        field = (field[:, :, None] * waves[:, axis, None, :]).reshape(_WAVES, -1)
    return np.asarray((field.T @ waves[:, -1]).real.reshape((size,) * ndim))


def scale_to(field: np.ndarray, inside: np.ndarray, limit: float) -> np.ndarray:
    """``field`` mapped linearly so that inside the mask it runs from ``-limit`` to ``limit``."""
    low, high = float(field[inside].min()), float(field[inside].max())
    return np.asarray((2 * (field - low) / max(high - low, 1e-12) - 1) * limit)


def domain_phases(
    rng: np.random.Generator, points: list[np.ndarray], count: int, limit: float, shape: tuple[int, ...]
) -> np.ndarray:
    """Voronoi domains of constant phase, each uniform in ``[-limit, limit]``.

    Args:
        rng: source of randomness.
        points: coordinates of every pixel, one flat array an axis.
        count: number of domains, at least 1; a domain may fall outside the crystal.
        limit: of the phase, radians.
        shape: of the result.
    """
    from scipy.spatial import cKDTree

    seeds = rng.uniform(-BOX / 2, BOX / 2, size=(count, len(points)))
    phases = rng.uniform(-limit, limit, size=count)
    _, nearest = cKDTree(seeds).query(np.stack(points, axis=-1))
    return np.asarray(phases[nearest].reshape(shape))


def dislocation_phase(rows: np.ndarray, columns: np.ndarray, angle: float, slant: float) -> np.ndarray:
    """Phase ``Q.u`` of a straight edge dislocation at the origin, radians; it winds by 2 pi around the core.

    Displacement of an edge dislocation in an isotropic medium (Hirth, Lothe, Theory of Dislocations, 2nd ed. 1982, ch. 3),
    Poisson's ratio 0.28. Lengths inside the logarithm are relative to the object's side.

    Args:
        rows: coordinate along the first axis, relative to the core.
        columns: the same along the second.
        angle: direction of the Burgers vector, radians.
        slant: angle from the Burgers vector b to Q, below pi/2 in magnitude. The length of Q is such that ``Q.b = 2 pi``.
    """
    x = columns * math.cos(angle) + rows * math.sin(angle)
    y = -columns * math.sin(angle) + rows * math.cos(angle)
    r2 = np.maximum(x**2 + y**2, 1e-12)
    nu = POISSON_RATIO
    along = np.arctan2(y, x) + x * y / (2 * (1 - nu) * r2)
    across = -((1 - 2 * nu) / (4 * (1 - nu)) * np.log(r2) + (x**2 - y**2) / (4 * (1 - nu) * r2))
    return np.asarray(along + math.tan(slant) * across)


def random_dislocations(
    rng: np.random.Generator, rows: np.ndarray, columns: np.ndarray, inside: np.ndarray, count: int
) -> np.ndarray:
    """Phase of ``count`` edge dislocations with cores at random positions inside the crystal, of either sign.

    Q has one random direction in the crystal; the Burgers vectors lie within 45 degrees of it or of its opposite (a choice).
    """
    phase = np.zeros(np.broadcast_shapes(rows.shape, columns.shape))
    direction = rng.uniform(0, 2 * math.pi)
    pixels = np.argwhere(inside)
    for _ in range(count):
        core = pixels[rng.integers(len(pixels))]
        slant = rng.uniform(-math.pi / 4, math.pi / 4)
        sign = rng.choice([-1.0, 1.0])
        # The core stands between pixels, where the winding has its centre and no pixel sits on the singularity.
        half = 0.5 / rows.shape[0]
        r, c = rows[tuple(core)] + half, columns[tuple(core)] + half
        phase += sign * dislocation_phase(rows - r, columns - c, direction - slant, slant)
    return phase
