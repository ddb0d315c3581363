"""Unwrapping phases: by plain integration where that has one answer; by reliability or by least squares where it has not."""

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


def congruent(phase: Array, seen: Array) -> Array:
    """The phase ``seen`` with the whole turns that bring it nearest to ``phase``; both real, radians, of one shape, host."""
    return np.asarray(seen + _TURN * np.rint((phase - seen) / _TURN))


def least_squares(phase: Array, mask: Array | None = None) -> Array:
    """The phase whose steps are nearest to the wrapped steps of another, in mean square; float64 (H, W).

    Without residues it is the unwrapped phase. Around residues the misfit is spread over the frame, so that what comes out is no
    longer congruent with what was given: :func:`congruent` makes it so. Ghiglia, Romero, J. Opt. Soc. Am. A 11 (1994) 107,
    doi:10.1364/JOSAA.11.000107: by a cosine transform, and around unmeasured pixels by conjugate gradients on top of it.

    Args:
        phase: real (H, W), radians, host.
        mask: bool (H, W), True where measured; all where None. In each part that unmeasured pixels separate, and in the whole
            without any, the constant is the one that most of ``phase`` agrees with.
    """
    phase = np.asarray(phase, np.float64)
    seen = np.ones(phase.shape, bool) if mask is None else np.asarray(mask)
    along = [(seen[1:] & seen[:-1]).astype(np.float64), (seen[:, 1:] & seen[:, :-1]).astype(np.float64)]
    goal = _divergence(*(weight * wrapped(np.diff(phase, axis=axis)) for axis, weight in enumerate(along)))
    result = _poisson(goal) if seen.all() else _weighted_poisson(goal, along)
    return _agreeing(result, phase, seen)


_PRECISION, _MOST_STEPS = 1e-6, 200
"""Of the conjugate gradients: residual over that of the start, and steps after which they end anyway."""


def _divergence(down: Array, across: Array) -> Array:
    """What flows out of each pixel less what flows in, negative; its inverse takes steps to the phase that has them."""
    result = np.zeros((down.shape[0] + 1, down.shape[1]))
    result[:-1] -= down
    result[1:] += down
    result[:, :-1] -= across
    result[:, 1:] += across
    return result


def _poisson(goal: Array) -> Array:
    """The phase, of mean zero, the divergence of whose steps is given."""
    import scipy.fft

    rows, columns = (2 - 2 * np.cos(math.pi * np.arange(n) / n) for n in goal.shape)
    scale = rows[:, None] + columns[None, :]
    scale[0, 0] = np.inf
    return np.asarray(scipy.fft.idctn(scipy.fft.dctn(goal, norm="ortho") / scale, norm="ortho"))


def _weighted_poisson(goal: Array, weights: list[Array]) -> Array:
    """The same where steps count by their weights."""
    result = np.zeros_like(goal)
    rest = goal.copy()
    direction = z = _poisson(rest)
    power, end = float(np.vdot(rest, z)), _PRECISION * float(np.linalg.norm(goal))
    for _ in range(_MOST_STEPS):
        if float(np.linalg.norm(rest)) <= end:
            break
        turned = _divergence(*(weight * np.diff(direction, axis=axis) for axis, weight in enumerate(weights)))
        step = power / float(np.vdot(direction, turned))
        result += step * direction
        rest -= step * turned
        z = _poisson(rest)
        before, power = power, float(np.vdot(rest, z))
        direction = z + (power / before) * direction
    return result


def _agreeing(phase: Array, seen: Array, measured: Array) -> Array:
    """The phase plus, in each measured part, the constant by which it agrees best with what was seen; elsewhere the nearest."""
    from scipy.ndimage import distance_transform_edt, label

    gap = np.exp(1j * (seen - phase))
    if measured.all():
        return np.asarray(phase + np.angle(gap.sum()))
    parts, count = label(measured)
    constants = [float(np.angle(gap[parts == part].sum())) for part in range(1, count + 1)]
    nearest = distance_transform_edt(~measured, return_distances=False, return_indices=True)
    return np.asarray(phase + np.array([0.0, *constants])[parts[tuple(nearest)]])


def _around(phase: Array, mask: Array) -> Array:
    """Unwrapped on the parts of a mask; the rest follows its nearest measured pixel."""
    from scipy.ndimage import distance_transform_edt

    start = wrapped(phase)
    result = unwrap(start, mask)
    nearest = distance_transform_edt(~mask, return_distances=False, return_indices=True)
    filled = result[tuple(nearest)]
    return np.asarray(np.where(mask, result, filled + wrapped(start - filled)))
