"""A cyclic map of colours for phase: uniform to the eye, and readable without telling red from green.

Phase runs once around a circle in the colour space OKLab (Ottosson, 2020, https://bottosson.github.io/posts/oklab/), where
distance is what the eye sees. The circle's plane holds the blue-yellow axis, which nearly everybody sees, and an axis that is
lightness for the most part and red-green for the rest: who lacks red-green vision loses a fifth of one diameter. Magnitude
scales the colour towards black.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any

LIGHTNESS, RADIUS, TILT = 0.70, 0.12, np.deg2rad(35.0)
"""Of the circle's centre; of the circle, in OKLab; and of its plane from lightness towards red-green."""
_TO_CONES = np.array(
    [[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728], [1.0, -0.0894841775, -1.2914855480]]
)
_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def oklab(phase: Array) -> np.ndarray:
    """Lightness, red-green and blue-yellow of a phase in radians: float (..., 3)."""
    across, along = RADIUS * np.cos(phase), RADIUS * np.sin(phase)
    return np.stack([LIGHTNESS + across * np.cos(TILT), across * np.sin(TILT), along], axis=-1)


def phase_colours(phase: Array, brightness: Array = 1.0) -> np.ndarray:
    """Colours of phases in radians at a brightness from 0 to 1, broadcast: float (..., 3), sRGB from 0 to 1."""
    colour = oklab(np.asarray(phase, dtype=float)) * np.asarray(brightness, dtype=float)[..., None]
    linear = np.clip((colour @ _TO_CONES.T) ** 3 @ _TO_RGB.T, 0.0, 1.0)
    curved = 1.055 * np.maximum(linear, 1e-12) ** (1 / 2.4) - 0.055
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, curved))
