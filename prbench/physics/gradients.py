"""Integrating a gradient over an image."""

from __future__ import annotations

from typing import Any

import numpy as np

from prbench.backend import Array, Backend

from .cosine import cosine_transform, inverse_cosine_transform


def integrate_gradient(rows: Array, columns: Array, backend: Backend) -> Array:
    """The function whose gradient is nearest to the one given, in the sense of least squares, with mean zero.

    What is fitted are the differences between neighbours, along rows and columns with equal weight, to the integrals of the cubic
    through the four nearest samples of the gradient; so gradients that are polynomials of degree three or less are integrated
    exactly, up to the edges. The normal equations are Poisson's with the normal derivative given at the frame, which is to say
    the function continued by mirror images and its gradient by antisymmetric ones; cosines solve them.

    Args:
        rows: real (H, W), derivative along the first axis, by pixel.
        columns: real (H, W), derivative along the second axis, by pixel.
        backend: of both arrays. The work is two real FFTs of (H, W): one full FFT for the caller to count.

    Returns:
        Real (H, W).

    Sources: Frankot, Chellappa, IEEE Trans. PAMI 10 (1988) 439, doi:10.1109/34.3909; Bon, Monneret, Wattellier, Appl. Opt. 51
    (2012) 5698, doi:10.1364/AO.51.005698.
    """
    divergence = _divergence(rows, 0, backend.xp) + _divergence(columns, 1, backend.xp)
    poisson = [4 * np.sin(np.pi * np.arange(n) / (2 * n)) ** 2 for n in rows.shape]
    eigenvalues = poisson[0][:, None] + poisson[1]
    eigenvalues[0, 0] = 1  # the divergence of anything has mean zero
    spectrum = cosine_transform(divergence, backend)
    spectrum = spectrum * backend.asarray(-1 / eigenvalues, spectrum.dtype)
    spectrum[0, 0] = 0
    return inverse_cosine_transform(spectrum, backend)


def _divergence(gradient: Array, axis: int, xp: Any) -> Array:
    """Differences of the integrals between neighbours along an axis, none leading over the frame."""
    g = xp.moveaxis(gradient, axis, -1)
    none = xp.zeros_like(g[..., :1])
    steps = _integrals(g, xp)
    return xp.moveaxis(xp.concat([steps, none], axis=-1) - xp.concat([none, steps], axis=-1), -1, axis)


def _integrals(g: Array, xp: Any) -> Array:
    """Integrals along the last axis from each sample to the next."""
    if g.shape[-1] < 4:
        return (g[..., 1:] + g[..., :-1]) / 2
    inner = (13 * (g[..., 1:-2] + g[..., 2:-1]) - g[..., :-3] - g[..., 3:]) / 24
    first = (9 * g[..., :1] + 19 * g[..., 1:2] - 5 * g[..., 2:3] + g[..., 3:4]) / 24
    last = (9 * g[..., -1:] + 19 * g[..., -2:-1] - 5 * g[..., -3:-2] + g[..., -4:-3]) / 24
    return xp.concat([first, inner, last], axis=-1)
