"""What a search for an object of a known number of pixels is asked: whether it has found it, and after how many steps."""

from __future__ import annotations

import math

import numpy as np

from prbench.core import COMPLEX_OBJECT, Case, metric
from prbench.metrics.symmetry import FAR_FIELD

from . import FarField

_SOURCE = "Elser, Lan, Bendory, SIAM J. Imaging Sci. 11 (2018) 2429, doi:10.1137/18M1170364"


@metric(
    "support_power",
    better="higher",
    range="[0, 1]",
    needs="measurement",
    where=lambda case: case.problem.measured(FarField).support_size is not None,
    removes=FAR_FIELD,
    cite=_SOURCE,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="power",
    meaning="share of the power that the known number of pixels holds once the moduli are the measured ones",
    priority=24,
    smallest=0.001,
)
def support_power(case: Case) -> float:
    """Share of the power that the largest pixels, as many as the object is known to have, hold of the answer with the measured
    moduli and its own phases; its own spectrum where nothing was measured.

    Giving the answer the measured moduli keeps a wrong scale, or pixels that were simply cut away, from counting.
    """
    y = case.problem.measured(FarField)
    assert y.support_size is not None
    field = np.asarray(y.pad(np.asarray(case.reconstruction.object, np.complex128)))
    spectrum = np.fft.fftn(field)
    amplitude = np.fft.ifftshift(np.sqrt(np.asarray(y.intensity, np.float64)))
    measured = np.ones(y.shape, bool) if y.mask is None else np.fft.ifftshift(np.asarray(y.mask, bool))
    projected = np.fft.ifftn(np.where(measured, amplitude * np.exp(1j * np.angle(spectrum)), spectrum))
    value = projected.real if y.nonnegative else np.abs(projected)
    largest = np.argsort(value, axis=None)[-y.support_size :]
    largest = largest[value.flat[largest] > 0]
    total = float(np.sum(np.abs(projected) ** 2))
    share = float(np.sum(np.abs(projected.flat[largest]) ** 2)) / total if total else math.nan
    return case.defined("support_power", share, "the pattern holds no intensity")


@metric(
    "steps_to_solution",
    better="lower",
    range="[1, inf)",
    needs="measurement",
    where=lambda case: "solved_after" in case.reconstruction.aux,
    cite=_SOURCE,
    answers=(COMPLEX_OBJECT,),
    measurement=FarField,
    header="steps",
    meaning="steps after which the search found the object, of the runs that did",
    priority=25,
    smallest=0.5,
)
def steps_to_solution(case: Case) -> float:
    """Steps after which the solver says that it has found the object; runs that have not found it have no number."""
    return float(np.asarray(case.reconstruction.aux["solved_after"]))
