"""The two halves of speckle tracking, on the host by compiled kernels and on a GPU by array operations.

A search over whole displacements in wide windows finds where to look; a windowed fit about that position finds the answer. Wide
windows have no false minima, and narrow ones resolve more; each does what it is good at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from prbench.backend import Array
from prbench.tasks.speckle import SpeckleStack

from . import _array_fits
from ._strips import in_strips
from ._windows import hamming, windowed

_SURE = 500
"""Pixels times images in a search window that tell right from wrong: several dozen speckles."""

_TOLERANCE_PX = 1.0
"""How far a block's displacement may lie from the median of its neighbourhood before that stands for it."""


def searched(y: SpeckleStack, R: Array, S: Array, reach: int) -> np.ndarray:
    """A displacement (2, H, W) within a fraction of a pixel, smooth over a dozen pixels, on the host; counted.

    Of all whole displacements up to ``reach`` the best in a window of some blocks of 4x4 pixels, the fewer images the wider;
    between them, and between blocks, interpolated. Blocks at odds with their neighbours take the neighbours' median.

    Args:
        y: whose images these are; counts one operator application a displacement.
        R: reference (N, H, W), its local mean removed or not.
        S: sample, likewise.
        reach: largest displacement along an axis, pixels.
    """
    from ._block_search import BLOCK, pick, repair, search, upsample

    y.counters.operators += (2 * reach + 1) ** 2
    height, width = R.shape[-2:]
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    taps = _block_taps(R.shape[0])
    if on_host(y):
        R, S = y.backend.to_numpy(R), y.backend.to_numpy(S)
        result = np.empty((2, rows, columns), R.dtype)
        in_strips(lambda first, last: search(R, S, reach, taps.astype(R.dtype), first, last, result), rows, 10)
    else:
        score = y.backend.to_numpy(_array_fits.scores(R, S, reach, taps, BLOCK, y.backend.xp))
        result = np.empty((2, rows, columns), score.dtype)
        for row in range(rows):
            pick(np.ascontiguousarray(score[:, row]), 2 * reach + 1, result[:, row])
    agreed, fine = np.empty_like(result), np.empty((2, height, width), result.dtype)
    repair(result, result.dtype.type(_TOLERANCE_PX), agreed)
    in_strips(lambda first, last: upsample(agreed, first, last, fine), height)
    return fine


def fitted(y: SpeckleStack, R: Array, S: Array, M: Array | None, guess: Array, reach: int, windows: Sequence[int]) -> Array:
    """Coefficients of S in R moved by ``guess`` and its derivatives, before them M where there is one; counted.

    Args:
        y: whose images these are.
        R: reference (N, H, W).
        S: sample.
        M: local mean of R, or None.
        guess: (2, H, W) within ``reach``, on the backend.
        reach: whole pixels.
        windows: sides of Hamming windows, each solved in; the sums over images are shared.

    Returns:
        (windows, 3, H, W): T, -T delta by rows and columns; or (windows, 4, H, W): b, K, -K delta.
    """
    y.counters.operators += 1
    if not on_host(y):
        xp = y.backend.xp
        return xp.stack(_array_fits.warped_fit(R, S, M, guess, reach, [hamming(window) for window in windows], xp))
    from ._window_fits import warped_fit

    R, S, guess = (y.backend.to_numpy(a) for a in (R, S, guess))
    M = R[:0] if M is None else y.backend.to_numpy(M)
    halves = np.array([window // 2 for window in windows])
    taps = np.stack([np.pad(hamming(window), max(windows) // 2 - window // 2) for window in windows]).astype(R.dtype)
    x = np.empty((len(windows), 4 if len(M) else 3, *R.shape[-2:]), R.dtype)
    in_strips(
        lambda first, last: warped_fit(R, S, M, guess, reach, taps, halves, first, last, x), R.shape[-2], 40 + 2 * max(windows)
    )
    return y.backend.asarray(x)


def on_host(y: SpeckleStack) -> bool:
    """Whether compiled kernels can reach the arrays."""
    return y.backend.device == "cpu"


def stepped(y: SpeckleStack, coefficients: Array, guess: Array, reach: int) -> Array:
    """The displacement (2, H, W) that a fit about ``guess`` tells: at most a pixel from it, and within ``reach``."""
    xp = y.backend.xp
    displacement = xp.empty_like(guess)

    def fill(first: int, last: int) -> None:
        rows = (slice(None), slice(first, last))
        step = xp.clip(ratio(-coefficients[-2:][rows], coefficients[-3][first:last], 0, xp), -1, 1)
        displacement[rows] = xp.clip(guess[rows] + step, -reach, reach)

    if on_host(y):
        in_strips(fill, guess.shape[1])
    else:
        fill(0, guess.shape[1])
    return displacement


def ratio(a: Array, b: Array, otherwise: float, xp: Any) -> Array:
    """``a / b``, and ``otherwise`` where b is nothing: a transmission or an amplitude of speckles of less than one millionth."""
    nonzero = xp.abs(b) > 1e-6
    return xp.where(nonzero, a / xp.where(nonzero, b, xp.ones_like(b)), xp.full_like(a, otherwise))


def smoothed(y: SpeckleStack, displacement: Array, window: int) -> Array:
    """A displacement averaged over the window, for another step to start from: its noise would add to the step's."""
    return windowed(displacement, hamming(window), y.backend.xp, beyond="edge")


def noise_between(a: Array, b: Array, share: float, xp: Any) -> float:
    """Standard deviation of ``share a + (1 - share) b`` for two measurements of one map whose noise differs, robustly.

    What is common to both, an error of the method among it, does not count. Of a large frame ten thousand numbers are asked.
    """
    differences = xp.reshape(xp.abs(a - b), (-1,))
    differences = xp.sort(differences[:: max(1, differences.shape[0] // 10_000)])
    return 1.4826 * math.sqrt(share * (1 - share)) * float(differences[differences.shape[0] // 2])


def _block_taps(images: int) -> np.ndarray:
    """Binomial window along one axis, in blocks: 3 of them, or 5 where images are few."""
    taps = np.array([1.0, 2, 1] if 64 * images >= _SURE else [1.0, 4, 6, 4, 1])
    return np.asarray(taps / taps.sum())
