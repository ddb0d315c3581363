"""What near-field imaging is asked besides the errors of an image: agreement of phases, and misfit to the intensity.

Both are taken over :func:`~prbench.metrics.regions.judged_region`.
"""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.core import Case, metric
from prbench.errors import BadInput
from prbench.metrics.regions import judged_region

from . import NearField

_NEAR_FIELD = ("near-field",)


def correlation(truth: Array, found: Array, region: Array | None = None) -> float:
    """Pearson's correlation of two maps over a region; NaN where one of them is constant.

    Args:
        truth: real (H, W).
        found: same shape.
        region: bool, same shape; everywhere where None.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    truth, found = np.asarray(truth, np.float64), np.asarray(found, np.float64)
    inside = np.ones(truth.shape, bool) if region is None else np.asarray(region, bool)
    if not truth.shape == found.shape == inside.shape:
        raise BadInput(f"both maps and the region must have one shape, got {truth.shape}, {found.shape}, {inside.shape}")
    if not inside.any():
        raise BadInput("the region is empty; there is nothing to compare")
    first, second = (array[inside] - array[inside].mean() for array in (truth, found))
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / norm if norm > 0 else math.nan


@metric("phase_correlation", better="higher", range="[-1, 1]", tasks=_NEAR_FIELD, removes=("offset", "scale"))
def phase_correlation(case: Case) -> float:
    """Pearson's correlation of the phase with the true one over the region; sees neither offset nor scale, and is what a
    measurement whose model is incomplete can still be asked for.
    """
    assert case.problem.truth is not None
    return correlation(case.problem.truth.phase, case.reconstruction.phase, judged_region(case.problem))


@metric("intensity_residual", better="lower", tasks=_NEAR_FIELD, needs="measurement")
def intensity_residual(case: Case) -> float:
    """Norm of the intensity expected of phase and transmission less the measured one, over the norm of the measured less the
    empty beam, under the measurement's own model; 1 is no better than no object, 0 exact. Noise alone keeps it above 0.
    """
    y, found = case.problem.measurement, case.reconstruction
    assert isinstance(y, NearField)
    copy = y.to(y.backend)  # with counters of its own: scoring is no work of the solver's
    transmission = found.transmission
    if transmission is not None and y.model == "fourier-born":
        transmission = np.maximum(transmission, np.finfo(np.float32).tiny)  # its logarithm is taken
    expected = copy.expected(*(None if array is None else copy.backend.asarray(array) for array in (found.phase, transmission)))
    inside = judged_region(case.problem)
    gap = (y.backend.to_numpy(expected) - y.backend.to_numpy(y.intensity))[inside].astype(np.float64)
    contrast = (y.backend.to_numpy(y.intensity)[inside] - 1).astype(np.float64)
    norm = float(np.linalg.norm(contrast))
    return float(np.linalg.norm(gap)) / norm if norm > 0 else math.nan
