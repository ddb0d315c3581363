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
        found: height of the reconstruction, float64 (H, W), metres, up to a constant.
        truth: height of the truth, or None.
        region: bool (H, W), where the two are compared.
        pixel_m: distance of neighbouring pixels.
    """

    found: Array
    truth: Array | None
    region: Array
    pixel_m: float


def surface_of(problem: Problem, found: Reconstruction, metres_per_radian: float | None = None) -> Surface | None:
    """The surface behind a reconstruction; None where it has no phase, or nobody knows the height of a radian.

    Args:
        problem: what it is a reconstruction of; its measurement has a ``pixel_m``, unless it has no height of a radian either.
        found: arrays on the host.
        metres_per_radian: height of a radian; the measurement's where None.
    """
    scale = getattr(problem.measurement, "metres_per_radian", None) if metres_per_radian is None else metres_per_radian
    if scale is None or found.phase is None:
        return None
    truth = None if problem.truth is None or problem.truth.phase is None else np.asarray(problem.truth.phase, np.float64)
    pixel_m = float(problem.measurement.pixel_m)  # type: ignore[attr-defined]
    height = scale * whole_phase(problem, found)[0]
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
    truth, found = np.asarray(truth_m, np.float64), np.asarray(found_m, np.float64)
    inside = np.ones(truth.shape, bool) if region is None else np.asarray(region, bool)
    if not truth.shape == found.shape == inside.shape:
        raise BadInput(f"both heights and the region must share a frame, got {truth.shape}, {found.shape}, {inside.shape}")
    if not inside.any():
        raise BadInput("the region is empty; there is no surface to compare")
    error = (found - truth)[inside]
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
        return None if surface is None or surface.truth is None else height_error(surface.truth, surface.found, surface.region)

    return case.shared("height-error", make)


@metric(
    "mesh_mse",
    better="lower",
    unit="m^2",
    removes=("offset",),
    answers=(PHASE_MAP,),
    header="mesh MSE",
    meaning="mean squared error of the height, m^2",
    place=60,
    smallest=0,
)
def mesh_mse(case: Case) -> float:
    """Mean squared difference of the heights of the mesh's vertices from the truth's over the region, the mean difference
    removed; NaN where the measurement states no height of a radian.
    """
    error = _error(case)
    return math.nan if error is None else float(np.mean(error**2))


@metric(
    "mesh_skewness",
    better="lower",
    range="[0, 1]",
    needs="measurement",
    removes=("offset",),
    cite="Stimpson, Ernst, Knupp, Pébay, Thompson, The Verdict Library Reference Manual, Sandia SAND2007-2853P (2007)",
    answers=(PHASE_MAP,),
    header="mesh skew",
    meaning="mean equiangular skewness of the surface's triangles; 0 is best",
    place=61,
    smallest=0.001,
)
def mesh_skewness(case: Case) -> float:
    """Mean over the reconstructed surface's triangles, two a pixel cell, of the equiangular skewness
    max((t_max - 60)/120, (60 - t_min)/60), t their angles in degrees; 0.25 for a flat surface.
    """
    surface = _surface(case)
    if surface is None or min(surface.found.shape) < 2:
        return math.nan
    mesh = triangulate(surface.found, surface.pixel_m, surface.region)
    return float(np.mean(equiangular_skewness(mesh))) if len(mesh.faces) else math.nan


@metric(
    "relief_skewness",
    better="lower",
    range="[0, 1]",
    needs="measurement",
    removes=("offset",),
    answers=(PHASE_MAP,),
    header="relief skew",
    meaning="mean equiangular skewness of the phase's surface plot, one grey level as high as a pixel",
    place=62,
    smallest=0.001,
)
def relief_skewness(case: Case) -> float:
    """mesh_skewness of the surface plot of the phase's picture, a grey level as high as a pixel is wide, black and white as for
    brisque: light's true heights are so far below a pixel that mesh_skewness differs from 0.25 by millionths only.
    """
    if case.reconstruction.phase is None or min(case.reconstruction.phase.shape) < 2:
        return math.nan
    try:
        relief = triangulate(grey_levels(case), 1.0, judged_region(case.problem))
    except BadInput as error:
        case.notes["relief_skewness"] = one_line(error)
        return math.nan
    return float(np.mean(equiangular_skewness(relief))) if len(relief.faces) else math.nan


@metric(
    "height_error_skewness",
    better="lower",
    removes=("offset",),
    answers=(PHASE_MAP,),
    header="height skew",
    meaning="magnitude of the statistical skewness of the height's error",
    place=None,
    smallest=0.01,
)
def height_error_skewness(case: Case) -> float:
    """Magnitude of the statistical skewness of the height's error over the region; 0 for errors that are as often too high as
    too low. Its sign is in the record's notes.
    """
    error = _error(case)
    value = math.nan if error is None else skewness(error)
    if not math.isnan(value):
        case.notes["height_error_skewness"] = "positive" if value > 0 else "negative" if value < 0 else "zero"
    return abs(value)
