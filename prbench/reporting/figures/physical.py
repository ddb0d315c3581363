"""What a figure says of the experiment: the size of a pixel of what is shown, and how many photons were counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from prbench.core import Problem

_PREFIXES = ((1e-9, "nm"), (1e-6, "µm"), (1e-3, "mm"), (1.0, "m"))


def object_pixel_m(problem: Problem, kind: str) -> float | None:
    """Side of a pixel of what is shown, in metres; None where the measurement does not say.

    Args:
        problem: whose measurement tells.
        kind: ``complex`` for objects that a far field stands for, whose pixel follows from the detector's; else ``map``.
    """
    y: Any = problem.measurement
    pixel = getattr(y, "pixel_m", None)
    if kind != "complex":
        return None if pixel is None else float(pixel)
    wavelength, distance = getattr(y, "wavelength_m", None), getattr(y, "distance_m", None)
    if pixel is None or wavelength is None or distance is None or len(set(y.shape)) != 1:
        return None
    return float(wavelength * distance / (y.shape[0] * pixel))


def photons(problem: Problem) -> str:
    """The mean count per measured pixel in words; empty where the measurement has no known gain."""
    y: Any = problem.measurement
    gain, intensity = getattr(y, "gain", None), getattr(y, "intensity", None)
    if gain is None or intensity is None:
        return ""
    mask = getattr(y, "mask", None)
    values = np.asarray(intensity)[np.asarray(mask)] if mask is not None else np.asarray(intensity)
    mean = float(values.mean()) / gain
    return f"{f'{mean:.0f}' if mean >= 100 else f'{mean:.3g}'} photons per pixel"


def scale_bar(pixels: int, pixel_m: float | None) -> tuple[float, str]:
    """The length of a scale bar in pixels, about a quarter of so many, and its label in metres, or in pixels."""
    unit = 1.0 if pixel_m is None else pixel_m
    length = _round_down(pixels * unit / 4)
    if pixel_m is None:
        return max(1.0, math.floor(length)), f"{max(1, math.floor(length))} px"
    factor, name = next((f, n) for f, n in reversed(_PREFIXES) if length >= f or f == _PREFIXES[0][0])
    return length / pixel_m, f"{length / factor:g} {name}"


def _round_down(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not larger."""
    power = 10.0 ** math.floor(math.log10(value))
    return float(f"{max(step for step in (1, 2, 5) if step * power <= value * (1 + 1e-9)) * power:.6g}")
