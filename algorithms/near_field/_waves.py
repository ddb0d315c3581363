"""What is known of the phase and the modulus of an object's wave."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.tasks.near_field import NearField

_RARE = 0.01
"""Part of the values at either end that tell nothing of a phase's range."""


def phase_centre(y: NearField) -> float:
    """The middle of the branch on which a phase is taken: that of its known range, where both ends are known."""
    low, high = y.phase_range or (-math.inf, math.inf)
    return (low + high) / 2 if math.isfinite(low) and math.isfinite(high) else 0.0


def within_range(y: NearField, phase: Array) -> Array:
    """A phase with what lies outside the known range moved to its nearer end."""
    if y.phase_range is None:
        return phase
    low, high = y.phase_range
    xp = y.backend.xp
    return xp.clip(phase, None if math.isinf(low) else low, None if math.isinf(high) else high)


def held_to_range(y: NearField, phase: Array) -> Array:
    """A phase (H, W) known up to a constant, within its known range.

    Where one end is known the background, which is its median, is moved there; where both are, the middle of its values is moved
    to theirs.
    """
    if y.phase_range is None:
        return phase
    low, high = y.phase_range
    values = y.backend.to_numpy(phase)
    if math.isfinite(low) and math.isfinite(high):
        ends = np.quantile(values, (_RARE, 1 - _RARE))
        return within_range(y, phase + float((low + high) / 2 - ends.mean()))
    if not (math.isfinite(low) or math.isfinite(high)):
        return phase
    return within_range(y, phase + float((low if math.isfinite(low) else high) - np.median(values)))


def empty_phase(y: NearField) -> float:
    """The phase of the empty beam beside one material: the top of the known range, where that is finite, else 0."""
    top = math.inf if y.phase_range is None else y.phase_range[1]
    return top if math.isfinite(top) else 0.0


def log_amplitudes(y: NearField) -> tuple[float, float]:
    """The ends of ``ln t``, which are infinite where nothing is known; an object gives no light where nothing else is said."""
    low, high = y.amplitude_range or (0.0, 1.0)
    return math.log(low) if low > 0 else -math.inf, math.log(high)


def within_amplitudes(y: NearField, logarithm: Array) -> Array:
    """``ln t`` with what lies outside the known range moved to its nearer end."""
    low, high = log_amplitudes(y)
    return y.backend.xp.clip(logarithm, None if math.isinf(low) else low, None if math.isinf(high) else high)


def fits_absorption(y: NearField) -> bool:
    """Whether ``ln t`` is an unknown of its own: neither 0 nor tied to the phase."""
    return not y.pure_phase and y.delta_beta is None
