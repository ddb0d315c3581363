"""Agreement in Fourier space of complex objects: with the measurement, and with the truth.

No scale is fitted anywhere: a reconstruction in other units than the measurement's disagrees with it.
"""

from __future__ import annotations

import math
from typing import Literal

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


Criterion = Literal["half-bit", "half"]
"""What a correlation is held against: ``half-bit`` for two noisy objects, ``half`` for one and a truth without noise."""

SUPPORT_FROM = 0.1
"""Fraction of an object's largest magnitude from which a pixel counts as its support: a choice, as for pictures."""

_CHANCE_SIGMAS = 2.0
"""Standard deviations of what unrelated objects reach by chance, under which no correlation counts."""


def support_of(*objects: Array) -> Array:
    """Where any of several objects of one shape exceeds :data:`SUPPORT_FROM` of its own largest magnitude; bool."""
    estimate = np.zeros(np.shape(objects[0]), bool)
    for x in objects:
        magnitude = np.abs(x)
        estimate |= magnitude > SUPPORT_FROM * magnitude.max()
    return estimate


def fourier_ring_correlation(
    x: Array, y: Array, *, criterion: Criterion = "half-bit", support: Array | None = None
) -> tuple[Array, Array, Array]:
    """Correlation of two objects over rings (2D) or shells (3D) of their Fourier transforms.

    ``FRC = Re sum F_x conj(F_y) / sqrt( sum |F_x|^2 sum |F_y|^2 )``. Align the objects first: the correlation knows no symmetry.

    A support that fills a share s of the frame leaves ``n_s = s n`` of a ring's n pixels independent. Two noisy objects are held
    against the half-bit curve ``(0.2071 + 1.9102/sqrt(n_s)) / (1.2071 + 0.9102/sqrt(n_s))``. An object and a truth without noise
    are held against 1/2, which there stands for as much information as 1/7 between two noisy halves; in rings of few pixels,
    against two standard deviations of chance, ``2 / sqrt(2 n_s)``, if that is more.

    Args:
        x: complex, 2D or 3D.
        y: same shape.
        criterion: ``half-bit`` or ``half``.
        support: bool, same shape; :func:`support_of` both objects where None.

    Returns:
        Frequencies as fractions of Nyquist, the correlation (0 where a ring is empty in one of the two), the threshold, NaN in
        rings of too few independent pixels to tell anything, where it would be 1 or more.

    Raises:
        BadInput: where the shapes differ.

    Source: van Heel and Schatz, J. Struct. Biol. 151 (2005) 250, doi:10.1016/j.jsb.2005.05.009; for 1/2 against a truth,
    Rosenthal and Henderson, J. Mol. Biol. 333 (2003) 721, doi:10.1016/j.jmb.2003.07.013.
    """
    if np.shape(x) != np.shape(y) or np.ndim(x) not in {2, 3}:
        raise BadInput(f"both objects must have one 2D or 3D shape, got {np.shape(x)} and {np.shape(y)}")
    inside = support_of(x, y) if support is None else np.asarray(support, bool)
    if inside.shape != np.shape(x):
        raise BadInput(f"the support must have the objects' shape {np.shape(x)}, got {inside.shape}")
    backend = get_backend("numpy", "double")
    X, Y = (backend.fftn(np.asarray(a, np.complex128), np.ndim(x)) for a in (x, y))
    number, frequency = shell_numbers(X.shape)
    count = len(frequency)
    common = shell_sums(number, (X * Y.conj()).real, count)
    norms = np.sqrt(shell_sums(number, np.abs(X) ** 2, count) * shell_sums(number, np.abs(Y) ** 2, count))
    correlation = np.divide(common, norms, out=np.zeros(count), where=norms > 0)
    independent = shell_sums(number, np.ones(X.shape), count) * float(inside.mean())
    return frequency, correlation, _threshold(criterion, independent)


def _threshold(criterion: Criterion, independent: Array) -> Array:
    """What a ring's correlation is held against, by its number of independent pixels; NaN where that is 1 or more."""
    root = np.sqrt(np.maximum(independent, np.finfo(np.float64).tiny))
    if criterion == "half-bit":
        estimate = (0.2071 + 1.9102 / root) / (1.2071 + 0.9102 / root)
    else:
        estimate = np.maximum(0.5, _CHANCE_SIGMAS / (math.sqrt(2) * root))
    return np.where(estimate < 1, estimate, np.nan)


@metric(
    "r_factor",
    better="lower",
    needs="measurement",
    removes=FAR_FIELD,
    answers=(COMPLEX_OBJECT,),
    header="R",
    meaning="misfit to the measurement, 0 exact",
    priority=20,
    smallest=0.001,
)
def r_factor(case: Case) -> float:
    """Norm of sqrt(Y) - |A X| over the norm of sqrt(Y), over what was measured, no scale fitted; A is the measurement's forward
    model, with what the reconstruction says of the instrument, and Y its ``intensity``.
    """
    y = case.problem.measurement
    intensity, mask = getattr(y, "intensity", None), getattr(y, "mask", None)
    if intensity is None:
        return case.undefined("r_factor", "the measurement has no intensity to compare")
    x = np.asarray(case.reconstruction.object, np.complex128)
    expected = y.to(get_backend("numpy", "double")).forward_given(x, case.reconstruction.aux)
    estimate = relative_misfit(np.sqrt(np.maximum(expected, 0)), intensity, mask)
    return case.defined("r_factor", estimate, "the measured intensity is zero everywhere")


@metric(
    "frc",
    better="higher",
    unit="Nyquist",
    range="[0, 1]",
    removes=FAR_FIELD,
    cite="Rosenthal, Henderson, J. Mol. Biol. 333 (2003) 721, doi:10.1016/j.jmb.2003.07.013",
    answers=(COMPLEX_OBJECT,),
    header="FRC",
    meaning="spatial frequency up to which object and truth correlate by half, as a fraction of Nyquist",
    priority=25,
    smallest=0.01,
)
def frc(case: Case) -> float:
    """Spatial frequency, as a fraction of Nyquist, at which the Fourier ring (shell) correlation of aligned object and truth
    first falls under 1/2, or under two standard deviations of chance; the last ring's, next to 1, where it never does.
    """
    truth = case.problem.truth
    assert truth is not None
    if np.ndim(truth.object) not in {2, 3}:
        return case.undefined("frc", "an object of one axis has no rings")
    support = support_of(truth.object)
    if not support.any():
        return case.undefined("frc", "the truth is zero everywhere")
    curves = fourier_ring_correlation(truth.object, case_aligned(case), criterion="half", support=support)
    estimate = first_crossing(*curves)
    return case.defined("frc", estimate, "no ring has enough pixels to tell a correlation from chance")
