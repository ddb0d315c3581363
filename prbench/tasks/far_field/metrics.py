"""What the far field is asked without truth: held-out pixels, and agreement between starts.

No scale is fitted anywhere: a reconstruction in other units than the measurement's disagrees with it.
"""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array, get_backend
from prbench.core import COMPLEX_OBJECT, Case, metric
from prbench.errors import BadInput
from prbench.metrics.fourier import relative_misfit
from prbench.metrics.shells import first_crossing, shell_numbers, shell_sums
from prbench.metrics.symmetry import FAR_FIELD, align

from . import FarField


def fourier_modulus(x: Array, y: FarField) -> Array:
    """``|F x|`` of an object (*object_shape), padded onto the detector's grid; float64, detector layout."""
    field = y.pad(np.asarray(x, np.complex128))
    return np.fft.fftshift(np.abs(get_backend("numpy", "double").fftn(field, y.ndim)))


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
    place=21,
    smallest=0.001,
)
def free_r(case: Case) -> float:
    """The R-factor over measured pixels that the solver was not given."""
    held_out = case.problem.held_out
    assert held_out is not None
    return relative_misfit(_modulus(case), held_out.intensity, np.asarray(held_out.mask, bool))


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
    meaning="spatial frequency up to which restarts agree, as a fraction of Nyquist",
    place=26,
    smallest=0.01,
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
