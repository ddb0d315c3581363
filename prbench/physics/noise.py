"""Photon noise and beamstops: what stands between an ideal diffraction pattern and a detector's."""

from __future__ import annotations

from typing import Literal

import numpy as np

from prbench.errors import BadInput

_NORMAL_ABOVE = 1e12
"""Expected counts above which a normal distribution stands for Poisson's, of skewness 1e-6 there; integers run out later."""


def shot_noise(
    intensity: np.ndarray, rng: np.random.Generator, *, photons_per_pixel: float | None = None, total: float | None = None
) -> tuple[np.ndarray, float]:
    """Poisson noise ``Y_noisy = s Poisson(Y / s)`` at a given dose.

    Args:
        intensity: expected intensity Y, any shape, at least 0.
        rng: source of randomness.
        photons_per_pixel: mean expected photons over all pixels.
        total: expected photons on the whole detector; give this or ``photons_per_pixel``.

    Returns:
        The noisy intensity in the units of ``intensity`` (float64), and the gain ``s`` in these units per photon.

    Raises:
        BadInput: unless exactly one dose is given and positive, and the intensity has a positive, finite sum.
    """
    if (photons_per_pixel is None) == (total is None):
        raise BadInput("give the dose either as photons_per_pixel or as total")
    expected = np.asarray(intensity, dtype=np.float64)
    photons = float(total) if total is not None else float(photons_per_pixel or 0.0) * expected.size
    full_sum = float(expected.sum())
    if not (photons > 0 and np.isfinite(photons)):
        raise BadInput(f"the number of photons must be positive and finite, got {photons:g}")
    if not (full_sum > 0 and np.isfinite(full_sum)) or bool((expected < 0).any()):
        raise BadInput("the intensity must be finite, at least 0 everywhere and positive somewhere")
    gain = full_sum / photons
    return np.asarray(gain * _poisson(expected / gain, rng)), gain


def _poisson(mean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    counts = rng.poisson(np.minimum(mean, _NORMAL_ABOVE)).astype(np.float64)
    large = mean > _NORMAL_ABOVE
    if large.any():
        counts[large] = mean[large] + np.sqrt(mean[large]) * rng.standard_normal(int(large.sum()))
    return np.asarray(counts)


def beamstop(shape: tuple[int, ...], radius: float, kind: Literal["disc", "square"] = "disc") -> np.ndarray:
    """Mask of a beamstop around zero frequency, which stands at index ``n // 2`` of every axis.

    Args:
        shape: of the detector, any number of axes; a ball or a cube in 3D.
        radius: in pixels; pixels no farther from the centre than this are hidden. 0 means no beamstop.
        kind: ``disc`` measures the distance by its Euclidean length, ``square`` by its largest component.

    Returns:
        bool, ``shape``, True where measured.

    Raises:
        BadInput: for an unknown kind or a negative radius.
    """
    if kind not in ("disc", "square") or not radius >= 0:
        raise BadInput(f"a beamstop is a disc or a square of radius at least 0 pixels, got {kind!r} of radius {radius}")
    if radius == 0:
        return np.ones(shape, dtype=bool)
    axes = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in shape)]
    if kind == "square":
        hidden = np.ones(shape, dtype=bool)
        for axis in axes:
            hidden &= np.abs(axis) <= radius
        return ~hidden
    return np.asarray(sum(axis.astype(np.float64) ** 2 for axis in axes) > radius**2)
