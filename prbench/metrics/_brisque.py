"""BRISQUE: a regression from statistics of natural scenes to the judgement of viewers, with the published support vectors."""

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
    gaussian_shape,
    halved,
    mirrored,
    neighbour_products,
    published,
)

BRISQUE_LEAST_PX = 32
"""Shortest side that BRISQUE is computed for, chosen so that its second scale is still twice its window of 7 pixels."""

BRISQUE_WORST = 527.138
"""Score of an image whose statistics are not defined: the largest value that the published regression takes for any features."""

_GAMMA, _RHO = 0.05, -153.591
"""Width of the kernel and offset of the published support vector regression."""

_STRIP = 64
"""Rows whose local means are computed at a time, so that they stay in the processor's cache."""


def brisque_enlargement(shape: tuple[int, ...]) -> int:
    """How many times an image is repeated along each axis before BRISQUE is computed: 1 from 32 pixels per side on."""
    return -(-BRISQUE_LEAST_PX // min(shape))


def brisque(image: Array) -> float:
    """BRISQUE of an image: about 0 for a fine photograph, above 100 for a ruined one; negative values occur.

    Mittal, Moorthy, Bovik, IEEE Trans. Image Process. 21 (2012) 4695, doi:10.1109/TIP.2012.2214050.
    The value is that of piq, which computes in single precision. Its last digits depend on the order of additions: where an image
    is smooth, its local variance is the difference of two large numbers. The photograph "camera" of scikit-image scores -7.26 in
    piq, -7.30 in piq with another of torch's convolutions, and -7.31 in double precision.

    An image under 32 pixels on a side is first continued by its mirror images to the smallest whole number of times its height
    and width that reaches 32 pixels. Mirroring keeps the local statistics; interpolation smooths them away.

    A constant image, and one whose neighbours have products of one sign only, such as stripes, has no statistics to judge. It
    scores :data:`BRISQUE_WORST`.

    Args:
        image: uint8 (H, W).

    Raises:
        BadInput: for an array that is no such image.
    """
    pixels = check_8bit(image, "brisque")
    if pixels.min() == pixels.max():
        return BRISQUE_WORST
    first = mirrored(pixels, brisque_enlargement(pixels.shape)).astype(np.float32)
    features = np.concatenate([_features(first), _features(halved(first).astype(np.float32))])
    return _regression(features) if np.isfinite(features).all() else BRISQUE_WORST


def _regression(features: Array) -> float:
    """The published support vector regression of 36 features."""
    model = _model()
    low, high = model["range"].T
    distances = ((model["sv"] - (2 * (features - low) / (high - low) - 1)) ** 2).sum(axis=1)
    return float(np.exp(-_GAMMA * distances) @ model["sv_coef"]) - _RHO


@functools.cache
def _model() -> dict[str, Array]:
    return published("brisque_svm")


def _features(image: Array) -> Array:
    """The 18 features of one scale of an image, float32 (H, W): shapes, variances and means; NaN where one is not defined."""
    normalized = contrast_normalized(image, _local_mean(image), _local_mean(image * image)).astype(np.float64)
    mean_square, mean_magnitude = float(np.mean(normalized**2)), float(np.mean(np.abs(normalized)))
    features = [gaussian_shape(mean_square, mean_magnitude), mean_square]
    for products in neighbour_products(normalized[None]):
        fit = AsymmetricGaussian.fit(products)
        features += [float(value[0]) for value in (fit.shape, fit.mean(), fit.left**2, fit.right**2)]
    return np.array(features)


@functools.cache
def _window() -> Array:
    """Weights of the Gaussian window with the roundings of piq, float32 (7, 7): the exponent, the exponential and the quotient by
    the sum are each rounded to single precision. Other roundings move the score of "camera" by 0.04.
    """
    squares = np.arange(-RADIUS, RADIUS + 1) ** 2
    exponent = -np.add.outer(squares, squares).astype(np.float32) / np.float32(2 * SIGMA**2)
    weights: Array = np.exp(exponent.astype(np.float64)).astype(np.float32)
    weights /= np.float32(weights.sum(dtype=np.float64))
    return weights


def _local_mean(image: Array) -> Array:
    """Mean in the window about each pixel, zero beyond the border; float32 (H, W).

    The 49 products are added in one order and one by one, as in piq, because a faster order rounds otherwise.
    """
    weights = _window()
    padded = np.pad(image, RADIUS)
    rows, columns = image.shape
    mean = np.zeros_like(image)
    for start in range(0, rows, _STRIP):
        total = mean[start : start + _STRIP]
        product = np.empty_like(total)
        for (i, j), weight in np.ndenumerate(weights):
            np.multiply(padded[start + i : start + i + len(total), j : j + columns], weight, out=product)
            total += product
    return mean
