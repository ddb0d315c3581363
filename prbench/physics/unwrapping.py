"""Unwrapping phases: by plain integration where that has one answer, by reliability where it has not."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array

from .surface import unwrap

_TURN = 2 * math.pi


def wrapped(phase: Array) -> Array:
    """A phase (any shape, host) less the whole turns that take it to within half a turn of zero."""
    return phase - _TURN * np.rint(phase / _TURN)


def has_residues(phase: Array) -> bool:
    """Whether wrapped steps around some four neighbouring pixels do not sum to zero: then unwrapping depends on the path."""
    down, across = (wrapped(np.diff(phase, axis=axis)) for axis in (0, 1))
    around = down[:, :-1] + across[1:] - down[:, 1:] - across[:-1]
    return bool((np.abs(around) > math.pi).any())


def unwrapped(phase: Array) -> Array:
    """A phase without wraps, float64 (H, W).

    Where no residue makes it depend on the path, the phase is summed along columns from its first row, which every other path
    agrees with; else by :func:`prbench.physics.surface.unwrap`, which takes some twenty times as long.

    Args:
        phase: real (H, W), radians, host.
    """
    phase = np.asarray(phase, np.float64)
    if has_residues(phase):
        return unwrap(wrapped(phase))
    first = np.unwrap(phase[0])
    return np.asarray(np.unwrap(phase, axis=0) + (first - phase[0])[None, :])
