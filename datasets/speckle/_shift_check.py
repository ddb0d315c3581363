"""Whether the speckles of a simulated geometry move as refraction says they do."""

from __future__ import annotations

import dataclasses
import math
from functools import lru_cache

import numpy as np

from prbench.backend import get_backend
from prbench.errors import UsageError

from ._grains import Membrane
from ._simulation import Beamline, expose

TOLERANCE = 0.05
_LARGEST_PX = 1.0
"""Displacement in the test, at most: the law is tested, not how far the search reaches."""
_SIZE, _IMAGES, _SEED = 128, 4, 20181
_PERIOD_PX = 96.0
_WINDOW_PX = 2.5
_MARGIN_PX = 20
_ROUNDS = 3


def measured_ratio(line: Beamline, grain_m: float, sheets: int, slope_rad_per_m: float) -> float:
    """Displacement of speckles over ``z / (k pixel) grad phi``, by linear regression over a noise-free simulated field.

    A phase that varies as a cosine of 96 pixels along both axes stands in for the sample; four pairs of images of 128 pixels
    are simulated, and the displacement is found by least squares in Gaussian windows (``S = T (R - d . grad R)``, three times,
    R moved by what was found before). The prediction is seen through the same windows.

    Args:
        line: the geometry; its size does not matter.
        grain_m: of the membrane.
        sheets: of the membrane.
        slope_rad_per_m: largest gradient of the phase along an axis, lowered where it would displace by more than a pixel.
    """
    return _ratio(dataclasses.replace(line, size=_SIZE), grain_m, sheets, slope_rad_per_m)


@lru_cache(maxsize=64)
def _ratio(line: Beamline, grain_m: float, sheets: int, slope_rad_per_m: float) -> float:
    slope_rad_per_m /= max(1.0, abs(line.pixels_per_slope * slope_rad_per_m) / _LARGEST_PX)
    backend = get_backend("torch")
    wavenumber = 2 * math.pi / (_PERIOD_PX * line.effective_pixel_m)
    axis = (np.arange(line.side) - (line.side - 1) / 2) * line.step_m
    wave = np.exp(-1j * slope_rad_per_m / wavenumber * np.cos(wavenumber * axis))
    stacks = expose(line, Membrane(_SEED, grain_m, sheets), _IMAGES, backend.asarray(wave[:, None] * wave[None, :]), backend)
    along = line.pixels_per_slope * slope_rad_per_m * (line.response.astype(np.float64) @ np.sin(wavenumber * axis))
    predicted = np.stack(np.broadcast_arrays(along[:, None], along[None, :]))
    result = _displacement(*(stack.astype(np.float64) for stack in stacks))
    inside = (slice(None), *(slice(_MARGIN_PX, -_MARGIN_PX),) * 2)
    expected = np.stack([_windowed(part) for part in predicted])[inside]
    return float(np.sum(result[inside] * expected) / np.sum(expected**2))


def refuse_unless_shifts_follow(line: Beamline, grain_m: float, sheets: int, slope_rad_per_m: float) -> None:
    """Refuse a geometry whose speckles do not follow refraction to 5 %.

    Raises:
        UsageError: with the ratio measured and what to change.
    """
    ratio = measured_ratio(line, grain_m, sheets, slope_rad_per_m)
    if not abs(ratio - 1) <= TOLERANCE:
        raise UsageError(
            f"sandpaper: speckles move {ratio:.3g} times as far as refraction says, and a simulation should keep to 5 %; "
            "speckles must be three pixels wide and the wave finely sampled: use a larger psf or grain_m, a smaller pixel_m, "
            "a shorter distance_m, a higher energy_ev or oversampling"
        )


def _displacement(reference: np.ndarray, sample: np.ndarray) -> np.ndarray:
    """(2, H, W), in pixels, from stacks (N, H, W)."""
    from scipy.ndimage import map_coordinates

    grid = np.indices(reference.shape[1:], dtype=np.float64)
    result = np.zeros_like(grid)
    for _ in range(_ROUNDS):
        moved = np.stack([map_coordinates(image, grid - result, order=3, mode="mirror") for image in reference])
        slopes = np.gradient(moved, axis=(1, 2))
        columns = [moved, -slopes[0], -slopes[1]]
        normal = np.stack([[_windowed((p * q).sum(axis=0)) for q in columns] for p in columns])
        right = np.stack([_windowed((p * sample).sum(axis=0)) for p in columns])
        solved = np.linalg.solve(np.moveaxis(normal, (0, 1), (-2, -1)), np.moveaxis(right, 0, -1)[..., None])[..., 0]
        result = result + np.moveaxis(solved[..., 1:] / solved[..., :1], -1, 0)
    return result


def _windowed(field: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(field, _WINDOW_PX, mode="mirror"))
