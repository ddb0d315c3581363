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
from .risk import NoisyFringes, expected_error, read_noisy_fringes

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


def fringe_residual_of(y: Hologram, phase: Array, fringes: Fringes | None = None, noisy: NoisyFringes | None = None) -> float:
    """The error that the fringes expect of a phase, a smooth aberration apart, radians.

    The order at the carrier is read off the hologram, divided by the background's where there is one, the phase taken off it,
    and a polynomial fitted to the rest. The fit starts from the aberration that the hologram's own background has, and from none;
    the better of the two counts. What remains is weighed against the fringes' noise, see :mod:`prbench.tasks.off_axis.risk`;
    where it is more than a phase can be wrong by, its own root mean square counts, wrapped, weighted by the fringes' power.

    Args:
        y: the measurement, host arrays.
        phase: real (H, W).
        fringes: of ``y``; read where None.
        noisy: likewise.
    """
    fringes = read_fringes(y) if fringes is None else fringes
    signs = (1.0, -1.0) if y.denser and y.carrier is None else (1.0,)
    fits = [(_fit(fringes.wave * np.exp(-1j * sign * fringes.on_lattice(phase)), fringes), sign) for sign in signs]
    (left, aberration), sign = min(fits, key=lambda fit: fit[0][0])
    if not left <= FIT_FAILED_RAD:
        return left
    noisy = read_noisy_fringes(y) if noisy is None else noisy
    return min(expected_error(noisy, sign * np.asarray(phase), aberration), math.pi)


def _fit(rest: Array, fringes: Fringes) -> tuple[float, Array]:
    """What an aberration leaves of a wave, radians, and its coefficients; NaN where there is no wave."""
    power, basis = np.abs(rest) ** 2, fringes.basis
    whole = float(power.sum())
    fits = []
    for start in (fringes.coefficients, np.zeros(len(basis.orders))):
        if not whole > 0:
            return math.nan, start
        flat = rest * np.exp(-1j * basis.sum(start))
        estimate, _ = fit_background(flat, basis, np.zeros(len(start)))
        gap = wrapped(np.angle(flat * np.exp(-1j * basis.sum(estimate))))
        fits.append((math.sqrt(float((power * gap**2).sum()) / whole), start + estimate))
    return min(fits, key=lambda fit: fit[0])


def _fringes(case: Case) -> Fringes:
    y = case.problem.measured(Hologram)
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
    meaning="error that the noisy fringes expect of the phase, rad",
    priority=40,
    smallest=0.001,
)
def fringe_residual(case: Case) -> float:
    """Root mean square error that the fringes expect of a phase: signal that it lost, noise that it let through, and what is not
    in the fringes, an aberration of degree 4 apart, which background_flatness sees. Noise is told by the parts of the hologram's
    spectrum that no order reaches, and taken for white.
    """
    y = case.problem.measured(Hologram)
    noisy = case.shared("noisy fringes", lambda: read_noisy_fringes(y))
    estimate = fringe_residual_of(y, case.reconstruction.phase, _fringes(case), noisy)
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
