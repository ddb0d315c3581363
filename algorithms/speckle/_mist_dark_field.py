"""MIST's dark fields: the least squares of 2022 and 2023 over the pairs, in pixels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from prbench.backend import Array
from prbench.errors import BadInput
from prbench.physics.cosine import cosine_transform, inverse_cosine_transform
from prbench.tasks.speckle import SpeckleStack

from ._mist import laplacian, slopes
from ._strips import in_strips

_MICROMETRE = 1e-6
"""The unit of length in which the authors weigh the unknowns of their systems against each other."""

_ALIKE = 1e-12
"""A variance over the pairs that is this small beside the mean square is rounding."""


def slowly_varying(y: SpeckleStack, ridge: float) -> tuple[Array, Array]:
    """Least squares over the pairs of ``I_s / I_r = G1 + g lap(I_r) / I_r``; counted.

    Args:
        y: two pairs or more.
        ridge: Tikhonov's parameter on g, in units of the mean square of the variance of ``lap(I_r) / I_r`` over the pairs.

    Returns:
        ``1 - G1`` and g, (H, W), g in px^2 (``z D' T / pixel^2``).

    Raises:
        BadInput: where no pixel of the reference differs from one image to the next.
    """
    y.counters.operators += 1
    xp = y.backend.xp
    if isinstance(y.reference, np.ndarray):
        from ._mist_kernels import fit_slow

        out = np.empty((4, *y.shape))
        in_strips(lambda *rows: fit_slow(y.reference, y.sample, out, *rows), y.shape[0])
        u, v, variance, covariance = out
    else:
        u = v = uu = uv = xp.zeros_like(y.reference[0, ...], dtype=xp.float64)
        for n in range(y.images):
            R = y.reference[n, ...]
            a, b = xp.astype(laplacian(R, xp) / R, xp.float64), xp.astype(1 - y.sample[n, ...] / R, xp.float64)
            u, v, uu, uv = u + a / y.images, v + b / y.images, uu + a * a / y.images, uv + a * b / y.images
        variance, covariance = uu - u * u, uv - u * v
    if not float(variance.max()) > _ALIKE * float((u * u).mean()):
        raise BadInput("the reference images are all alike; a dark field needs the membrane at different positions")
    g = -covariance * variance / (variance**2 + ridge * (variance**2).mean())
    dtype = y.reference.dtype
    return xp.astype(v + g * u, dtype), xp.astype(g, dtype)


def rapidly_varying(y: SpeckleStack, ridge: float, r_m2: float) -> Array:
    """The variance V of the blur in px^2, transmission taken for 1, from V and its gradient fitted in every pixel; counted.

    Args:
        y: four pairs or more.
        ridge: Tikhonov's parameter, in units of the standard deviation of the system's entries.
        r_m2: V itself is believed at wavenumbers up to ``1 / sqrt(r)``, its gradient above.
    """
    y.counters.operators += 1
    curvature, slope = _MICROMETRE**2 / y.pixel_m**2, 2 * _MICROMETRE / y.pixel_m
    alpha = ridge * _spread(y, curvature, slope)
    weights = (alpha * np.array([1, 0.5 / curvature, 1 / slope, 1 / slope])) ** 2
    return _aggregated(y, _fitted(y, weights), r_m2 / y.pixel_m**2)


def _spread(y: SpeckleStack, curvature: float, slope: float) -> float:
    """Standard deviation of all entries of all systems, lengths in micrometres."""
    if isinstance(y.reference, np.ndarray):
        from ._mist_kernels import column_power

        sums = np.empty((y.shape[0], 2))
        in_strips(lambda *rows: column_power(y.reference, curvature, slope, sums, *rows), y.shape[0])
        total, power = sums.sum(axis=0)
    else:
        xp = y.backend.xp
        total = power = 0.0
        for n in range(y.images):
            R = xp.astype(y.reference[n, ...], xp.float64)
            rows, columns = slopes(R, xp)
            for entry in (R, -curvature * laplacian(R, xp), -slope * rows, -slope * columns):
                total, power = total + float(xp.sum(entry)), power + float(xp.sum(entry * entry))
    count = 4 * y.images * math.prod(y.shape)
    return math.sqrt(power / count - (total / count) ** 2)


def _fitted(y: SpeckleStack, weights: np.ndarray) -> Array:
    """V, its derivative along rows and along columns, (3, H, W): ``I_r - I_s = I_r x1 - lap(I_r) V / 2 - grad(I_r) . grad V``."""
    if isinstance(y.reference, np.ndarray):
        from ._mist_kernels import fit_rapid

        out = np.empty((3, *y.shape), y.reference.dtype)
        in_strips(lambda *rows: fit_rapid(y.reference, y.sample, weights, out, *rows), y.shape[0])
        return out
    from ._mist_kernels import eliminate

    xp = y.backend.xp
    sums: list[Any] = [0.0] * 14
    for n in range(y.images):
        R, S = (xp.astype(stack[n, ...], xp.float64) for stack in (y.reference, y.sample))
        rows, columns = slopes(R, xp)
        entries = (R, -laplacian(R, xp) / 2, -rows, -columns, R - S)
        products = (entries[p] * entries[q] for p in range(4) for q in range(p, 5))
        sums = [s + product for s, product in zip(sums, products, strict=True)]
    return xp.astype(xp.stack(list(eliminate(sums, [float(w) for w in weights]))), y.reference.dtype)


def _aggregated(y: SpeckleStack, parts: Array, r_px2: float) -> Array:
    """One V of V and its gradient: ``F^-1{ LP F[V] + (1 - LP) F[V_column + i V_row] / (i k_column - k_row) }``, its real part.

    ``LP = exp(-r kappa^2)``. The images are continued by their mirror images above and below and periodically to the sides, as
    the authors continue them; what is real of the second term is ``-i (1 - LP) (k . grad V) / kappa^2``. Five real transforms.
    """
    y.counters.ffts += 3
    backend = y.backend
    spectra = backend.rfftn(cosine_transform(parts, backend, (-2,)), 1)
    height, width = y.shape
    rows, columns = np.pi * np.arange(height)[:, None] / height, 2 * np.pi * np.fft.rfftfreq(width)[None]
    square = rows**2 + columns**2
    high = -np.expm1(-r_px2 * square)
    integral = high / np.where(square > 0, square, 1)

    def real(array: np.ndarray) -> Array:
        return backend.asarray(array, parts.dtype)

    cosines = real(1 - high) * spectra[0, ...] - 1j * (real(integral * columns) * spectra[2, ...])
    sines = real(integral * rows) * spectra[1, ...]
    if width % 2 == 0:  # the wave of alternating columns is its own partner of opposite sign, and its second term stays real
        cosines[:, -1] += real(-np.pi * integral[:, -1]) * spectra[1, :, -1]
    even, odd = (backend.irfftn(spectrum, (width,)) for spectrum in (cosines, sines))
    return inverse_cosine_transform(even, backend, (-2,), ("cos",)) + inverse_cosine_transform(odd, backend, (-2,), ("sin",))
