"""The error of a phase, estimated from the noisy fringes that it was found in.

Fringes hold noise, and a filter as wide as the reading passes all of it, so that nothing is left of the fringes and yet the phase
is wrong. What a phase leaves of a spatial frequency is therefore weighed against the noise there, which is read off the part of
the spectrum that no order reaches. With T the phase read from the fringes, signal and noise, and F the phase judged::

    F = H T + G        H real, fitted per ring of frequencies; G what is left
    error^2  =  (1 - H)^2 (|T|^2 - N)  +  H^2 N  +  |G|^2

The terms are signal that was lost, noise that was let through, and all that is not in the fringes. It is the expected error of
anything that filters the fringes (Stein, Ann. Stat. 9 (1981) 1135, doi:10.1214/aos/1176345632). Of an answer from which noise was
removed otherwise it is an upper bound: the noise that it lacks counts as error.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from prbench.backend import Array, get_backend
from prbench.physics.aberrations import Polynomials
from prbench.physics.fringe_quality import noise_variance
from prbench.physics.fringes import Band, find_carrier, order_radius
from prbench.physics.unwrapping import wrapped

from .background import ORDER_RADIUS, polynomials_of, rim_of
from .measurement import Hologram

_READ_RADIUS = 1 / 2
"""Radius of the order that is read, over the carrier's frequency: the widest whose half away from zero keeps to itself."""

_TRUSTED = 0.85
"""Part of that radius within which the filter passes all, its edge being soft."""

_RINGS = 24
"""Rings of frequencies in which H is fitted."""


@dataclasses.dataclass(frozen=True, eq=False)
class NoisyFringes:
    """A wide reading of the wave that fringes carry, off the rim of the frame.

    Attributes:
        wave: complex (h, w), as of :class:`~.background.Fringes` but for the width of the filter.
        inside: the part of the frame that it stands on.
        basis: polynomials of the aberration there.
        weight: real (h, w), of mean square 1: the fringes' amplitude, falling to zero at the edges.
        noise: variance per frequency of the weighted phase of ``wave``.
        radius: of the frequencies that were read, cycles/px.
    """

    wave: Array
    inside: tuple[slice, slice]
    basis: Polynomials
    weight: Array
    noise: float
    radius: float


def read_noisy_fringes(y: Hologram) -> NoisyFringes:
    """The order at the carrier as wide as it may be, and its noise.

    Args:
        y: the measurement, host arrays.
    """
    from scipy.ndimage import gaussian_filter

    backend = get_backend("numpy", "double")
    image = np.asarray(y.interferogram, np.float64)
    carrier, shape = find_carrier(image, y.carrier), (y.shape[0], y.shape[1])
    radius = order_radius(carrier, _READ_RADIUS)

    def order_of(frame: Array) -> Array:
        return Band.cut(backend.rfftn(frame, 2), shape, carrier, radius, backend).everywhere()

    rim = rim_of(shape, order_radius(carrier, ORDER_RADIUS))
    inside = (slice(rim, shape[0] - rim), slice(rim, shape[1] - rim))
    wave = order_of(image)
    power, variance = np.abs(wave) ** 2, noise_variance(image, carrier)
    if y.background is not None:
        empty = np.asarray(y.background, np.float64)
        optics = order_of(empty)
        wave = wave * np.exp(-1j * np.angle(optics))
        variance += noise_variance(empty, carrier) * float(power.mean() / np.mean(np.abs(optics) ** 2))
    power = gaussian_filter(power, 1 / radius)
    if y.mask is not None:
        power = power * np.asarray(y.mask, bool)
    amplitude = np.sqrt(power[inside])
    scale = math.sqrt(float(np.mean(amplitude**2))) or 1.0
    rows, columns = (np.hanning(n + 2)[1:-1] for n in amplitude.shape)
    weight = amplitude * rows[:, None] * columns
    weight = weight / (math.sqrt(float(np.mean(weight**2))) or 1.0)
    noise = variance / (2 * scale**2) / amplitude.size
    pixels = [np.arange(part.start, part.stop) for part in inside]
    return NoisyFringes(wave[inside], inside, polynomials_of(shape, pixels), weight, noise, radius)


def expected_error(fringes: NoisyFringes, phase: Array, aberration: Array) -> float:
    """Root mean square error to be expected of a phase, radians; see the module.

    Args:
        fringes: of the hologram that it was found in.
        phase: real (H, W).
        aberration: coefficients of the optics' phase, which is not the object's.
    """
    estimate = np.asarray(phase, np.float64)[fringes.inside]
    left = wrapped(np.angle(fringes.wave * np.exp(-1j * (estimate + fringes.basis.sum(aberration)))))
    judged, gap = (np.fft.fft2(fringes.weight * part) / part.size for part in (_without_optics(fringes, estimate), left))
    rows, columns = (np.fft.fftfreq(n) for n in judged.shape)
    ring = (
        np.floor(np.hypot(rows[:, None], columns) * _RINGS / (_TRUSTED * fringes.radius)).astype(np.intp).clip(max=_RINGS).ravel()
    )

    def summed(values: Array) -> Array:
        return np.bincount(ring, values.ravel(), _RINGS + 1)

    read = judged + gap
    power, noise = summed(np.abs(read) ** 2), fringes.noise * np.bincount(ring, minlength=_RINGS + 1)
    share = (summed((read.conj() * judged).real) / np.maximum(power, 1e-300)).clip(0)
    other = summed(np.abs(judged - share[ring].reshape(read.shape) * read) ** 2)
    lost, let_through = (1 - share) ** 2 * np.maximum(power - noise, 0), share**2 * np.minimum(noise, power)
    beyond = summed(np.abs(judged) ** 2)[_RINGS]  # of what was not read, nothing is known to be right
    return math.sqrt(float((lost + let_through + other)[:_RINGS].sum() + beyond))


def _without_optics(fringes: NoisyFringes, phase: Array) -> Array:
    """The phase without a polynomial of the aberration's degree, whose ramp would spread over all frequencies."""
    some = (slice(None, None, fringes.basis.stride),) * 2
    thinned, weight = fringes.basis.thinned(), fringes.weight[some].ravel()
    fitted, *_ = np.linalg.lstsq((thinned.flat_terms * weight).T, phase[some].ravel() * weight, rcond=None)
    return np.asarray(phase - fringes.basis.sum(fitted))
