"""The surface that a phase reveals: unwrapping, height, and the mesh of triangles between the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.errors import BadInput

_TURN = 2 * math.pi


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in space.

    Attributes:
        vertices: float64 (N, 3), x, y and z in metres.
        faces: int32 (M, 3), rows of ``vertices``, counter-clockwise seen from above (+z).
    """

    vertices: Array
    faces: Array


def metres_per_radian(wavelength_m: float, refractive_contrast: float | None = None) -> float:
    """Height of a surface per radian of phase.

    In transmission ``wavelength / (2 pi Delta_n)``, Delta_n the refractive index of the object minus that of the medium around
    it, negative for X-rays in matter; in reflection at normal incidence ``wavelength / (4 pi)``, where light goes both ways.

    Args:
        wavelength_m: in vacuum.
        refractive_contrast: Delta_n; None for reflection.

    Raises:
        BadInput: for a wavelength that is not positive, or a contrast of zero.
    """
    if not (math.isfinite(wavelength_m) and wavelength_m > 0):
        raise BadInput(f"wavelength_m must be positive and finite, got {wavelength_m}")
    if refractive_contrast is None:
        return wavelength_m / (4 * math.pi)
    if not math.isfinite(refractive_contrast) or refractive_contrast == 0:
        raise BadInput(f"refractive_contrast must be finite and not zero, got {refractive_contrast}; None means reflection")
    return wavelength_m / (_TURN * refractive_contrast)


def is_wrapped(phase: Array) -> bool:
    """Whether a phase looks wrapped: all of it within one turn, and steps of more than half a turn between neighbours.

    A phase that spans more has been unwrapped by whoever made it.

    Args:
        phase: real (H, W), radians.
    """
    return float(np.ptp(phase)) <= _TURN * (1 + 1e-6) and has_steps(phase)


def has_steps(phase: Array) -> bool:
    """Whether neighbouring pixels differ by more than half a turn somewhere: steps that no unwrapping can tell from wraps."""
    return any(phase.shape[axis] > 1 and float(np.abs(np.diff(phase, axis=axis)).max()) > math.pi for axis in (0, 1))


def unwrap(phase: Array, mask: Array | None = None) -> Array:
    """A phase without wraps, by sorting pixels by reliability, float64 (H, W).

    Herráez, Burton, Lalor, Gdeisat, Appl. Opt. 41 (2002) 7437, doi:10.1364/AO.41.007437; as scikit-image has it.

    Args:
        phase: real (H, W), radians, wrapped into one turn.
        mask: bool (H, W), True where paths may lead; parts of it are unwrapped each by itself. Zero outside.
    """
    from skimage.restoration import unwrap_phase

    seen = np.asarray(phase, np.float64)
    start = seen if mask is None else np.ma.masked_array(seen, ~np.asarray(mask))
    result: Array = unwrap_phase(start, rng=0)  # type: ignore[no-untyped-call]
    return result if mask is None else np.ma.filled(result, 0.0)


def triangulate(height_m: Array, pixel_m: float, region: Array | None = None) -> Mesh:
    """The mesh whose vertices are the pixels' centres: two triangles per pixel cell, split from upper right to lower left.

    x runs along the columns and y against the rows, so that the surface seen from above looks like the image.

    Args:
        height_m: real (H, W), metres.
        pixel_m: distance of neighbouring pixels.
        region: bool (H, W); triangles with a vertex outside are left out.

    Raises:
        BadInput: for an array that is not a frame of at least 2x2 pixels, or a pixel that is not positive.
    """
    height = np.asarray(height_m, np.float64)
    if height.ndim != 2 or min(height.shape) < 2:
        raise BadInput(f"a surface needs a frame of at least 2x2 pixels, got shape {height.shape}")
    if not (math.isfinite(pixel_m) and pixel_m > 0):
        raise BadInput(f"pixel_m must be positive and finite, got {pixel_m}")
    rows, columns = height.shape
    y, x = np.meshgrid(pixel_m * np.arange(rows)[::-1], pixel_m * np.arange(columns), indexing="ij")
    corner = np.arange(height.size, dtype=np.int32).reshape(height.shape)
    here, right, below, across = corner[:-1, :-1], corner[:-1, 1:], corner[1:, :-1], corner[1:, 1:]
    faces = np.stack([np.stack([here, below, right], -1), np.stack([across, right, below], -1)], axis=2).reshape(-1, 3)
    if region is not None:
        faces = faces[np.asarray(region, bool).ravel()[faces].all(axis=1)]
    return Mesh(np.stack([x, y, height], axis=-1).reshape(-1, 3), faces)


def equiangular_skewness(mesh: Mesh) -> Array:
    """``max[(t_max - 60) / 120, (60 - t_min) / 60]`` of each triangle, t its angles in degrees; float64 (M,).

    0 for an equilateral triangle, 1/4 for half a square, 1 for one without area. Angles are taken as arcus tangents of cross and
    scalar product, which keep their digits in needles.
    """
    first, second, third = (mesh.vertices[mesh.faces[:, n]] for n in range(3))
    a, b = second - first, third - first
    area = _norm(np.cross(a, b))
    aa, bb, ab = (np.einsum("ij,ij->i", u, v) for u, v in ((a, a), (b, b), (a, b)))
    angles = np.degrees([np.arctan2(area, ab), np.arctan2(area, aa - ab), np.arctan2(area, bb - ab)])
    return np.maximum((angles.max(axis=0) - 60) / 120, (60 - angles.min(axis=0)) / 60)


def _norm(vectors: Array) -> Array:
    return np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
