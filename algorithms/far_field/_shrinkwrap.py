"""Shrinkwrap: the support found from the object itself (Marchesini et al. 2003, doi:10.1103/PhysRevB.68.140101)."""

from __future__ import annotations

import math

import numpy as np

from prbench.backend import Array, Backend, pointwise
from prbench.backend.pointwise import abs2, sqrt
from prbench.core import Rng
from prbench.tasks.far_field import FarField

from ._constraints import kth_largest

_BATCH_PIXELS = 1 << 18
"""Pixels of fields that are blurred at once: a batch in two dimensions, one field after another in three."""


@pointwise
def modulus(g: Array) -> Array:
    """``|g|``."""
    return sqrt(abs2(g))


@pointwise
def weighted(G: Array, weight: Array) -> Array:
    """``weight G``."""
    return weight * G


def shrink(y: FarField, g: Array, sigma: float, threshold: float, area: float | None = None) -> Array:
    """The pixels where ``|g|``, blurred by a Gaussian, exceeds ``threshold`` of its maximum, for each field of a batch.

    Args:
        y: measurement, for its shape and backend.
        g: complex (B, *shape).
        sigma: standard deviation of the blur in pixels.
        threshold: fraction of each field's maximum.
        area: keep this fraction of all pixels instead of using the threshold.

    Returns:
        bool (B, *shape).
    """
    size = max(1, _BATCH_PIXELS // math.prod(y.shape))
    parts = [_shrunk(y, g[low : low + size], sigma, threshold, area) for low in range(0, g.shape[0], size)]
    return parts[0] if len(parts) == 1 else y.backend.xp.concat(parts)


def _shrunk(y: FarField, g: Array, sigma: float, threshold: float, area: float | None) -> Array:
    """The supports of a part of a batch, so that what is computed on the way takes little memory beside the batch."""
    xp = y.backend.xp
    magnitude = modulus(g, out=y.backend.empty(g.shape, y.backend.real))
    smooth = blur(y.backend, magnitude, sigma)
    y.counters.ffts += g.shape[0]  # a real transform there and back is one complex transform's work
    flat = xp.reshape(smooth, (smooth.shape[0], -1))
    if area is None:
        return smooth > xp.reshape(threshold * xp.max(flat, axis=1), (-1,) + (1,) * y.ndim)
    return smooth >= xp.reshape(kth_largest(y, flat, max(1, round(area * flat.shape[1]))), (-1,) + (1,) * y.ndim)


def above_typical(y: FarField, x: Array, support: Array, fraction: float, sigma: float = 0.5) -> Array:
    """The pixels where ``|x|``, slightly blurred, exceeds a fraction of its typical value: bool (*shape).

    Typical is the mean of ``|x|`` weighted by itself over ``support``, which a few bright pixels or many faint ones move little.
    """
    xp = y.backend.xp
    magnitude = xp.abs(x)
    typical = xp.sum(magnitude**2 * support) / xp.sum(magnitude * support)
    return blur(y.backend, magnitude[None], sigma)[0] > fraction * typical


def half_shifts(y: FarField, x: Array) -> Array:
    """An object (*shape) and its shifts by half a pixel along one or more axes, by FFT: complex (2**ndim, *shape)."""
    moved = x[None]
    for axis, n in enumerate(y.shape):
        ramp = np.exp(-1j * np.pi * np.fft.fftfreq(n)).reshape([-1 if a == axis else 1 for a in range(y.ndim)])
        moved = y.backend.xp.concat([moved, y.inverse(y.transform(moved) * y.backend.asarray(ramp, y.backend.complex))])
    return moved


def random_halves(y: FarField, rng: Rng, count: int) -> Array:
    """Half-spaces through the middle of the grid in random directions, bool (count, *shape).

    A support cut in half for a while breaks the tie between an object and its twin (Fienup, Wackerman 1986,
    doi:10.1364/JOSAA.3.001897).
    """
    directions = rng.standard_normal((count, y.ndim))
    axes = np.ogrid[tuple(slice(-(n // 2), n - n // 2) for n in y.shape)]
    return y.backend.asarray(np.stack([sum(c * axis for c, axis in zip(d, axes, strict=True)) > 0 for d in directions]))


def blur(backend: Backend, x: Array, sigma: float) -> Array:
    """Periodic Gaussian blur of real fields (B, *shape), by FFT."""
    ndim, shape = x.ndim - 1, tuple(x.shape[1:])
    spectrum = backend.rfftn(x, ndim)
    factor = np.ones((1,) * ndim)
    for axis, n in enumerate(shape):
        f = np.fft.rfftfreq(n) if axis == ndim - 1 else np.fft.fftfreq(n)
        factor = factor * np.exp(-2 * (np.pi * sigma * f) ** 2).reshape(tuple(-1 if axis == a else 1 for a in range(ndim)))
    spectrum = weighted(spectrum, backend.asarray(factor), out=spectrum)
    return backend.irfftn(spectrum, shape, hermitian=True)
