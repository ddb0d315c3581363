"""Continuing an array into pixels that were not measured: the mean of what was measured around them."""

from __future__ import annotations

import numpy as np

_ENOUGH = 0.1
"""Share of a Gaussian's weight on measured pixels from which on their mean is taken; below, a wider one is."""


def continued(values: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """The array with means over Gaussian neighbourhoods in its unmeasured pixels.

    The width, 1, 2, 4, ... pixels, is for every pixel the least at which enough of the neighbourhood was measured: a gap is
    continued from its edges, a beamstop from the ring around it.

    Args:
        values: real, not negative, any number of axes; ignored where unmeasured.
        measured: bool, the same shape, True somewhere.

    Returns:
        The same shape and dtype: equal to ``values`` where measured, and elsewhere between the least and the largest of them.
    """
    from scipy.ndimage import gaussian_filter

    result = np.where(measured, values, values.dtype.type(0))
    known, weight = result.copy(), measured.astype(values.dtype)
    left, sigma = ~measured, 1.0
    while left.any():
        share = gaussian_filter(weight, sigma, mode="constant")
        now = left & ((share > _ENOUGH) if sigma < max(values.shape) else left)
        mean = gaussian_filter(known, sigma, mode="constant")[now] / np.maximum(share[now], np.finfo(values.dtype).tiny)
        result[now] = np.clip(mean, known[measured].min(), known[measured].max())
        left, sigma = left & ~now, 2 * sigma
    return result
