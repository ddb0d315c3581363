"""Errors of displacement, transmission, phase and dark field, and what speckle-based imaging can be asked without truth.

All are taken over :func:`~prbench.metrics.regions.judged_region`. Nothing is fitted but the offset of the phase, which no speckle
pattern tells: a displacement, a transmission or a dark field in other units than the contract's is wrong.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from prbench.backend import Array
from prbench.core import Case, Reconstruction, metric
from prbench.errors import BadInput
from prbench.metrics.regions import judged_region

from . import SpeckleStack

_SPECKLE = ("speckle",)

OUTLIER_PX = 1.0
"""Length of a displacement's error from which a pixel counts as lost: about a quarter of a usual speckle."""

PUBLISHED_EDGE_PX = 64
"""Rim left out of the comparison with published images: filters without end carry what a crop cuts off that far inside."""


def root_mean_square_error(truth: Array, found: Array, region: Array | None = None, *, free_offset: bool = False) -> float:
    """``sqrt(mean (found - truth)^2)`` over the pixels of a region, and over all components where there are several.

    Args:
        truth: real (..., H, W).
        found: real, same shape.
        region: bool (H, W); everywhere where None.
        free_offset: whether the mean of the error is removed first.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    error = _error(truth, found, region)
    if free_offset:
        error = error - error.mean(axis=-1, keepdims=True)
    return math.sqrt(float(np.mean(error**2)))


def outlier_fraction(truth: Array, found: Array, region: Array | None = None, limit_px: float = OUTLIER_PX) -> float:
    """Fraction of the region's pixels whose displacement is off by a vector longer than ``limit_px``.

    Args:
        truth: (2, H, W), pixels.
        found: same shape.
        region: bool (H, W); everywhere where None.
        limit_px: the length.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    return float(np.mean(np.sum(_error(truth, found, region) ** 2, axis=0) > limit_px**2))


def relative_difference(reference: Array, found: Array, region: Array | None = None) -> float:
    """``| found - reference | / | reference |``, norms over a region; NaN where the reference is zero all over it.

    Args:
        reference: real (H, W).
        found: same shape.
        region: bool (H, W); everywhere where None.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    norm = root_mean_square_error(np.zeros_like(reference), reference, region)
    return root_mean_square_error(reference, found, region) / norm if norm > 0 else math.nan


def _error(truth: Array, found: Array, region: Array | None) -> Array:
    """The differences at the region's pixels, float64 (..., pixels)."""
    truth, found = np.asarray(truth, np.float64), np.asarray(found, np.float64)
    inside = np.ones(truth.shape[-2:], bool) if region is None else np.asarray(region, bool)
    if truth.shape != found.shape or inside.shape != truth.shape[-2:]:
        raise BadInput(f"both maps and the region must share a frame, got {truth.shape}, {found.shape}, {inside.shape}")
    if not inside.any():
        raise BadInput("the region is empty; there is nothing to compare")
    return (found - truth)[..., inside]


def _region(case: Case) -> Array:
    return case.shared("judged-region", lambda: judged_region(case.problem))


def _against_truth(case: Case, name: str, *, free_offset: bool = False) -> float:
    """NaN where truth or reconstruction lack the map."""
    assert case.problem.truth is not None
    truth, found = getattr(case.problem.truth, name), getattr(case.reconstruction, name)
    if truth is None or found is None:
        return math.nan
    return root_mean_square_error(truth, found, _region(case), free_offset=free_offset)


@metric("displacement_rmse", better="lower", unit="px", tasks=_SPECKLE)
def displacement_rmse(case: Case) -> float:
    """Root mean square error of the displacement, a component: over the region's pixels and both components."""
    return _against_truth(case, "displacement")


@metric("displacement_outliers", better="lower", range="[0, 1]", tasks=_SPECKLE)
def displacement_outliers(case: Case) -> float:
    """Fraction of the region's pixels whose displacement is off by more than 1 px, as a vector."""
    assert case.problem.truth is not None
    return outlier_fraction(case.problem.truth.displacement, case.reconstruction.displacement, _region(case))


@metric("transmission_rmse", better="lower", tasks=_SPECKLE)
def transmission_rmse(case: Case) -> float:
    """Root mean square error of the transmission over the region, no scale fitted."""
    return _against_truth(case, "transmission")


@metric("phase_rmse", better="lower", unit="rad", tasks=(*_SPECKLE, "near-field", "off-axis"), removes=("offset",))
def phase_rmse(case: Case) -> float:
    """Root mean square error of the phase over the region, its mean removed; phases are not wrapped."""
    return _against_truth(case, "phase", free_offset=True)


@metric("dark_field_rmse", better="lower", unit="px^2", tasks=_SPECKLE)
def dark_field_rmse(case: Case) -> float:
    """Root mean square error of the dark field over the region; NaN for a solver that gives none."""
    return _against_truth(case, "dark_field")


@metric("images_used", better="lower", range="[1, inf)", tasks=_SPECKLE, needs="measurement")
def images_used(case: Case) -> float:
    """Pairs of images that the solver used: all that it was given unless it says otherwise."""
    return float(case.reconstruction.aux.get("images_used", _measurement(case).images))


@metric("stack_residual", better="lower", tasks=_SPECKLE, needs="measurement")
def stack_residual(case: Case) -> float:
    """Norm of the sample's images less those expected of the reconstruction, over their norm less the reference's; 1 is no
    better than a sample that does nothing, 0 exact. Noise alone keeps it above 0.

    A dark field beyond the blur that leaves a hundredth of the speckles' visibility counts as that blur.
    """
    y, region = _measurement(case), _region(case)
    sample, reference = (np.asarray(y.backend.to_numpy(stack), np.float64) for stack in (y.sample, y.reference))
    still = root_mean_square_error(sample, reference, region)
    expected = case.shared("expected-stack", lambda: _uncounted(y, case.reconstruction))
    return root_mean_square_error(sample, expected, region) / still if still > 0 else math.nan


@metric("dark_field_difference", better="lower", tasks=_SPECKLE, needs="reference")
def dark_field_difference(case: Case) -> float:
    """Norm of the dark field less the published one over the norm of that, more than 64 px inside the frame; NaN where nothing
    was published or the frame is too small.
    """
    published, found = case.problem.reference.get("dark_field"), case.reconstruction.dark_field
    rim = PUBLISHED_EDGE_PX
    inner = np.zeros(case.problem.measurement.shape, bool)
    inner[rim:-rim, rim:-rim] = True
    inner &= _region(case)
    if published is None or found is None or not inner.any():
        return math.nan
    return relative_difference(published, found, inner)


def _measurement(case: Case) -> SpeckleStack:
    y = case.problem.measurement
    assert isinstance(y, SpeckleStack)
    return y


def _uncounted(y: SpeckleStack, found: Reconstruction) -> Array:
    """What the reconstruction explains, without a trace in the measurement's counters: scoring is no work of the solver's."""
    if found.dark_field is not None:
        strongest = float(y.backend.to_numpy(y.dark_field_of(y.backend.xp.zeros((1, 1)))).max())
        found = dataclasses.replace(found, dark_field=np.minimum(found.dark_field, strongest))
    return y.backend.to_numpy(y.to(y.backend).forward(found))
