"""Maximum likelihood under Poisson statistics, by conjugate gradients over the pixels of a support.

Minimises ``sum_k [ I_k + b - (n_k + b) log(I_k + b) ]`` over measured pixels, with ``I = |F x|^2 / gain`` and n the counts
(Thibault, Guizar-Sicairos, New J. Phys. 14 (2012) 063004, doi:10.1088/1367-2630/14/6/063004). The background b, added to
model and counts alike, leaves the optimum of a perfect model where it is; with b = 0 the logarithm forbids a Fourier
coefficient that counts at least one photon to pass through zero, which is what holds a descent in a local minimum, and a
large b takes that wall down. A step costs two FFTs: the spectrum of the iterate is carried along, and the line search works
on spectra alone. Objects of one magnitude need a third FFT, because their set is curved.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, where
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import Coherence

from ._constraints import cut

FLOOR = 1e-4
"""Photons of background below which nothing changes; keeps 0/0 out."""


@dataclass
class LikelihoodDescent:
    """A batch of descents under way.

    Attributes:
        x: objects, complex (B, *shape), zero off the support.
        spectrum: their transforms.
        direction: the last conjugate directions.
        gradient: the last gradients.
        slope: squared norms of the gradients, real (B, 1, ...).
        support: bool (B, *shape).
        counts: photons (*shape), zero frequency first; negative where unmeasured.
        background: of the last step.
        coherence: of the beam; None: full.
        uniform: whether an object has one magnitude on all of its support, so that phases alone are free besides it.
    """

    x: Array
    spectrum: Array
    direction: Array
    gradient: Array
    slope: Array
    support: Array
    counts: Array
    background: float = FLOOR
    coherence: Coherence | None = None
    uniform: bool = False


@pointwise
def weigh(A: Array, counts: Array, per_gain: float, b: float, one: float, zero: float) -> Array:
    """``A (1 - (n + b)/(I + b))`` over measured pixels: the gradient in Fourier space, up to a factor."""
    return A * where(counts < 0, zero, one - (counts + b) / (per_gain * abs2(A) + b))


@pointwise
def slope_along(A: Array, D: Array, counts: Array, per_gain: float, b: float, one: float, zero: float) -> Array:
    """Half the derivative of a pixel's misfit along D."""
    along = per_gain * (A.real * D.real + A.imag * D.imag)
    return where(counts < 0, zero, along * (one - (counts + b) / (per_gain * abs2(A) + b)))


@pointwise
def curvature_along(A: Array, D: Array, counts: Array, per_gain: float, b: float, zero: float) -> Array:
    """Half the second derivative of a pixel's misfit along D, expected over the noise: never negative."""
    along = per_gain * (A.real * D.real + A.imag * D.imag)
    return where(counts < 0, zero, (along + along) * along / (per_gain * abs2(A) + b))


def begin(
    y: FarField, x: Array, support: Array, coherence: Coherence | None = None, *, uniform: bool = False
) -> LikelihoodDescent:
    """Start from objects ``x`` (B, *shape), cut to ``support``; with one magnitude there where ``uniform``."""
    xp = y.backend.xp
    counts = xp.where(y.measured, y.amplitude**2 / (y.gain or 1.0), -xp.ones_like(y.amplitude))
    x = made_uniform(y, x, support) if uniform else x * support
    slope = xp.zeros_like(y.amplitude)[:1].reshape(-1)[:1].reshape((1,) * (y.ndim + 1))
    return LikelihoodDescent(
        x, y.transform(x), xp.zeros_like(x), xp.zeros_like(x), slope, support, counts, coherence=coherence, uniform=uniform
    )


def made_uniform(y: FarField, x: Array, support: Array) -> Array:
    """The nearest objects of one magnitude on bool supports (B, *shape) to objects of that shape: their phases, and its mean."""
    xp, axes = y.backend.xp, tuple(range(1, y.ndim + 1))
    size = xp.abs(x) * support
    pixels = xp.sum(xp.astype(support, y.backend.real), axis=axes, keepdims=True)
    mean = xp.sum(size, axis=axes, keepdims=True) / xp.maximum(pixels, xp.ones_like(pixels))
    return support * mean * xp.where(size > 0, x / xp.where(size > 0, size, xp.ones_like(size)), xp.ones_like(x))


def along_uniform(y: FarField, x: Array, support: Array, change: Array) -> Array:
    """The part of a change of objects of one magnitude that turns phases or changes that magnitude: tangent to their set."""
    xp, axes = y.backend.xp, tuple(range(1, y.ndim + 1))
    size = xp.abs(x)
    phase = xp.where(size > 0, x / xp.where(size > 0, size, xp.ones_like(size)), xp.zeros_like(x))
    rotated = xp.conj(phase) * change
    pixels = xp.sum(xp.astype(support, y.backend.real), axis=axes, keepdims=True)
    growth = xp.sum(rotated.real * support, axis=axes, keepdims=True) / xp.maximum(pixels, xp.ones_like(pixels))
    return phase * (growth + 1j * rotated.imag)


def confine(y: FarField, d: LikelihoodDescent, support: Array) -> None:
    """Cut the objects to another support, bool (B, *shape), and start the conjugation anew; one transform an object."""
    d.support = support
    d.x = made_uniform(y, d.x, support) if d.uniform else d.x * support
    d.spectrum = y.transform(d.x)
    d.slope = 0 * d.slope


def refine(y: FarField, d: LikelihoodDescent, background: float = FLOOR) -> None:
    """One conjugate-gradient step of every object of the batch (Polak-Ribiere, restarted where it stops being a descent).

    Args:
        y: measurement.
        d: changed in place.
        background: photons b; a change of b starts the conjugation anew.
    """
    xp, backend = y.backend.xp, y.backend
    per_gain, axes = 1.0 / (y.gain or 1.0), tuple(range(1, y.ndim + 1))

    def total(a: Array) -> Array:
        return xp.sum(a, axis=axes, keepdims=True)

    b = max(background, FLOOR)
    if b != d.background:
        d.background, d.slope = b, 0 * d.slope

    residual, sensitivity = _pull(y, d, b)
    gradient = y.inverse(residual, out=residual)
    gradient = cut(gradient, d.support, 0.0, out=gradient)
    if d.uniform:
        gradient, d.direction = (along_uniform(y, d.x, d.support, change) for change in (gradient, d.direction))
    slope = total(abs2_of(gradient))
    memory = (slope - total((xp.conj(d.gradient) * gradient).real)) / xp.where(d.slope > 0, d.slope, xp.ones_like(d.slope))
    memory = xp.where(d.slope > 0, xp.clip(memory, 0, None), xp.zeros_like(memory))
    uphill = total((xp.conj(gradient) * (memory * d.direction - gradient)).real) >= 0
    memory = xp.where(uphill, xp.zeros_like(memory), memory)
    d.direction = memory * d.direction - gradient
    d.gradient, d.slope = gradient, slope
    D = y.transform(d.direction)
    if d.coherence is None:
        work = backend.empty(d.x.shape, backend.real)
        first = total(slope_along(d.spectrum, D, d.counts, per_gain, b, 1.0, 0.0, out=work))
        bend = total(curvature_along(d.spectrum, D, d.counts, per_gain, b, 0.0, out=work))
    else:
        first, bend = total(per_gain * _real_product(d.spectrum, D) * sensitivity), total(_blurred_curvature(y, d, D, b))
    step = -first / xp.where(bend > 0, bend, xp.ones_like(bend))
    trial = d.spectrum + step * D
    if d.coherence is None:
        then = total(slope_along(trial, D, d.counts, per_gain, b, 1.0, 0.0, out=work))
    else:
        then = total(per_gain * _real_product(trial, D) * _sensitivity(y, d, trial, b))
    # One secant correction, kept within a factor of four: the misfit is no parabola where few photons meet a strong model.
    secant = xp.where(first - then < 0, first / xp.where(first - then < 0, first - then, -xp.ones_like(first)), 4 + 0 * first)
    step = step * xp.clip(secant, 0.25, 4.0)
    d.x = d.x + step * d.direction
    d.spectrum = d.spectrum + step * D
    if d.uniform:
        d.x = made_uniform(y, d.x, d.support)
        d.spectrum = y.transform(d.x)


def pulled(y: FarField, d: LikelihoodDescent) -> Array:
    """The objects after a step of Fisher scoring of each pixel by itself, on the support or not: complex (B, *shape).

    All pixels have the same Fisher information, which makes the step minus the gradient: the new spectrum is ``A n/I``. At the
    most likely objects nothing changes on the support.
    """
    return d.x - y.inverse(_pull(y, d, d.background)[0])


def _pull(y: FarField, d: LikelihoodDescent, b: float) -> tuple[Array, Array]:
    """The gradient in Fourier space, up to a factor, and with a beam that is not fully coherent what the spectrum was
    multiplied by for it.
    """
    if d.coherence is None:
        out = y.backend.empty(d.x.shape, y.backend.complex)
        return weigh(d.spectrum, d.counts, 1.0 / (y.gain or 1.0), b, 1.0, 0.0, out=out), None
    sensitivity = _sensitivity(y, d, d.spectrum, b)
    return d.spectrum * sensitivity, sensitivity


def _sensitivity(y: FarField, d: LikelihoodDescent, A: Array, b: float) -> Array:
    """Derivative of the misfit by the sharp intensities of spectra ``A``, real (B, *shape): 1 - (n + b)/(I + b), I the blurred
    intensity, spread back to where it came from.
    """
    assert d.coherence is not None
    xp = y.backend.xp
    expected = y.expected(A, d.coherence) / (y.gain or 1.0)
    weights = xp.where(d.counts < 0, xp.zeros_like(expected), 1 - (d.counts + b) / (expected + b))
    y.counters.ffts += A.shape[0]
    return d.coherence.spread_back(weights)


def _blurred_curvature(y: FarField, d: LikelihoodDescent, D: Array, b: float) -> Array:
    """Half the second derivative of a pixel's misfit along D, as :func:`curvature_along`, of the blurred intensity."""
    assert d.coherence is not None
    xp = y.backend.xp
    per_gain = 1.0 / (y.gain or 1.0)
    y.counters.ffts += D.shape[0]
    along = per_gain * d.coherence.spread_back(_real_product(d.spectrum, D))
    expected = per_gain * y.expected(d.spectrum, d.coherence)
    return xp.where(d.counts < 0, xp.zeros_like(along), 2 * along**2 / (expected + b))


def _real_product(a: Array, b: Array) -> Array:
    """``Re conj(a) b``."""
    return a.real * b.real + a.imag * b.imag


def abs2_of(z: Array) -> Array:
    """``|z|^2`` of an array."""
    return z.real * z.real + z.imag * z.imag


def log_likelihood(y: FarField, d: LikelihoodDescent) -> Array:
    """Negative log-likelihood of each object, relative to a perfect model, a measured pixel."""
    xp = y.backend.xp
    n = xp.where(d.counts >= 0, d.counts, xp.zeros_like(d.counts))
    expected = y.expected(d.spectrum, d.coherence) / (y.gain or 1.0) + FLOOR
    term = expected - n + xp.where(n > 0, n * xp.log(xp.where(n > 0, n, xp.ones_like(n)) / expected), xp.zeros_like(expected))
    term = xp.where(d.counts >= 0, term, xp.zeros_like(term))
    axes = tuple(range(1, y.ndim + 1))
    return xp.sum(term, axis=axes) / math.prod(y.shape)
