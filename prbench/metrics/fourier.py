"""Agreement in Fourier space: with the measurement, with held-out pixels, with the truth, and between starts.

No scale is fitted anywhere: a reconstruction in other units than the measurement's disagrees with it.
"""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array, get_backend
from prbench.core import Case, metric
from prbench.errors import BadInput
from prbench.tasks.far_field import FarField
from prbench.tasks.random import RandomLinear

from ._shells import first_crossing, shell_numbers, shell_sums
from .symmetry import FAR_FIELD, align, case_aligned

_FAR = ("far-field",)


def fourier_modulus(x: Array, y: FarField) -> Array:
    """``|F x|`` of an object (*object_shape), padded onto the detector's grid; float64, detector layout."""
    field = y.pad(np.asarray(x, np.complex128))
    return np.fft.fftshift(np.abs(get_backend("numpy", "double").fftn(field, y.ndim)))


def relative_misfit(modulus: Array, intensity: Array, where: Array | None = None) -> float:
    """``| sqrt(Y) - |F X| | / | sqrt(Y) |``, norms over the pixels of ``where``; NaN where Y is zero in all of them."""
    inside = np.ones(modulus.shape, bool) if where is None else where
    amplitude = np.sqrt(np.asarray(intensity, np.float64)[inside])
    norm = float(np.sqrt(np.sum(amplitude**2)))
    return float(np.sqrt(np.sum((amplitude - modulus[inside]) ** 2))) / norm if norm > 0 else math.nan


def fourier_ring_correlation(x: Array, y: Array) -> tuple[Array, Array, Array]:
    """Correlation of two objects over rings (2D) or shells (3D) of their Fourier transforms.

    ``FRC = Re sum F_x conj(F_y) / sqrt( sum |F_x|^2 sum |F_y|^2 )``, against the half-bit threshold ``(0.2071 + 1.9102/sqrt(n))
    / (1.2071 + 0.9102/sqrt(n))``, n the pixels of the ring. The objects are complex, so that all n are independent. Align them
    first: the correlation knows no symmetry.

    Args:
        x: complex, 2D or 3D.
        y: same shape.

    Returns:
        Frequencies as fractions of Nyquist, the correlation (0 where a ring is empty in one of the two), the threshold.

    Raises:
        BadInput: where the shapes differ.

    Source: van Heel and Schatz, J. Struct. Biol. 151 (2005) 250, doi:10.1016/j.jsb.2005.05.009.
    """
    if np.shape(x) != np.shape(y) or np.ndim(x) not in {2, 3}:
        raise BadInput(f"both objects must have one 2D or 3D shape, got {np.shape(x)} and {np.shape(y)}")
    backend = get_backend("numpy", "double")
    X, Y = (backend.fftn(np.asarray(a, np.complex128), np.ndim(x)) for a in (x, y))
    number, frequency = shell_numbers(X.shape)
    count = len(frequency)
    common = shell_sums(number, (X * Y.conj()).real, count)
    norms = np.sqrt(shell_sums(number, np.abs(X) ** 2, count) * shell_sums(number, np.abs(Y) ** 2, count))
    correlation = np.divide(common, norms, out=np.zeros(count), where=norms > 0)
    root = np.sqrt(shell_sums(number, np.ones(X.shape), count))
    return frequency, correlation, (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)


def phase_retrieval_transfer_function(starts: Array, y: FarField) -> tuple[Array, Array]:
    """How much of the measured modulus survives the average of several starts, shell by shell.

    All starts are aligned to the first and averaged to ``<x>``; ``PRTF = sum |F <x>| / sum sqrt(Y)``, sums over the measured
    pixels of a shell, so that pixels without a count need no exception. Phases that the measurement does not fix differ from
    start to start and average out.

    Args:
        starts: complex (K, *object_shape), K at least 1.
        y: the measurement.

    Returns:
        Frequencies as fractions of Nyquist, and the curve, NaN in shells that were not measured or hold no intensity.

    Raises:
        BadInput: where ``starts`` has another shape.

    Source: Chapman et al., J. Opt. Soc. Am. A 23 (2006) 1179, doi:10.1364/JOSAA.23.001179.
    """
    starts = np.asarray(starts)
    if starts.ndim != y.ndim + 1 or starts.shape[1:] != y.object_shape or len(starts) == 0:
        raise BadInput(f"starts must have shape (K, {', '.join(map(str, y.object_shape or ()))}), got {starts.shape}")
    mean = np.mean([starts[0], *(align(starts[0], start) for start in starts[1:])], axis=0, dtype=np.complex128)
    measured = np.ones(y.shape, bool) if y.mask is None else y.mask
    number, frequency = shell_numbers(y.shape)
    count, number = len(frequency), np.fft.fftshift(number)
    kept = shell_sums(number, np.where(measured, fourier_modulus(mean, y), 0.0), count)
    seen = shell_sums(number, np.where(measured, np.sqrt(np.asarray(y.intensity, np.float64)), 0.0), count)
    return frequency, np.divide(kept, seen, out=np.full(count, np.nan), where=seen > 0)


def _measurement(case: Case) -> FarField:
    y = case.problem.measurement
    assert isinstance(y, FarField)
    return y


def _modulus(case: Case) -> Array:
    return case.shared("fourier-modulus", lambda: fourier_modulus(case.reconstruction.object, _measurement(case)))


@metric("r_factor", better="lower", tasks=(*_FAR, "random"), needs="measurement", removes=FAR_FIELD)
def r_factor(case: Case) -> float:
    """Norm of sqrt(Y) - |A X| over the norm of sqrt(Y), over what was measured, no scale fitted; A is the Fourier transform in
    the far field, and the random map else.
    """
    y = case.problem.measurement
    if isinstance(y, RandomLinear):
        expected = y.to(get_backend("numpy", "double")).forward(np.asarray(case.reconstruction.object, np.complex128))
        return relative_misfit(np.sqrt(expected), y.intensity, y.mask)
    return relative_misfit(_modulus(case), _measurement(case).intensity, _measurement(case).mask)


@metric(
    "free_r",
    better="lower",
    tasks=_FAR,
    needs="held-out",
    removes=FAR_FIELD,
    cite="Bruenger, Nature 355 (1992) 472, doi:10.1038/355472a0",
)
def free_r(case: Case) -> float:
    """The R-factor over measured pixels that the solver was not given."""
    held_out = case.problem.held_out
    assert held_out is not None
    return relative_misfit(_modulus(case), held_out.intensity, np.asarray(held_out.mask, bool))


@metric(
    "frc",
    better="higher",
    unit="Nyquist",
    range="[0, 1]",
    tasks=_FAR,
    removes=FAR_FIELD,
    cite="van Heel, Schatz, J. Struct. Biol. 151 (2005) 250, doi:10.1016/j.jsb.2005.05.009",
)
def frc(case: Case) -> float:
    """Spatial frequency, as a fraction of Nyquist, at which the Fourier ring (shell) correlation of aligned object and truth
    first falls under the half-bit threshold; the last ring's, next to 1, where it never does.
    """
    truth = case.problem.truth
    assert truth is not None
    return first_crossing(*fourier_ring_correlation(truth.object, case_aligned(case)))


@metric(
    "prtf",
    better="higher",
    unit="Nyquist",
    range="[0, 1]",
    tasks=_FAR,
    needs="starts",
    removes=FAR_FIELD,
    cite="Chapman et al., J. Opt. Soc. Am. A 23 (2006) 1179, doi:10.1364/JOSAA.23.001179",
)
def prtf(case: Case) -> float:
    """Spatial frequency, as a fraction of Nyquist, at which the phase retrieval transfer function of the starts kept first
    falls under 1/e; the last measured shell's, at most 1, where it never does. NaN for fewer than two starts, which agree with
    themselves.
    """
    if len(case.reconstruction.aux["starts"]) < 2:
        return math.nan
    frequency, curve = phase_retrieval_transfer_function(case.reconstruction.aux["starts"], _measurement(case))
    return first_crossing(frequency, curve, np.full(len(curve), math.exp(-1)))
