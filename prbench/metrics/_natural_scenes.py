"""Statistics of natural scenes, which BRISQUE and NIQE share.

Subtract the local mean of a photograph, divide by the local contrast, and the result follows a generalized Gaussian distribution;
products of neighbours follow an asymmetric one. Distortions change the parameters of these distributions, and both scores are
functions of the parameters (Mittal, Moorthy, Bovik, IEEE Trans. Image Process. 21 (2012) 4695, doi:10.1109/TIP.2012.2214050). The
asymmetric distribution is fitted by its moments (Lasmar, Stitou, Berthoumieu, ICIP 2009, doi:10.1109/ICIP.2009.5414404).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from prbench.backend import Array
from prbench.errors import BadInput

if TYPE_CHECKING:
    from scipy import sparse

NUMBERS = Path(__file__).parent / "numbers"
"""Folder of the published numbers."""

RADIUS = 3
"""Of the window of local means, in pixels; the window has 7x7."""

SIGMA = 7 / 6
"""Standard deviation of the window's Gaussian, in pixels."""

SHAPES = np.arange(200, 10001) / 1000
"""Shape parameters that a fit chooses from; 2 is a Gaussian, 1 a Laplacian."""

_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns from a pixel to its neighbour: horizontal, vertical and the two diagonals."""


def published(name: str) -> dict[str, Array]:
    """Arrays of a file of published numbers, float64."""
    with np.load(NUMBERS / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key].astype(np.float64) for key in file.files}


def check_8bit(image: Array, name: str) -> Array:
    """The image as an array.

    Raises:
        BadInput: for anything but uint8 (H, W) with at least one pixel.
    """
    pixels: Array = np.asarray(image)
    if pixels.ndim != 2 or pixels.dtype != np.uint8 or not pixels.size:
        raise BadInput(f"{name} needs an 8-bit image (rows, columns) of dtype uint8, got {pixels.dtype} of shape {pixels.shape}")
    return pixels


def mirrored(image: Array, times: int) -> Array:
    """The image continued by its mirror images to ``times`` its height and width."""
    extended: Array = np.pad(image, [(0, (times - 1) * n) for n in image.shape], mode="symmetric")
    return extended


def contrast_normalized(image: Array, mean: Array, mean_square: Array) -> Array:
    """The image minus its local mean, over its local standard deviation plus one grey level; the image's dtype and shape."""
    deviation = np.sqrt(np.abs(mean_square - mean * mean))
    normalized: Array = (image - mean) / (deviation + 1)
    return normalized


def halved(image: Array) -> Array:
    """The image at half the size, rounded down, float64 (H // 2, W // 2).

    Cubic convolution (Keys, a = -1/2) whose kernel is stretched by the reduction against aliasing; the image is mirrored at its
    borders. This is MATLAB's ``imresize``, with which the published numbers were made.
    """
    rows = _halving(image.shape[0]) @ np.asarray(image, np.float64)
    result: Array = np.ascontiguousarray((_halving(image.shape[1]) @ rows.T).T)
    return result


@functools.lru_cache(maxsize=16)
def _halving(n: int) -> sparse.csr_matrix:
    """Weights of ``n`` pixels in ``n // 2``, each row with the sum 1."""
    from scipy import sparse

    size = n // 2
    scale = size / n
    centers = (np.arange(size) + 0.5) / scale - 0.5
    reach = int(np.ceil(2 / scale))
    taps = np.floor(centers).astype(np.intp)[:, None] + np.arange(-reach, reach + 2)
    x = np.abs(centers[:, None] - taps) * scale
    weights = np.where(x <= 1, (1.5 * x - 2.5) * x**2 + 1, np.where(x <= 2, ((2.5 - 0.5 * x) * x - 4) * x + 2, 0))
    weights /= weights.sum(axis=1, keepdims=True)
    folded = taps % (2 * n)
    columns = np.where(folded < n, folded, 2 * n - 1 - folded)
    rows = np.broadcast_to(np.arange(size)[:, None], columns.shape)
    return sparse.csr_matrix((weights.ravel(), (rows.ravel(), columns.ravel())), shape=(size, n))


def neighbour_products(blocks: Array) -> Iterator[Array]:
    """Products of every pixel and its neighbour in the four directions, each of shape (n, h * w), for blocks (n, h, w).

    Beyond the border of a block stands its opposite border.
    """
    for shift in _SHIFTS:
        yield (blocks * np.roll(blocks, shift, axis=(1, 2))).reshape(len(blocks), -1)


def gaussian_shape(mean_square: float, mean_magnitude: float) -> float:
    """Shape of the generalized Gaussian with these moments."""
    return float(_nearest(-1 / _ratios(), np.asarray(-mean_square / mean_magnitude**2)))


@dataclass(frozen=True)
class AsymmetricGaussian:
    """Asymmetric generalized Gaussians, one per set of samples; all arrays float64 (n,).

    Attributes:
        shape: 2 for Gaussians. Where a set has samples of one sign only, so that the fit is not defined, the least of
            :data:`SHAPES`, as the published programs have it.
        left: root mean square of the samples below zero, NaN without any.
        right: root mean square of the samples above zero, NaN without any.
    """

    shape: Array
    left: Array
    right: Array

    @classmethod
    def fit(cls, samples: Array) -> AsymmetricGaussian:
        """The distribution of each row of ``samples`` (n, m)."""
        negative = np.minimum(samples, 0)
        left_sum = np.einsum("ij,ij->i", negative, negative)
        square_sum = np.einsum("ij,ij->i", samples, samples)
        magnitude = (samples.sum(axis=1) - 2 * negative.sum(axis=1)) / samples.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.sqrt(left_sum / np.count_nonzero(samples < 0, axis=1))
            right = np.sqrt((square_sum - left_sum) / np.count_nonzero(samples > 0, axis=1))
            skew = left / right
            ratio = magnitude**2 / (square_sum / samples.shape[1])
            ratio = ratio * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
        return cls(_nearest(_ratios(), ratio), left, right)

    def scale(self) -> Array:
        """What turns a root mean square into the distribution's scale parameter."""
        scale: Array = np.exp((_log_gamma(1 / self.shape) - _log_gamma(3 / self.shape)) / 2)
        return scale

    def mean(self) -> Array:
        """Mean of the distribution."""
        factor = np.exp(_log_gamma(2 / self.shape) - (_log_gamma(1 / self.shape) + _log_gamma(3 / self.shape)) / 2)
        mean: Array = (self.right - self.left) * factor
        return mean


@functools.cache
def _ratios() -> Array:
    """The squared mean magnitude over the mean square of a generalized Gaussian of each shape; it grows with the shape."""
    ratios: Array = np.exp(2 * _log_gamma(2 / SHAPES) - _log_gamma(1 / SHAPES) - _log_gamma(3 / SHAPES))
    return ratios


def _log_gamma(x: Array) -> Array:
    from scipy.special import gammaln  # takes as long to import as all metrics together, which most cells do not score

    result: Array = gammaln(x)
    return result


def _nearest(table: Array, values: Array) -> Array:
    """The shapes whose entries in an increasing table are nearest to the values; the least shape for NaN."""
    middles = (table[1:] + table[:-1]) / 2
    shapes: Array = np.where(np.isnan(values), SHAPES[0], SHAPES[np.minimum(np.searchsorted(middles, values), len(SHAPES) - 1)])
    return shapes
