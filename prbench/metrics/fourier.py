"""Agreement in Fourier space of complex objects: with the measurement, and with the truth.

No scale is fitted anywhere: a reconstruction in other units than the measurement's disagrees with it.
"""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array, get_backend
from prbench.core import COMPLEX_OBJECT, Case, metric
from prbench.errors import BadInput

from .shells import first_crossing, shell_numbers, shell_sums
from .symmetry import FAR_FIELD, case_aligned


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


@metric(
    "r_factor",
    better="lower",
    needs="measurement",
    removes=FAR_FIELD,
    answers=(COMPLEX_OBJECT,),
    header="R",
    meaning="misfit to the measurement, 0 exact",
    place=20,
    smallest=0.001,
)
def r_factor(case: Case) -> float:
    """Norm of sqrt(Y) - |A X| over the norm of sqrt(Y), over what was measured, no scale fitted; A is the measurement's forward
    model, and Y its ``intensity``.
    """
    y = case.problem.measurement
    intensity, mask = getattr(y, "intensity", None), getattr(y, "mask", None)
    if intensity is None:
        return math.nan
    expected = y.to(get_backend("numpy", "double")).forward(np.asarray(case.reconstruction.object, np.complex128))
    return relative_misfit(np.sqrt(np.maximum(expected, 0)), intensity, mask)


@metric(
    "frc",
    better="higher",
    unit="Nyquist",
    range="[0, 1]",
    removes=FAR_FIELD,
    cite="van Heel, Schatz, J. Struct. Biol. 151 (2005) 250, doi:10.1016/j.jsb.2005.05.009",
    answers=(COMPLEX_OBJECT,),
    header="FRC",
    meaning="spatial frequency up to which object and truth correlate, as a fraction of Nyquist",
    place=25,
    smallest=0.01,
)
def frc(case: Case) -> float:
    """Spatial frequency, as a fraction of Nyquist, at which the Fourier ring (shell) correlation of aligned object and truth
    first falls under the half-bit threshold; the last ring's, next to 1, where it never does.
    """
    truth = case.problem.truth
    assert truth is not None
    return first_crossing(*fourier_ring_correlation(truth.object, case_aligned(case)))
