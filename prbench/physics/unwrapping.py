"""Unwrapping phases: by plain integration where that has one answer, by reliability where it has not."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array

from .surface import unwrap

_TURN = 2 * math.pi


def wrapped(phase: Array) -> Array:
    """A phase (any shape, host) minus the whole turns that take it to within half a turn of zero."""
    return phase - _TURN * np.rint(phase / _TURN)


def residues(phase: Array) -> Array:
    """Where wrapped steps around four neighbouring pixels do not sum to zero, so that unwrapping depends on the path; bool
    (H - 1, W - 1).
    """
    down, across = (wrapped(np.diff(phase, axis=axis)) for axis in (0, 1))
    around = down[:, :-1] + across[1:] - down[:, 1:] - across[:-1]
    return np.asarray(np.abs(around) > math.pi)


def has_residues(phase: Array) -> bool:
    """Whether there are any :func:`residues`."""
    return bool(residues(phase).any())


def unwrapped(phase: Array, mask: Array | None = None) -> Array:
    """A phase without wraps, float64 (H, W).

    Where no residue makes it depend on the path, the phase is summed along columns from its first row, which every other path
    agrees with; else by :func:`prbench.physics.surface.unwrap`, which takes some twenty times as long. With a mask no path leads
    through unmeasured pixels: parts that these separate are unwrapped each by itself, and are right up to whole turns.

    Args:
        phase: real (H, W), radians, host.
        mask: bool (H, W), True where measured; all where None. Elsewhere the phase is that given, with the whole turns of the
            nearest measured pixel.
    """
    phase = np.asarray(phase, np.float64)
    if mask is not None and not mask.all():
        return _around(phase, np.asarray(mask))
    if has_residues(phase):
        return unwrap(wrapped(phase))
    first = np.unwrap(phase[0])
    return np.asarray(np.unwrap(phase, axis=0) + (first - phase[0])[None, :])


def _around(phase: Array, mask: Array) -> Array:
    """Unwrapped on the parts of a mask; the rest follows its nearest measured pixel."""
    from scipy.ndimage import distance_transform_edt

    start = wrapped(phase)
    result = unwrap(start, mask)
    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    filled = result[tuple(nearest)]
    return np.asarray(np.where(mask, result, filled + wrapped(start - filled)))
