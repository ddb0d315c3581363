"""Scores of the surface that a phase reveals: the error of its height, and the quality of its mesh.

Heights are the phase, unwrapped where it is wrapped, times the measurement's ``metres_per_radian``, which its record states.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.core import PHASE_MAP, Case, Problem, Reconstruction, metric
from prbench.errors import BadInput, one_line
from prbench.physics.surface import equiangular_skewness, triangulate

from ._phase import case_phase, grey_levels, whole_phase
from .regions import judged_region


@dataclass(frozen=True, eq=False)
class Surface:
    """What a reconstruction's phase says of a surface.

    Attributes:
        estimate: height of the reconstruction, float64 (H, W), metres, up to a constant.
        truth: height of the truth, or None.
        region: bool (H, W), where the two are compared.
        pixel_m: distance of neighbouring pixels.
    """

    estimate: Array
    truth: Array | None
    region: Array
    pixel_m: float


def surface_of(problem: Problem, estimate: Reconstruction, metres_per_radian: float | None = None) -> Surface | None:
    """The surface behind a reconstruction; None where it has no phase, or nobody knows the height of a radian.

    Args:
        problem: what it is a reconstruction of; its measurement has a ``pixel_m``, unless it has no height of a radian either.
        estimate: arrays on the host.
        metres_per_radian: height of a radian; the measurement's where None.
    """
    scale = getattr(problem.measurement, "metres_per_radian", None) if metres_per_radian is None else metres_per_radian
    if scale is None or estimate.phase is None:
        return None
    truth = None if problem.truth is None or problem.truth.phase is None else np.asarray(problem.truth.phase, np.float64)
    pixel_m = float(problem.measurement.pixel_m)  # type: ignore[attr-defined]
    height = scale * whole_phase(problem, estimate)[0]
    return Surface(height, None if truth is None else scale * truth, judged_region(problem), pixel_m)


def height_error(truth_m: Array, found_m: Array, region: Array | None = None) -> Array:
    """Differences of two heights at the pixels of a region, their mean removed; float64 (pixels,), metres.

    Args:
        truth_m: real (H, W), metres.
        found_m: the same shape.
        region: bool (H, W); everywhere where None.

    Raises:
        BadInput: where shapes differ or the region is empty.
    """
    truth, estimate = np.asarray(truth_m, np.float64), np.asarray(found_m, np.float64)
    inside = np.ones(truth.shape, bool) if region is None else np.asarray(region, bool)
    if not truth.shape == estimate.shape == inside.shape:
        raise BadInput(f"both heights and the region must share a frame, got {truth.shape}, {estimate.shape}, {inside.shape}")
    if not inside.any():
        raise BadInput("the region is empty; there is no surface to compare")
    error = (estimate - truth)[inside]
    return error - error.mean()


def skewness(values: Array) -> float:
    """Third central moment over the 3/2 power of the second (Fisher-Pearson, not corrected for bias); NaN for equal values."""
    centred = np.asarray(values, np.float64)
    centred = centred - centred.mean()
    scale = float(np.abs(centred).max())
    if not scale > 0:
        return math.nan
    centred = centred / scale  # heights in metres are so small that their cubes would lose digits
    return float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)


def _surface(case: Case) -> Surface | None:
    def make() -> Surface | None:
        if case.reconstruction.phase is None:
            return None
        return surface_of(case.problem, dataclasses.replace(case.reconstruction, phase=case_phase(case)))

    return case.shared("surface", make)


def _error(case: Case) -> Array | None:
    def make() -> Array | None:
        surface = _surface(case)
        return None if surface is None or surface.truth is None else height_error(surface.truth, surface.estimate, surface.region)

    return case.shared("height-error", make)


def _no_error(case: Case, name: str) -> float:
    """NaN, and why there is no error of a height."""
    surface = _surface(case)
    if surface is not None:
        return case.undefined(name, "the truth has no phase")
    if case.reconstruction.phase is None:
        return case.undefined(name, "the answer has no phase")
    return case.undefined(name, "the measurement states no height of a radian (wavelength, pixel, and index or reflection)")


@metric(
    "mesh_mse",
    better="lower",
    unit="m^2",
    removes=("offset",),
    answers=(PHASE_MAP,),
    header="mesh MSE",
    meaning="mean squared error of the height, m^2",
    priority=60,
    smallest=0,
)
def mesh_mse(case: Case) -> float:
    """Mean squared difference of the heights of the mesh's vertices from the truth's over the region, the mean difference
    removed; NaN where the measurement states no height of a radian.
    """
    error = _error(case)
    return _no_error(case, "mesh_mse") if error is None else float(np.mean(error**2))


EXAGGERATED_RANGE = 0.1
"""Range of the truth's height over the longer side of the region, once heights are exaggerated so that a mesh shows them."""


def vertical_exaggeration(truth_m: Array, pixel_m: float, region: Array) -> float:
    """The factor that makes a truth's range of heights :data:`EXAGGERATED_RANGE` of the longer side of its region.

    Args:
        truth_m: real (H, W), metres.
        pixel_m: distance of neighbouring pixels.
        region: bool (H, W).

    Raises:
        BadInput: where the truth is flat or the region has no two pixels.
    """
    height = float(np.ptp(truth_m[region])) if region.any() else 0.0
    sides = [int(np.ptp(at)) for at in np.nonzero(region)] if region.any() else [0]
    if not (height > 0 and max(sides) > 0):
        raise BadInput("the truth is flat over the region; no exaggeration makes its mesh show heights")
    return EXAGGERATED_RANGE * max(sides) * pixel_m / height


@metric(
    "mesh_skewness",
    better="lower",
    range="[0, 1]",
    removes=("offset", "sign"),
    cite="Stimpson, Ernst, Knupp, Pébay, Thompson, The Verdict Library Reference Manual, Sandia SAND2007-2853P (2007)",
    answers=(PHASE_MAP,),
    header="mesh skew",
    meaning="difference of the triangles' skewness from the truth's, heights exaggerated to a tenth of the frame; 0 is equal",
    priority=61,
    smallest=0.0001,
)
def mesh_skewness(case: Case) -> float:
    """Mean over the surface's triangles, two per pixel cell, of the absolute difference from the truth's of the equiangular
    skewness max((t_max - 60)/120, (60 - t_min)/60), t their angles in degrees. Both surfaces are exaggerated by one factor, noted
    in the record, that makes the range of the truth's heights a tenth of the region's longer side: true heights are so far below
    a pixel that all their triangles have 0.25. Without truth, see relief_skewness.
    """
    surface = _surface(case)
    if surface is None or surface.truth is None:
        return _no_error(case, "mesh_skewness")
    try:
        factor = vertical_exaggeration(surface.truth, surface.pixel_m, surface.region)
        meshes = [triangulate(factor * height, surface.pixel_m, surface.region) for height in (surface.estimate, surface.truth)]
    except BadInput as error:
        return case.undefined("mesh_skewness", one_line(error))
    if not len(meshes[0].faces):
        return case.undefined("mesh_skewness", "no triangle lies inside the region")
    case.notes["mesh_skewness"] = f"heights exaggerated {factor:.4g} times"
    estimate, truth = (equiangular_skewness(mesh) for mesh in meshes)
    return float(np.mean(np.abs(estimate - truth)))


@metric(
    "relief_skewness",
    better="lower",
    range="[0, 1]",
    needs="measurement",
    removes=("offset",),
    answers=(PHASE_MAP,),
    header="relief skew",
    meaning="mean equiangular skewness of the phase's surface plot, one grey level as high as a pixel",
    priority=62,
    smallest=0.001,
)
def relief_skewness(case: Case) -> float:
    """Mean equiangular skewness of the triangles of the surface plot of the phase's picture, a grey level as high as a pixel is
    wide, black and white as for brisque. It asks for no truth, and judges none: a flat phase has the least, 0.25.
    """
    if case.reconstruction.phase is None:
        return case.undefined("relief_skewness", "the answer has no phase")
    try:
        relief = triangulate(grey_levels(case), 1.0, judged_region(case.problem))
    except BadInput as error:
        return case.undefined("relief_skewness", one_line(error))
    if not len(relief.faces):
        return case.undefined("relief_skewness", "no triangle lies inside the region")
    return float(np.mean(equiangular_skewness(relief)))


@metric(
    "height_error_skewness",
    better="lower",
    removes=("offset",),
    answers=(PHASE_MAP,),
    header="height skew",
    meaning="magnitude of the statistical skewness of the height's error",
    priority=None,
    smallest=0.01,
)
def height_error_skewness(case: Case) -> float:
    """Magnitude of the statistical skewness of the height's error over the region; 0 for errors that are as often too high as
    too low. Its sign is in the record's notes.
    """
    error = _error(case)
    if error is None:
        return _no_error(case, "height_error_skewness")
    value = skewness(error)
    if math.isnan(value):
        return case.undefined("height_error_skewness", "the error is the same everywhere")
    case.notes["height_error_skewness"] = "positive" if value > 0 else "negative" if value < 0 else "zero"
    return abs(value)
