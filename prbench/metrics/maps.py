"""Errors of real-valued maps over a region, and of the phase that several tasks return.

All are taken over :func:`~prbench.metrics.regions.judged_region`. Nothing is fitted but the offset of a phase.
"""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.core import PHASE_MAP, SPECKLE_MAPS, Case, metric
from prbench.errors import BadInput

from .regions import judged_region

OUTLIER_PX = 1.0
"""Length of a displacement's error from which a pixel counts as lost: about a quarter of a usual speckle."""


def root_mean_square_error(truth: Array, estimate: Array, region: Array | None = None, *, free_offset: bool = False) -> float:
    """``sqrt(mean (found - truth)^2)`` over the pixels of a region, and over all components where there are several.

    Args:
        truth: real (..., H, W).
        estimate: real, same shape.
        region: bool (H, W); everywhere where None.
        free_offset: whether the mean of the error is removed first.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    error = _error(truth, estimate, region)
    if free_offset:
        error = error - error.mean(axis=-1, keepdims=True)
    return math.sqrt(float(np.mean(error**2)))


def outlier_fraction(truth: Array, estimate: Array, region: Array | None = None, limit_px: float = OUTLIER_PX) -> float:
    """Fraction of the region's pixels whose displacement is off by a vector longer than ``limit_px``.

    Args:
        truth: (2, H, W), pixels.
        estimate: same shape.
        region: bool (H, W); everywhere where None.
        limit_px: the length.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    return float(np.mean(np.sum(_error(truth, estimate, region) ** 2, axis=0) > limit_px**2))


def relative_difference(reference: Array, estimate: Array, region: Array | None = None) -> float:
    """``| found - reference | / | reference |``, norms over a region; NaN where the reference is zero all over it.

    Args:
        reference: real (H, W).
        estimate: same shape.
        region: bool (H, W); everywhere where None.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    norm = root_mean_square_error(np.zeros_like(reference), reference, region)
    return root_mean_square_error(reference, estimate, region) / norm if norm > 0 else math.nan


def _error(truth: Array, estimate: Array, region: Array | None) -> Array:
    """The differences at the region's pixels, float64 (..., pixels)."""
    truth, estimate = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    inside = np.ones(truth.shape[-2:], bool) if region is None else np.asarray(region, bool)
    if truth.shape != estimate.shape or inside.shape != truth.shape[-2:]:
        raise BadInput(f"both maps and the region must share a frame, got {truth.shape}, {estimate.shape}, {inside.shape}")
    if not inside.any():
        raise BadInput("the region is empty; there is nothing to compare")
    return (estimate - truth)[..., inside]


def correlation(truth: Array, estimate: Array, region: Array | None = None) -> float:
    """Pearson's correlation of two maps over a region; NaN where one of them is constant.

    Args:
        truth: real (H, W).
        estimate: same shape.
        region: bool, same shape; everywhere where None.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    truth, estimate = np.asarray(truth, np.float64), np.asarray(estimate, np.float64)
    inside = np.ones(truth.shape, bool) if region is None else np.asarray(region, bool)
    if not truth.shape == estimate.shape == inside.shape:
        raise BadInput(f"both maps and the region must have one shape, got {truth.shape}, {estimate.shape}, {inside.shape}")
    if not inside.any():
        raise BadInput("the region is empty; there is nothing to compare")
    first, second = (array[inside] - array[inside].mean() for array in (truth, estimate))
    norm = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / norm if norm > 0 else math.nan


def case_region(case: Case) -> Array:
    """The region that a case is judged over, computed once."""
    return case.shared("judged-region", lambda: judged_region(case.problem))


def case_map_error(case: Case, metric: str, name: str, *, free_offset: bool = False) -> float:
    """Root mean square error of a case's map over its region; NaN, noted for ``metric``, where truth or answer lack the map."""
    assert case.problem.truth is not None
    truth, estimate = getattr(case.problem.truth, name), getattr(case.reconstruction, name)
    if truth is None or estimate is None:
        return case.undefined(metric, f"the {'truth' if truth is None else 'answer'} has no {name.replace('_', ' ')}")
    return root_mean_square_error(truth, estimate, case_region(case), free_offset=free_offset)


@metric(
    "phase_rmse",
    better="lower",
    unit="rad",
    answers=(PHASE_MAP, SPECKLE_MAPS),
    header="phase",
    meaning="root mean square error of the phase, rad",
    priority=30,
    smallest=0.001,
    removes=("offset",),
)
def phase_rmse(case: Case) -> float:
    """Root mean square error of the phase over the region, its mean removed; phases are not wrapped."""
    return case_map_error(case, "phase_rmse", "phase", free_offset=True)
