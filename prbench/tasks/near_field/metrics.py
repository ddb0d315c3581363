"""What near-field imaging is asked besides the errors of an image: agreement of phases, and misfit to the intensity.

Both are taken over :func:`~prbench.metrics.regions.judged_region`.
"""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.core import PHASE_MAP, Case, metric
from prbench.metrics.maps import correlation
from prbench.metrics.regions import judged_region

from . import NearField

_NOTHING = "the intensity is that of an empty beam; there is nothing to explain"


@metric(
    "phase_correlation",
    better="higher",
    range="[-1, 1]",
    removes=("offset", "scale"),
    answers=(PHASE_MAP,),
    measurement=NearField,
    header="correlation",
    meaning="Pearson correlation of the phase with the truth",
    priority=35,
    smallest=0.001,
)
def phase_correlation(case: Case) -> float:
    """Pearson's correlation of the phase with the true one over the region; sees neither offset nor scale, and is what a
    measurement whose model is incomplete can still be asked for.
    """
    assert case.problem.truth is not None
    estimate = correlation(case.problem.truth.phase, case.reconstruction.phase, judged_region(case.problem))
    return case.defined("phase_correlation", estimate, "the phase or the truth's is flat over the region")


@metric(
    "intensity_residual",
    better="lower",
    needs="measurement",
    answers=(PHASE_MAP,),
    measurement=NearField,
    header="residual",
    meaning="misfit to the measurement; 1 is no better than no object",
    priority=40,
    smallest=0.001,
)
def intensity_residual(case: Case) -> float:
    """Norm of the intensity expected of phase and transmission minus the measured one, over the norm of the measured minus the
    empty beam, under the measurement's own model; 1 is no better than no object, 0 exact. Noise alone keeps it above 0.
    """
    y = case.problem.measured(NearField)
    residual = _residual(_expected(case), y.backend.to_numpy(y.intensity), judged_region(case.problem))
    return case.defined("intensity_residual", residual, _NOTHING)


@metric(
    "free_residual",
    better="lower",
    needs="held-out",
    answers=(PHASE_MAP,),
    measurement=NearField,
    header="free resid.",
    meaning="misfit to held-out pixels; 1 is no better than no object",
    priority=39,
    smallest=0.001,
)
def free_residual(case: Case) -> float:
    """As intensity_residual, over pixels that the solver was not given: what fits noise does not fit these."""
    held_out = case.problem.held_out
    assert held_out is not None
    residual = _residual(_expected(case), np.asarray(held_out.intensity), np.asarray(held_out.mask, bool))
    return case.defined("free_residual", residual, _NOTHING)


def _expected(case: Case) -> Array:
    """The intensity (H, W) that the measurement's own model expects of the reconstruction, on the host."""

    def compute() -> Array:
        y, estimate = case.problem.measured(NearField), case.reconstruction
        copy = y.to(y.backend)  # with counters of its own: scoring is no work of the solver's
        transmission = estimate.transmission
        if transmission is not None and y.model == "fourier-born":
            transmission = np.maximum(transmission, np.finfo(np.float32).tiny)  # its logarithm is taken
        maps = (None if array is None else copy.backend.asarray(array) for array in (estimate.phase, transmission))
        return np.asarray(y.backend.to_numpy(copy.expected(*maps)))

    return case.shared("expected intensity", compute)


def _residual(expected: Array, intensity: Array, inside: Array) -> float:
    """Norm of the error over the norm of the contrast, over some pixels; NaN where there is no contrast."""
    gap, contrast = ((intensity - other)[inside].astype(np.float64) for other in (expected, np.ones_like(intensity)))
    norm = float(np.linalg.norm(contrast))
    return float(np.linalg.norm(gap)) / norm if norm > 0 else math.nan
