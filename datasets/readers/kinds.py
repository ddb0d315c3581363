"""What kind of measurement an image is, judged by its values alone."""

from __future__ import annotations

from typing import Literal

import numpy as np

from prbench.errors import BadInput
from prbench.physics.fringes import find_carrier

ImageKind = Literal["far-field", "near-field", "off-axis"]

_STEEP = 30.0
"""Largest value over mean, and over median, from which on an image is a diffraction pattern: images of objects stay below 10."""
_FRINGES = 0.05
"""Part of the power beyond slow variations that fringes hold; in 3 holograms 0.1 to 0.5, in 11 other images at most 0.02."""
_SLOWEST, _FASTEST = 0.05, 0.48
"""Frequencies of fringes along the axes, cycles/px; faster ones are the rows and columns of the camera."""

_NEGATIVE = 0.2
"""Part of the values below zero from which on an array is no intensity with a background too much subtracted."""


def kind_of_image(image: np.ndarray) -> ImageKind:
    """Whether an image is a diffraction pattern, a hologram with fringes, or an image of an object.

    Args:
        image: real (rows, columns); what is not finite counts as zero.
    """
    seen = np.where(np.isfinite(image), image, 0).astype(np.float64)
    seen = np.maximum(seen, 0)
    mean, largest = float(seen.mean()), float(seen.max())
    if mean > 0 and largest > _STEEP * mean and largest > _STEEP * float(np.median(seen)):
        return "far-field"
    return "off-axis" if min(seen.shape) >= 32 and _share_of_fringes(seen) > _FRINGES else "near-field"


def refuse_what_is_no_image(image: np.ndarray, path: str) -> None:
    """Refuse what cannot be an intensity of any kind, by its values.

    Raises:
        BadInput: for masks and supports, and for phases.
    """
    seen = image[np.isfinite(image)]
    if seen.size and (seen == seen.min()).sum() + (seen == seen.max()).sum() == seen.size:
        values = " and ".join(f"{value:g}" for value in dict.fromkeys((float(seen.min()), float(seen.max()))))
        raise BadInput(f"{path}: holds {values} alone, a mask or a support; the settings mask= and support= take it")
    if seen.size and (seen < 0).mean() > _NEGATIVE and -float(seen.min()) > 0.05 * float(seen.max()):
        share = 100 * float((seen < 0).mean())
        raise BadInput(f"{path}: {share:.0f} % of its values are below zero, which intensities are not; is it a phase?")


def _share_of_fringes(image: np.ndarray) -> float:
    """Part of the power of an image's middle, slow variations left out, that stands about its strongest carrier."""
    rows, columns = (min(n, 512) for n in image.shape)
    top, left = ((n - m) // 2 for n, m in zip(image.shape, (rows, columns), strict=True))
    part = image[top : top + rows, left : left + columns]
    window = np.hanning(rows + 2)[1:-1, None] * np.hanning(columns + 2)[None, 1:-1]
    power = np.abs(np.fft.fft2((part - (part * window).sum() / window.sum()) * window)) ** 2
    row, column = find_carrier(part)
    if np.hypot(row, column) < _SLOWEST or max(abs(row), abs(column)) > _FASTEST:
        return 0.0
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)[None, :]
    about = np.hypot(fy - row, fx - column) < max(0.02, 4 / min(rows, columns))
    fast = np.hypot(fy, fx) > 0.03
    return float(power[about].sum() / max(float(power[fast].sum()), 1e-300))
