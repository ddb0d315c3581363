"""NIQE: the distance between the statistics of an image and those of undistorted photographs, whose numbers are published."""

from __future__ import annotations

import functools

import numpy as np

from prbench.backend import Array

from ._natural_scenes import (
    RADIUS,
    SIGMA,
    AsymmetricGaussian,
    check_8bit,
    contrast_normalized,
    halved,
    mirrored,
    neighbour_products,
    published,
)

NIQE_BLOCK_PX = 96
"""Side of the blocks that NIQE compares; it needs two of them at least."""

NIQE_WORST = 33906.3
"""Score of an image whose statistics are not defined: no image can be farther from the photographs.

In units of the photographs' standard deviation along their narrowest direction, this is how far the farthest corner of the box of
possible features is from their mean. Shapes lie between 0.2 and 10, and no pixel is farther from its local mean than 2.742 local
standard deviations, because its own weight in the window is 0.117.
"""

_WINDOW_SUM = 1 + 1.135e-8
"""Sum of the 49 weights of the window in pyiqa, which are rounded to single precision.

Kept, because it decides on which side of zero the pixels of a flat area count: a grey area is minutely darker than its mean, so
that products of its pixels are positive; a black area is zero and counts on neither side.
"""


def niqe_enlargement(shape: tuple[int, ...]) -> int:
    """How many times an image is repeated along each axis before NIQE is computed: 1 where it holds two blocks."""
    times = 1
    while _blocks_in([times * n for n in shape]) < 2:
        times += 1
    return times


def niqe(image: Array) -> float:
    """NIQE of an image: about 3 for a fine photograph, larger for a less natural image.

    Mittal, Soundararajan, Bovik, IEEE Signal Process. Lett. 20 (2013) 209, doi:10.1109/LSP.2012.2227726.
    The value is that of pyiqa.

    An image without room for two blocks of 96x96 pixels is first continued by its mirror images to the smallest whole number of
    times its height and width that has room for them. Mirroring keeps the local statistics, and with them the order of scores:
    crops of 110x110 pixels from eight photographs, each in eight states from sharp to blurred or noisy, were ordered like the
    whole photographs (rank correlation 0.93). Magnified by repeated pixels (0.65), linear (0.20) or cubic interpolation (0.66),
    they were ordered worse. A small image scores higher than the whole that it is cut from, by a factor of 1.2 at 110 pixels
    (median).

    A block without structure is left out of the covariance. An image of such blocks alone has no statistics to judge. It scores
    :data:`NIQE_WORST`.

    Args:
        image: uint8 (H, W).

    Raises:
        BadInput: for an array that is no such image.
    """
    pixels = check_8bit(image, "niqe")
    if pixels.min() == pixels.max():
        return NIQE_WORST
    first = mirrored(pixels, niqe_enlargement(pixels.shape)).astype(np.float64)
    rows, columns = (n - n % NIQE_BLOCK_PX for n in first.shape)
    first = first[:rows, :columns]
    features = np.hstack([_features(first, NIQE_BLOCK_PX), _features(halved(first), NIQE_BLOCK_PX // 2)])
    complete = features[np.isfinite(features).all(axis=1)]
    return _distance(np.nanmean(features, axis=0), complete) if len(complete) else NIQE_WORST


def _distance(mean: Array, complete: Array) -> float:
    """Distance of the mean features (36,) of an image from those of photographs, in units of the spread of both; one block alone
    has no spread.
    """
    photographs = _photographs()
    covariance = photographs["cov"] + (np.cov(complete, rowvar=False) if len(complete) > 1 else 0)
    difference = photographs["mu"].ravel() - mean
    return float(np.sqrt(difference @ np.linalg.solve(covariance / 2, difference)))


@functools.cache
def _photographs() -> dict[str, Array]:
    return published("niqe_pristine")


def _blocks_in(shape: list[int]) -> int:
    return int(np.prod([n // NIQE_BLOCK_PX for n in shape]))


def _features(image: Array, side: int) -> Array:
    """The 18 features of each block of one scale of an image (H, W), float64 (blocks, 18); NaN where one is not defined."""
    normalized = contrast_normalized(image, _local_mean(image), _local_mean(image * image))
    rows, columns = (n // side for n in image.shape)
    blocks = normalized.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(-1, side, side)
    fit = AsymmetricGaussian.fit(blocks.reshape(len(blocks), -1))
    features = [fit.shape, (fit.left + fit.right) / 2 * fit.scale()]
    for products in neighbour_products(blocks):
        fit = AsymmetricGaussian.fit(products)
        features += [fit.shape, fit.mean(), fit.left * fit.scale(), fit.right * fit.scale()]
    return np.stack(features, axis=1)


def _local_mean(image: Array) -> Array:
    """Mean in the window about each pixel, the border's pixels repeated beyond it; float64 (H, W)."""
    from scipy.ndimage import correlate1d

    factors = np.exp(-((np.arange(-RADIUS, RADIUS + 1) / SIGMA) ** 2) / 2)
    factors /= factors.sum()
    rows = correlate1d(image, factors * _WINDOW_SUM, axis=0, mode="nearest")
    mean: Array = correlate1d(rows, factors, axis=1, mode="nearest")
    return mean
