"""Deconvolution with a given kernel, by which kernels are compared: least squares with few gradients, in numpy."""

from __future__ import annotations

import numpy as np

from prbench.backend import Array

from .measurement import BlurredImage

_WEIGHT, _EXPONENT = 0.0068, 0.8
"""Of the sum of the gradients' lengths to this power, the image's range being 1: the published ones."""

_SMALL = 0.01
"""Gradients below it count by their square, in the same units."""

_ROUNDS, _STEPS = 3, 30
"""Weighings of the gradients, the first of them equal; steps of conjugate gradients of each."""


def sparse_deconvolution(y: BlurredImage, kernel: Array) -> Array:
    """The image of ``min |k * x - y|^2 + w sum |dx|^0.8``, by least squares weighted anew: float64 (*object_shape).

    Levin, Fergus, Durand, Freeman, ACM Trans. Graph. 26 (2007) 70, doi:10.1145/1276377.1276464: differences of neighbours along
    both axes, normal equations by conjugate gradients, beginning with the blurred image, edge repeated.

    Args:
        y: on the host.
        kernel: real (*kernel_shape).
    """
    image = np.asarray(y.image, np.float64)
    span = float(np.ptp(image)) or 1.0
    measured = np.ones(image.shape) if y.mask is None else np.asarray(y.mask, np.float64)
    blur = _Blur(y.object_shape, np.asarray(kernel, np.float64))
    x = np.pad(image / span, [(k // 2, k // 2) for k in y.kernel_shape], mode="edge")
    wanted = blur.adjoint(measured * image / span)
    weights = [np.ones(d.shape) for d in _differences(x)]
    for round_ in range(_ROUNDS):
        if round_:
            weights = [np.maximum(np.abs(d), _SMALL) ** (_EXPONENT - 2) for d in _differences(x)]
        x = _solved(blur, measured, weights, wanted, x)
    return span * x


def _solved(blur: _Blur, measured: Array, weights: list[Array], wanted: Array, x: Array) -> Array:
    """Conjugate gradients on the normal equations from ``x``."""

    def normal(v: Array) -> Array:
        rough = [w * d for w, d in zip(weights, _differences(v), strict=True)]
        return blur.adjoint(measured * blur.apply(v)) + _WEIGHT * _adjoint_differences(rough, v.shape)

    rest = wanted - normal(x)
    direction, power = rest, float(np.vdot(rest, rest))
    for _ in range(_STEPS):
        if not power > 0:
            break
        image = normal(direction)
        length = power / float(np.vdot(direction, image))
        x, rest = x + length * direction, rest - length * image
        last, power = power, float(np.vdot(rest, rest))
        direction = rest + power / last * direction
    return x


class _Blur:
    """The determined part of a convolution and its adjoint, with the kernel's spectrum kept, in a frame of quick FFTs."""

    def __init__(self, shape: tuple[int, int], kernel: Array) -> None:
        from scipy import fft

        self._fft, self._shape = fft, shape
        self._frame = [fft.next_fast_len(n, real=True) for n in shape]
        self._spectrum = fft.rfft2(kernel, self._frame)
        self._seen = tuple(slice(k - 1, n) for k, n in zip(kernel.shape, shape, strict=True))

    def apply(self, x: Array) -> Array:
        full = self._fft.irfft2(self._spectrum * self._fft.rfft2(x, self._frame), self._frame)
        return np.asarray(full[self._seen])

    def adjoint(self, z: Array) -> Array:
        framed = np.zeros(self._frame)
        framed[self._seen] = z
        full = self._fft.irfft2(np.conj(self._spectrum) * self._fft.rfft2(framed), self._frame)
        return np.asarray(full[: self._shape[0], : self._shape[1]])


def _differences(x: Array) -> list[Array]:
    return [np.diff(x, axis=0), np.diff(x, axis=1)]


def _adjoint_differences(parts: list[Array], shape: tuple[int, ...]) -> Array:
    """Adjoint of :func:`_differences`."""
    result = np.zeros(shape)
    down, right = parts
    result[1:] += down
    result[:-1] -= down
    result[:, 1:] += right
    result[:, :-1] -= right
    return result
