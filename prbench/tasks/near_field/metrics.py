"""What near-field imaging is asked besides the errors of an image: agreement of phases, and misfit to the intensity.

Both are taken over :func:`~prbench.metrics.regions.judged_region`.
"""

from __future__ import annotations

import numpy as np

from prbench.core import PHASE_MAP, Case, metric
from prbench.metrics.maps import correlation
from prbench.metrics.regions import judged_region

from . import NearField


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
    y, estimate = case.problem.measurement, case.reconstruction
    assert isinstance(y, NearField)
    copy = y.to(y.backend)  # with counters of its own: scoring is no work of the solver's
    transmission = estimate.transmission
    if transmission is not None and y.model == "fourier-born":
        transmission = np.maximum(transmission, np.finfo(np.float32).tiny)  # its logarithm is taken
    expected = copy.expected(
        *(None if array is None else copy.backend.asarray(array) for array in (estimate.phase, transmission))
    )
    inside = judged_region(case.problem)
    gap = (y.backend.to_numpy(expected) - y.backend.to_numpy(y.intensity))[inside].astype(np.float64)
    contrast = (y.backend.to_numpy(y.intensity)[inside] - 1).astype(np.float64)
    norm = float(np.linalg.norm(contrast))
    if not norm > 0:
        return case.undefined("intensity_residual", "the intensity is that of an empty beam; there is nothing to explain")
    return float(np.linalg.norm(gap)) / norm
