"""The Cramer-Rao bound: how well any unbiased method can know a far-field object from counted photons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from prbench.backend import Array
from prbench.errors import BadInput

MAX_PIXELS = 4000
"""Support pixels up to which the information matrix, 2n by 2n in double precision, is built: 2 GB at work."""

_UNIFORM = 1e-3
"""Part of the largest magnitude by which the magnitudes of an object of one magnitude may differ."""


def cramer_rao_nmse(
    obj: Array, support: Array, gain: float, shape: Sequence[int], mask: Array | None = None, *, uniform: bool = False
) -> float:
    """Lower bound on the expected sa_nmse of an unbiased estimate from Poisson counts, the support known.

    Counts are ``Poisson(mu)`` with ``mu = |F X|^2 / gain``. The information on the real and imaginary parts of X on the support
    is ``J = D^T diag(1/mu) D``, D the derivative of mu. The global phase, which no count depends on, is a null direction of J
    and no error either; the bound is the trace of the pseudo-inverse without it, over ``|X|^2``. It is proportional to
    ``gain``.

    J is not summed over detector pixels but read off two FFTs: its entries depend on ``r - r'`` through the transform of the
    mask, and on ``r + r'`` through that of ``conj(F X)^2 / |F X|^2``. Where ``F X`` is zero the latter has no direction and is
    taken as zero, its mean over directions; the former, ``|dmu|^2 / mu``, has a limit there.

    Args:
        obj: the true object X, complex or real, 2D or 3D.
        support: bool, the object's shape: pixels that the estimate may fill; at most :data:`MAX_PIXELS`.
        gain: units of intensity a photon, as in ``FarField.gain``.
        shape: the detector's, at least the object's in every axis.
        mask: bool, the detector's shape, zero frequency at ``n // 2``, True where measured; all where None.
        uniform: whether the estimate knows besides that the magnitude is one number on the support, as that of ``obj`` is.

    Returns:
        The bound; infinite where the measured pixels leave more than the global phase undetermined.

    Raises:
        BadInput: for shapes that disagree, an object that is zero or reaches outside the support, or one too large.

    Source: Kay, Fundamentals of Statistical Signal Processing: Estimation Theory, Prentice Hall (1993), chapter 3.
    """
    X, inside, measured = _checked(obj, support, gain, tuple(shape), mask, uniform)
    information = _information(X, inside, gain, measured)
    x = X[inside]
    if uniform:
        magnitude = float(np.abs(x).mean())
        information = _of_phases(information, x / np.abs(x), magnitude)
        null = np.append(np.ones(len(x)), 0.0)
        weights = np.append(np.full(len(x), magnitude**2), len(x))  # what the parameters' errors are in the object's
    else:
        null, weights = np.concatenate([-x.imag, x.real]), np.ones(len(information))
    null /= np.linalg.norm(null)
    lift = float(np.trace(information)) / len(null)
    information += lift * np.outer(null, null)
    variances = _diagonal_of_inverse(information) - null**2 / lift
    return float(weights @ variances) / float(np.sum(np.abs(x) ** 2))


def _checked(
    obj: Array, support: Array, gain: float, shape: tuple[int, ...], mask: Array | None, uniform: bool
) -> tuple[Array, Array, Array]:
    X, inside = np.asarray(obj, np.complex128), np.asarray(support, bool)
    measured = np.ones(shape, bool) if mask is None else np.asarray(mask, bool)
    if X.ndim not in (2, 3) or X.ndim != len(shape) or any(m > n for m, n in zip(X.shape, shape, strict=True)):
        raise BadInput(f"the object {X.shape} must have 2 or 3 axes, each at most the detector's {shape}")
    if inside.shape != X.shape or measured.shape != shape:
        raise BadInput(f"support {inside.shape} and mask {measured.shape} must have the shapes {X.shape} and {shape}")
    if not X.any() or not np.isfinite(X).all() or X[~inside].any():
        raise BadInput("the object must be finite, not zero everywhere, and zero outside its support")
    if uniform and np.ptp(np.abs(X[inside])) > _UNIFORM * np.abs(X).max():
        raise BadInput("the object does not have one magnitude on its support; leave uniform out")
    if not (math.isfinite(gain) and gain > 0):
        raise BadInput(f"gain must be positive, got {gain}")
    if np.count_nonzero(inside) > MAX_PIXELS:
        raise BadInput(f"the bound is computed for at most {MAX_PIXELS} support pixels, got {np.count_nonzero(inside)}")
    return X, inside, measured


def _information(X: Array, inside: Array, gain: float, measured: Array) -> Array:
    """J, (2n, 2n): real parts of the n support pixels first, imaginary parts after them."""
    shape = measured.shape
    F = np.fft.fftn(X, s=shape, axes=range(X.ndim))
    modulus = np.abs(F)
    tiny = modulus <= 1e-12 * modulus.max()
    turn = np.where(tiny, 0.0, F.conj() / np.where(tiny, 1.0, modulus)) ** 2
    seen = np.fft.ifftshift(measured)
    differences = np.fft.fftn(np.where(seen, 4.0 / gain, 0.0))
    sums = np.fft.fftn(np.where(seen, 4.0 / gain * turn, 0.0))
    indices = np.nonzero(inside)
    P, Q = (
        table[tuple((r[:, None] + sign * r) % n for r, n in zip(indices, shape, strict=True))] / 2
        for table, sign in ((differences, -1), (sums, 1))
    )
    cross = P.imag - Q.imag
    return np.block([[P.real + Q.real, cross], [cross.T, P.real - Q.real]])


def _of_phases(J: Array, phases: Array, magnitude: float) -> Array:
    """J of the n phases and the one magnitude, (n + 1, n + 1), from that of the real and imaginary parts."""
    n = len(phases)
    real, imaginary = -magnitude * phases.imag, magnitude * phases.real  # what a turn of each pixel moves
    cross = real[:, None] * J[:n, n:] * imaginary
    turns = real[:, None] * J[:n, :n] * real + cross + cross.T + imaginary[:, None] * J[n:, n:] * imaginary
    growth = np.concatenate([phases.real, phases.imag])
    moved = J @ growth
    mixed = real * moved[:n] + imaginary * moved[n:]
    return np.block([[turns, mixed[:, None]], [mixed[None], np.full((1, 1), growth @ moved)]])


def _diagonal_of_inverse(J: Array) -> Array:
    """Of a symmetric positive matrix; infinite where it is singular to working precision."""
    from scipy.linalg import lapack

    factor, failed = lapack.dpotrf(J, lower=1, overwrite_a=1)
    condition = np.diagonal(factor)
    if failed or condition.min() < 1e-7 * condition.max():
        return np.full(len(J), np.inf)
    inverse, failed = lapack.dpotri(factor, lower=1, overwrite_c=1)
    return np.full(len(J), np.inf) if failed else np.diagonal(inverse)
