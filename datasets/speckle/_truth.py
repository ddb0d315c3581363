"""What refraction does to the speckles of a simulated sample."""

from __future__ import annotations

import numpy as np

from prbench.core import Reconstruction
from prbench.physics.materials import Refraction

from ._simulation import Beamline

MARGIN_PX = 16
"""Windows of solvers fall off the frame in a margin of this width."""
_STRAIN = 0.25
"""Change of the displacement from one pixel to the next beyond which no single one describes a pixel."""
_AROUND_PX = 2
"""Pixels around such pixels that receive their light as well."""
_ITERATIONS = 4


def truth_of(line: Beamline, thickness_m: np.ndarray, material: Refraction) -> Reconstruction:
    """Phase, transmission, displacement and dark field of a sample, as pixels average them; float32, (size, size).

    Args:
        line: the geometry.
        thickness_m: along the beam, (side, side) on the grid of the wave.
        material: of the sample.

    Returns:
        ``phase`` and ``transmission`` in the plane of the sample; ``displacement`` at the detector, that of the ray arriving at a
        pixel, ``d(r) = d0(r - d(r))`` with ``d0 = z / (k pixel) grad phi`` where the ray left; ``dark_field`` zero.
    """
    thickness = thickness_m.astype(np.float32, copy=False)
    phase = material.phase_per_m * thickness
    slopes = np.stack([line.pixel_means(np.gradient(phase, line.step_m, axis=axis)) for axis in (0, 1)])
    leaving = line.pixels_per_slope * slopes.astype(np.float64)
    return Reconstruction(
        phase=line.pixel_means(phase),
        transmission=line.pixel_means(np.exp(-material.attenuation_per_m * thickness)),
        displacement=_arriving(leaving).astype(np.float32),
        dark_field=np.zeros((line.size, line.size), np.float32),
    )


def _arriving(leaving: np.ndarray) -> np.ndarray:
    """The field of displacements by the pixel where rays arrive, from the field by the pixel where they leave; in pixels.

    By fixed-point iteration, which contracts where the strain is below 1, as it is all over the region that is judged.
    """
    from scipy.ndimage import map_coordinates

    grid = np.indices(leaving.shape[1:], dtype=np.float64)
    arriving = leaving
    for _ in range(_ITERATIONS):
        arriving = np.stack([map_coordinates(part, grid - arriving, order=1, mode="nearest") for part in leaving])
    return arriving


def object_region(truth: Reconstruction) -> np.ndarray:
    """Where the truth is one displacement a pixel: away from steep changes and from the frame's margin; bool (H, W)."""
    from scipy.ndimage import binary_dilation

    strain = np.sqrt(sum(np.square(part) for d in truth.displacement for part in np.gradient(d)))
    torn = strain > _STRAIN
    region = ~binary_dilation(torn, iterations=_AROUND_PX) if torn.any() else ~torn
    inside = np.zeros_like(region)
    inside[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX] = True
    return np.asarray(region & inside)
