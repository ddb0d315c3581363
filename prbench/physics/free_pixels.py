"""Pixels set aside for free R and the free log-likelihood, in islands, so that neighbours do not betray them."""

from __future__ import annotations

import numpy as np

from prbench.errors import UsageError


def free_pixel_islands(
    measured: np.ndarray, fraction: float, rng: np.random.Generator, *, radius: int = 3, exclude_centre: float = 0.05
) -> np.ndarray:
    """Choose about ``fraction`` of the measured pixels in round islands, leaving the centre alone.

    Single pixels would be no test: an object smaller than the grid correlates a pixel of its diffraction with the next. The
    centre is left alone because it holds most of the photons. After Favre-Nicolin, Leake, Chushkin, Sci. Rep. 10 (2020) 2664.

    Args:
        measured: bool, 2D or 3D, the detector's layout with zero frequency at index ``n // 2``; True where measured.
        fraction: of the measured pixels to set aside, in [0, 0.5].
        rng: source of randomness.
        radius: of an island, in pixels; 0 makes single pixels.
        exclude_centre: radius, as a fraction of the longest side, of the ball around zero frequency that is left alone.

    Returns:
        bool, shape of ``measured``, True where set aside; a subset of ``measured``.

    Raises:
        UsageError: for a fraction out of range, or where too few pixels lie outside the centre.
    """
    if not 0 <= fraction <= 0.5:
        raise UsageError(f"the fraction of pixels set aside must be in [0, 0.5], got {fraction}")
    measured = np.asarray(measured, dtype=bool)
    free = np.zeros(measured.shape, dtype=bool)
    target = round(fraction * int(measured.sum()))
    if target == 0:
        return free
    allowed = measured & _outside_centre(measured.shape, exclude_centre * max(measured.shape))
    if int(allowed.sum()) < target:
        raise UsageError(f"{target} pixels were to be set aside, {int(allowed.sum())} are measured outside the centre")
    offsets = _ball(radius, measured.ndim)
    while (missing := target - int(free.sum())) > 0:
        candidates = np.flatnonzero(allowed & ~free)
        count = min(len(candidates), -(-missing // len(offsets)))
        chosen = rng.choice(candidates, size=count, replace=False)
        centres = np.stack(np.unravel_index(chosen, measured.shape), axis=-1)
        pixels = (centres[:, None, :] + offsets[None]).reshape(-1, measured.ndim)
        inside = ((pixels >= 0) & (pixels < np.array(measured.shape))).all(axis=1)
        free[tuple(pixels[inside].T)] = True
        free &= allowed
    return free


def _outside_centre(shape: tuple[int, ...], radius: float) -> np.ndarray:
    axes = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in shape)]
    return np.asarray(sum(axis.astype(np.float64) ** 2 for axis in axes) > radius**2)


def _ball(radius: int, ndim: int) -> np.ndarray:
    axes = np.stack(np.meshgrid(*[np.arange(-radius, radius + 1)] * ndim, indexing="ij"), axis=-1).reshape(-1, ndim)
    return np.asarray(axes[(axes**2).sum(axis=1) <= radius**2])
