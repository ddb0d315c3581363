"""Errors of an off-axis phase where the object is, and whether the fringes bear a phase out."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array, get_backend
from prbench.core import PHASE_MAP, Case, metric
from prbench.metrics.maps import root_mean_square_error
from prbench.metrics.regions import judged_region
from prbench.physics.aberrations import Polynomials, fit_background
from prbench.physics.fringes import Band, find_carrier, order_radius
from prbench.physics.unwrapping import wrapped

from . import Hologram

OBJECT_FROM = 0.1
"""Part of the truth's range from which a phase counts as the object's: a choice, above the rings of diffraction around it."""

ORDER_RADIUS = 1 / 3
"""Radius of the order that fringes are read from, over the carrier's frequency: it keeps a sharp object's orders apart."""

ABERRATION_DEGREE = 4
"""Total degree of the polynomial that stands for the optics: up to spherical aberration."""

_RIM = 1.5
"""Rim left out, times the inverse of the radius: a transform takes a frame for periodic."""

_LATTICE = 100
"""Pixels, about, along an axis that fringes and phase are compared on."""


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
    place=32,
    smallest=0.001,
)
def object_phase_rmse(case: Case) -> float:
    """Root mean square error of the phase on the object, where the truth exceeds a tenth of its range. What is removed is the
    mean error of the whole region, so that a phase wrong all over the object counts. NaN where there is no object.
    """
    assert case.problem.truth is not None
    truth, found = (np.asarray(x.phase, np.float64) for x in (case.problem.truth, case.reconstruction))
    region = judged_region(case.problem)
    inside = region & object_pixels(truth)
    if not inside.any():
        return math.nan
    return root_mean_square_error(truth, found - (found - truth)[region].mean(), inside)


def fringe_residual_of(y: Hologram, phase: Array) -> float:
    """What a phase and a smooth aberration leave of the phase that the fringes carry, radians.

    The order at the carrier is read off the hologram, divided by the background's where there is one, the phase taken off it,
    and a polynomial fitted to the rest; root mean square of what remains, wrapped, weighted by the fringes' power.

    Args:
        y: the measurement, host arrays.
        phase: real (H, W).
    """
    backend = get_backend("numpy", "double")
    carrier = find_carrier(np.asarray(y.interferogram, np.float64), y.carrier)
    radius = order_radius(carrier, ORDER_RADIUS)
    shape = (y.shape[0], y.shape[1])

    def order(frame: Array) -> Array:
        spectrum = backend.rfftn(np.asarray(frame, np.float64), 2)
        return Band.cut(spectrum, shape, carrier, radius, backend).everywhere()

    wave = order(y.interferogram)
    if y.background is not None:
        wave = wave * order(y.background).conj()
    rim = min(math.ceil(_RIM / radius), min(shape) // 4)
    pixels = [np.arange(rim, n - rim, max(1, n // _LATTICE)) for n in shape]
    places = [(2 * at - (n - 1)) / max(shape) for at, n in zip(pixels, shape, strict=True)]
    basis = Polynomials(places[0], places[1], ABERRATION_DEGREE)
    part = np.ix_(*pixels)
    wave = wave[part]
    signs = (1.0, -1.0) if y.denser and y.carrier is None else (1.0,)
    return min(_left(wave * np.exp(-1j * sign * np.asarray(phase, np.float64)[part]), basis) for sign in signs)


def _left(rest: Array, basis: Polynomials) -> float:
    power = np.abs(rest) ** 2
    gap = wrapped(np.angle(rest * np.exp(-1j * basis.sum(fit_background(rest, basis, np.zeros(len(basis.orders)))[0]))))
    whole = float(power.sum())
    return math.sqrt(float((power * gap**2).sum()) / whole) if whole > 0 else math.nan


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
    place=40,
    smallest=0.001,
)
def fringe_residual(case: Case) -> float:
    """Root mean square of what the phase and an aberration of degree 4 leave of the phase that the fringes carry in the order at
    their carrier, wrapped. Small where a phase is that of the fringes, right or wrong by a smooth aberration.
    """
    y = case.problem.measurement
    assert isinstance(y, Hologram)
    return fringe_residual_of(y, case.reconstruction.phase)
