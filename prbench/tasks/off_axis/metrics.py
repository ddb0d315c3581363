"""Errors of an off-axis phase where the object is, and whether the fringes bear a phase out."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array
from prbench.core import PHASE_MAP, Case, metric
from prbench.metrics.maps import root_mean_square_error
from prbench.metrics.regions import judged_region
from prbench.physics.aberrations import fit_background
from prbench.physics.unwrapping import wrapped

from . import Hologram
from .background import Fringes, read_fringes

OBJECT_FROM = 0.1
"""Part of the truth's range from which a phase counts as the object's: a choice, above the rings of diffraction around it."""

FIT_FAILED_RAD = 1.0
"""Residual from which the phase is none that the fringes carry: one that knows nothing of them leaves pi/sqrt(3)."""

LEAST_FREE = 0.05
"""Share of the frame under which what was found of the background says nothing of its flatness."""


def object_pixels(truth: Array) -> Array:
    """Where a phase without background is further from zero than :data:`OBJECT_FROM` of its range; bool, its shape."""
    return np.asarray(np.abs(truth) > OBJECT_FROM * np.ptp(truth))


@metric(
    "object_phase_rmse",
    better="lower",
    unit="rad",
    removes=("offset",),
    answers=(PHASE_MAP,),
    measurement=Hologram,
    header="object phase",
    meaning="root mean square error of the phase on the object, rad",
    priority=32,
    smallest=0.001,
)
def object_phase_rmse(case: Case) -> float:
    """Root mean square error of the phase on the object, where the truth exceeds a tenth of its range. What is removed is the
    mean error of the whole region, so that a phase wrong all over the object counts. NaN where there is no object.
    """
    assert case.problem.truth is not None
    truth, estimate = (np.asarray(x.phase, np.float64) for x in (case.problem.truth, case.reconstruction))
    region = judged_region(case.problem)
    inside = region & object_pixels(truth)
    if not inside.any():
        return case.undefined("object_phase_rmse", "the truth's phase is flat; there is no object")
    return root_mean_square_error(truth, estimate - (estimate - truth)[region].mean(), inside)


def fringe_residual_of(y: Hologram, phase: Array, fringes: Fringes | None = None) -> float:
    """What a phase and a smooth aberration leave of the phase that the fringes carry, radians.

    The order at the carrier is read off the hologram, divided by the background's where there is one, the phase taken off it,
    and a polynomial fitted to the rest; root mean square of what remains, wrapped, weighted by the fringes' power. The fit starts
    from the aberration that the hologram's own background has, and from none; the better of the two counts.

    Args:
        y: the measurement, host arrays.
        phase: real (H, W).
        fringes: of ``y``; read where None.
    """
    fringes = read_fringes(y) if fringes is None else fringes
    signs = (1.0, -1.0) if y.denser and y.carrier is None else (1.0,)
    estimate = fringes.on_lattice(phase)
    return min(_left(fringes.wave * np.exp(-1j * sign * estimate), fringes) for sign in signs)


def _left(rest: Array, fringes: Fringes) -> float:
    power, basis = np.abs(rest) ** 2, fringes.basis
    whole = float(power.sum())
    if not whole > 0:
        return math.nan
    left = []
    for start in (fringes.coefficients, np.zeros(len(basis.orders))):
        flat = rest * np.exp(-1j * basis.sum(start))
        estimate, _ = fit_background(flat, basis, np.zeros(len(start)))
        gap = wrapped(np.angle(flat * np.exp(-1j * basis.sum(estimate))))
        left.append(float((power * gap**2).sum()))
    return math.sqrt(min(left) / whole)


def _fringes(case: Case) -> Fringes:
    y = case.problem.measurement
    assert isinstance(y, Hologram)
    return case.shared("fringes", lambda: read_fringes(y))


@metric(
    "fringe_residual",
    better="lower",
    unit="rad",
    range="[0, pi]",
    needs="measurement",
    answers=(PHASE_MAP,),
    measurement=Hologram,
    header="residual",
    meaning="what the phase leaves of the phase that the fringes carry, rad",
    priority=40,
    smallest=0.001,
)
def fringe_residual(case: Case) -> float:
    """Root mean square of what the phase and an aberration of degree 4 leave of the phase that the fringes carry in the order at
    their carrier, wrapped. Small where a phase is that of the fringes, right or wrong by a smooth aberration, which
    background_flatness sees.
    """
    y = case.problem.measurement
    assert isinstance(y, Hologram)
    estimate = fringe_residual_of(y, case.reconstruction.phase, _fringes(case))
    if math.isnan(estimate):
        return case.undefined("fringe_residual", "the order at the carrier is empty; there are no fringes")
    if estimate > FIT_FAILED_RAD:
        case.notes["fringe_residual"] = "no aberration fits what is left: the phase is not that of the fringes, or the fit failed"
    return estimate


@metric(
    "background_flatness",
    better="lower",
    unit="rad",
    needs="measurement",
    removes=("offset",),
    answers=(PHASE_MAP,),
    measurement=Hologram,
    header="background",
    meaning="root mean square of the phase where the hologram shows background, which should be flat, rad",
    priority=41,
    smallest=0.001,
)
def background_flatness(case: Case) -> float:
    """Root mean square of the phase, its median removed, where the hologram itself shows no object: smooth errors, which
    fringe_residual takes for aberrations, stand there. The share of the frame that is background is in the record's notes.
    """
    fringes = _fringes(case)
    share = float(fringes.free.mean())
    case.notes["free_share"] = share
    if share < LEAST_FREE:
        return case.undefined("background_flatness", f"only {share:.1%} of the frame is background")
    level = fringes.on_lattice(case.reconstruction.phase)[fringes.free]
    return math.sqrt(float(np.mean((level - np.median(level)) ** 2)))
