"""What the far field is asked without truth: held-out pixels, and agreement between starts.

No scale is fitted anywhere: a reconstruction in other units than the measurement's disagrees with it.
"""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array, get_backend
from prbench.core import COMPLEX_OBJECT, Case, metric
from prbench.errors import BadInput
from prbench.metrics.fourier import fourier_ring_correlation, relative_misfit
from prbench.metrics.shells import first_crossing, shell_numbers, shell_sums
from prbench.metrics.symmetry import FAR_FIELD, align

from . import FarField
from .modes import modes_of

LEAST_STARTS = 10
"""Starts under which a mean of unrelated objects reaches 1/e by chance, or comes so near that alignment does the rest."""


def fourier_modulus(x: Array, y: FarField) -> Array:
    """``|F x|`` of an object (*object_shape), padded onto the detector's grid; float64, detector layout."""
    field = y.pad(np.asarray(x, np.complex128))
    return np.fft.fftshift(np.abs(get_backend("numpy", "double").fftn(field, y.ndim)))


def phase_retrieval_transfer_function(starts: Array, y: FarField) -> tuple[Array, Array]:
    """How much of the measured modulus survives the average of several starts, shell by shell.

    All starts are aligned to the first, to parts of a pixel, and averaged to ``<x>``; ``PRTF = sum |F <x>| / sum sqrt(Y)``, sums
    over the measured pixels of a shell, so that pixels without a count need no exception. Phases that the measurement does not
    fix differ from start to start and average out, but K random ones only to ``0.886 / sqrt(K)``, which is over 1/e up to K = 5.

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
    mean = _average(starts)
    measured = np.ones(y.shape, bool) if y.mask is None else y.mask
    number, frequency = shell_numbers(y.shape)
    count, number = len(frequency), np.fft.fftshift(number)
    modulus_sums = shell_sums(number, np.where(measured, fourier_modulus(mean, y), 0.0), count)
    seen = shell_sums(number, np.where(measured, np.sqrt(np.asarray(y.intensity, np.float64)), 0.0), count)
    return frequency, np.divide(modulus_sums, seen, out=np.full(count, np.nan), where=seen > 0)


def half_correlation(starts: Array) -> tuple[Array, Array, Array]:
    """Fourier ring (shell) correlation between the averages of every other start and of the rest.

    Each half is aligned to a start of its own before it is averaged, and then one average to the other: starts that were all
    aligned to one of them would agree in what they took from it.

    Args:
        starts: complex (K, ...), K at least 2, of 2D or 3D objects.

    Returns:
        As :func:`~prbench.metrics.fourier.fourier_ring_correlation`, against the half-bit threshold.

    Raises:
        BadInput: for fewer than two starts.
    """
    starts = np.asarray(starts)
    if len(starts) < 2:
        raise BadInput(f"two halves need at least two starts, got {len(starts)}")
    first, second = _average(starts[::2]), _average(starts[1::2])
    return fourier_ring_correlation(first, align(first, second, subpixel=True))


def _average(starts: Array) -> Array:
    """The mean of several starts, each aligned to the first; complex128."""
    aligned = (align(starts[0], start, subpixel=True) for start in starts[1:])
    return np.mean([starts[0], *aligned], axis=0, dtype=np.complex128)


def _distinct(case: Case) -> Array:
    """The starts of a case without those that repeat another, whose agreement says nothing."""

    def make() -> Array:
        starts, seen = np.asarray(case.reconstruction.aux["starts"]), dict[bytes, int]()
        for index, start in enumerate(starts):
            seen.setdefault(start.tobytes(), index)
        return np.asarray(starts[list(seen.values())])

    return case.shared("distinct-starts", make)


def _modulus(case: Case) -> Array:
    def expected() -> Array:
        y = case.problem.measured(FarField).to(get_backend("numpy", "double"))
        return np.sqrt(y.forward_given(np.asarray(case.reconstruction.object, np.complex128), case.reconstruction.aux))

    return case.shared("fourier-modulus", expected)


@metric(
    "free_r",
    better="lower",
    needs="held-out",
    removes=FAR_FIELD,
    cite="Bruenger, Nature 355 (1992) 472, doi:10.1038/355472a0",
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="free R",
    meaning="misfit to held-out pixels",
    priority=21,
    smallest=0.001,
)
def free_r(case: Case) -> float:
    """The R-factor over measured pixels that the solver was not given."""
    held_out = case.problem.held_out
    assert held_out is not None
    estimate = relative_misfit(_modulus(case), held_out.intensity, np.asarray(held_out.mask, bool))
    return case.defined("free_r", estimate, "the held-out intensity is zero everywhere")


@metric(
    "prtf",
    better="higher",
    unit="Nyquist",
    range="[0, 1]",
    needs="starts",
    removes=FAR_FIELD,
    cite="Chapman et al., J. Opt. Soc. Am. A 23 (2006) 1179, doi:10.1364/JOSAA.23.001179",
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="PRTF",
    meaning="spatial frequency up to which ten or more restarts agree, as a fraction of Nyquist",
    priority=26,
    smallest=0.01,
)
def prtf(case: Case) -> float:
    """Spatial frequency, as a fraction of Nyquist, at which the phase retrieval transfer function of the starts kept first
    falls under 1/e; the last measured shell's, at most 1, where it never does. NaN for fewer than ten different starts: the mean
    of a few unrelated objects is over 1/e by chance.
    """
    starts = _distinct(case)
    if len(starts) < LEAST_STARTS:
        reason = f"{len(starts)} different starts; at least {LEAST_STARTS} are needed, or unrelated objects seem to agree"
        return case.undefined("prtf", f"{reason} (settings starts= and keep=)")
    case.notes["prtf"] = f"of {len(starts)} starts"
    frequency, curve = phase_retrieval_transfer_function(starts, case.problem.measured(FarField))
    estimate = first_crossing(frequency, curve, np.full(len(curve), math.exp(-1)))
    return case.defined("prtf", estimate, "no shell was measured")


@metric(
    "fsc_halves",
    better="higher",
    unit="Nyquist",
    range="[0, 1]",
    needs="starts",
    removes=FAR_FIELD,
    cite="van Heel, Schatz, J. Struct. Biol. 151 (2005) 250, doi:10.1016/j.jsb.2005.05.009",
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="FSC halves",
    meaning="spatial frequency up to which two halves of the restarts correlate, as a fraction of Nyquist",
    priority=27,
    smallest=0.01,
)
def fsc_halves(case: Case) -> float:
    """Spatial frequency, as a fraction of Nyquist, at which the Fourier ring (shell) correlation between the averages of two
    halves of the starts kept first falls under the half-bit threshold; the last shell's, next to 1, where it never does, and 0
    for unrelated starts. NaN for fewer than two different starts.
    """
    starts = _distinct(case)
    if len(starts) < 2:
        return case.undefined("fsc_halves", f"{len(starts)} different start; two halves need at least 2")
    estimate = first_crossing(*half_correlation(starts))
    return case.defined("fsc_halves", estimate, "no shell has enough pixels to tell anything")


@metric(
    "first_mode",
    better="higher",
    range="[0, 1]",
    needs="starts",
    removes=FAR_FIELD,
    cite="Favre-Nicolin, Leake, Chushkin, Sci. Rep. 10 (2020) 2664, doi:10.1038/s41598-020-57561-2",
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="first mode",
    meaning="share of the power of the restarts that their first mode holds",
    priority=28,
    smallest=0.001,
)
def first_mode(case: Case) -> float:
    """Part of the power of the starts kept that the first mode of their singular value decomposition holds, each aligned with
    the best and counted with the same norm: 1 where all found the same object, 1 over their number where they have nothing in
    common. NaN for fewer than two different starts.
    """
    starts = _distinct(case)
    if len(starts) < 2:
        return case.undefined("first_mode", f"{len(starts)} different start; modes need at least 2")
    return float(modes_of(starts).shares[0])


@metric(
    "starts_compared",
    better="higher",
    range="[1, inf)",
    needs="starts",
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="starts",
    meaning="different restarts behind PRTF and FSC halves",
    priority=29,
    smallest=0.5,
)
def starts_compared(case: Case) -> float:
    """Number of the starts kept that differ from each other, which PRTF and the correlation of two halves are made of."""
    return float(len(_distinct(case)))
