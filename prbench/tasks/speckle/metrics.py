"""Errors of displacement, transmission, phase and dark field, and what speckle-based imaging can be asked without truth.

All are taken over :func:`~prbench.metrics.regions.judged_region`. Nothing is fitted but the offset of the phase, which no speckle
pattern tells: a displacement, a transmission or a dark field in other units than the contract's is wrong.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from prbench.backend import Array
from prbench.core import SPECKLE_MAPS, Case, Reconstruction, metric
from prbench.metrics.maps import case_map_error, case_region, outlier_fraction, relative_difference, root_mean_square_error

from . import SpeckleStack

PUBLISHED_EDGE_PX = 64
"""Rim left out of the comparison with published images: filters without end carry what a crop cuts off that far inside."""


@metric(
    "displacement_rmse",
    better="lower",
    unit="px",
    answers=(SPECKLE_MAPS,),
    measurement=SpeckleStack,
    header="shift",
    meaning="root mean square error of the displacement per component, px",
    priority=1,
    smallest=0.001,
)
def displacement_rmse(case: Case) -> float:
    """Root mean square error of the displacement, a component: over the region's pixels and both components."""
    return case_map_error(case, "displacement_rmse", "displacement")


@metric(
    "displacement_outliers",
    better="lower",
    range="[0, 1]",
    answers=(SPECKLE_MAPS,),
    measurement=SpeckleStack,
    header="outliers",
    meaning="share of pixels displaced wrongly by more than 1 px",
    priority=20,
    smallest=0.001,
)
def displacement_outliers(case: Case) -> float:
    """Fraction of the region's pixels whose displacement is off by more than 1 px, as a vector."""
    assert case.problem.truth is not None
    return outlier_fraction(case.problem.truth.displacement, case.reconstruction.displacement, case_region(case))


@metric(
    "transmission_rmse",
    better="lower",
    answers=(SPECKLE_MAPS,),
    measurement=SpeckleStack,
    header="transmission",
    meaning="root mean square error of the transmission",
    priority=40,
    smallest=0.0001,
)
def transmission_rmse(case: Case) -> float:
    """Root mean square error of the transmission over the region, no scale fitted."""
    return case_map_error(case, "transmission_rmse", "transmission")


@metric(
    "dark_field_rmse",
    better="lower",
    unit="px^2",
    answers=(SPECKLE_MAPS,),
    measurement=SpeckleStack,
    header="dark field",
    meaning="root mean square error of the dark field, px^2",
    priority=50,
    smallest=0.001,
)
def dark_field_rmse(case: Case) -> float:
    """Root mean square error of the dark field over the region; NaN for a solver that gives none."""
    return case_map_error(case, "dark_field_rmse", "dark_field")


@metric(
    "images_used",
    better="lower",
    range="[1, inf)",
    needs="measurement",
    answers=(SPECKLE_MAPS,),
    measurement=SpeckleStack,
    header="images",
    meaning="pairs of images used",
    priority=90,
    smallest=1,
)
def images_used(case: Case) -> float:
    """Pairs of images that the solver used: all that it was given unless it says otherwise."""
    return float(case.reconstruction.aux.get("images_used", case.problem.measured(SpeckleStack).images))


@metric(
    "stack_residual",
    better="lower",
    needs="measurement",
    answers=(SPECKLE_MAPS,),
    measurement=SpeckleStack,
    header="residual",
    meaning="misfit to the sample's images; 1 is no better than the reference",
    priority=60,
    smallest=0.001,
)
def stack_residual(case: Case) -> float:
    """Norm of the sample's images minus those expected of the reconstruction, over their norm minus the reference's; 1 is no
    better than a sample that does nothing, 0 exact. Noise alone keeps it above 0.

    A dark field beyond the blur that leaves a hundredth of the speckles' visibility counts as that blur.
    """
    y, region = case.problem.measured(SpeckleStack), case_region(case)
    sample, reference = (np.asarray(y.backend.to_numpy(stack), np.float64) for stack in (y.sample, y.reference))
    still = root_mean_square_error(sample, reference, region)
    expected = case.shared("expected-stack", lambda: _uncounted(y, case.reconstruction))
    if not still > 0:
        return case.undefined("stack_residual", "the sample's images are those of the reference; there is nothing to explain")
    return root_mean_square_error(sample, expected, region) / still


@metric(
    "dark_field_difference",
    better="lower",
    needs="reference",
    answers=(SPECKLE_MAPS,),
    measurement=SpeckleStack,
    header="published",
    meaning="relative difference of the dark field from a published one",
    priority=80,
    smallest=0.001,
)
def dark_field_difference(case: Case) -> float:
    """Norm of the dark field minus the published one over the norm of that, more than 64 px inside the frame; NaN where nothing
    was published or the frame is too small.
    """
    published, estimate = case.problem.reference.get("dark_field"), case.reconstruction.dark_field
    rim = PUBLISHED_EDGE_PX
    inner = np.zeros(case.problem.measurement.shape, bool)
    inner[rim:-rim, rim:-rim] = True
    inner &= case_region(case)
    if published is None or estimate is None or not inner.any():
        reason = "no dark field was published" if published is None else "the answer has no dark field"
        reason = reason if published is None or estimate is None else f"the frame has no pixel more than {rim} px inside"
        return case.undefined("dark_field_difference", reason)
    difference = relative_difference(published, estimate, inner)
    return case.defined("dark_field_difference", difference, "the published dark field is zero everywhere")


def _uncounted(y: SpeckleStack, estimate: Reconstruction) -> Array:
    """What the reconstruction explains, without a trace in the measurement's counters: scoring is no work of the solver's."""
    if estimate.dark_field is not None:
        strongest = float(y.backend.to_numpy(y.dark_field_of(y.backend.xp.zeros((1, 1)))).max())
        estimate = dataclasses.replace(estimate, dark_field=np.minimum(estimate.dark_field, strongest))
    return y.backend.to_numpy(y.to(y.backend).forward(estimate))
