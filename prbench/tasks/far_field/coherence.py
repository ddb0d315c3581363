"""Partial coherence: the pattern is blurred, because the beam's waves agree only over some distance.

For a beam whose degree of coherence depends on the distance of two points alone (Schell's model) the autocorrelation of the
object is multiplied by it at each lag, and the pattern of a coherent beam is convolved with its Fourier transform, the point
spread (Clark, Huang, Harder, Robinson, Nat. Commun. 3 (2012) 993, doi:10.1038/ncomms1994).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from prbench.backend import Array, Backend
from prbench.errors import BadInput


def gaussian_degree(shape: tuple[int, ...], width: float) -> np.ndarray:
    """``exp(-r^2 / (2 width^2))`` at lags r in pixels: float64 (*shape), lag zero first."""
    return np.asarray(np.exp(-_squared_lags(shape) / (2 * width**2)))


def blurred(intensity: np.ndarray, width: float) -> np.ndarray:
    """The pattern of a partially coherent beam from that of a coherent one, both with zero frequency at ``n // 2``.

    Args:
        intensity: real, not negative.
        width: standard deviation of the degree of coherence, pixels of the object.

    Returns:
        float64, the same shape; what rounding leaves below zero is zero.
    """
    import scipy.fft

    autocorrelation = scipy.fft.fftn(np.asarray(intensity, np.float64))
    estimate = scipy.fft.ifftn(autocorrelation * gaussian_degree(intensity.shape, width)).real
    return np.asarray(np.maximum(estimate, 0))


def longest_side(object_shape: tuple[int, ...]) -> int:
    """The length in pixels by which widths of the degree of coherence are given."""
    return max(object_shape)


REGULARISATION = 0.005
"""Where the coherence is known. A choice: less takes up noise sooner, more takes longer."""


@dataclass(frozen=True, eq=False)
class Coherence:
    """A degree of coherence on a grid of lags.

    Attributes:
        backend: where its arrays are.
        shape: of the detector.
        degree: real, at the lags that a real transform of the pattern has, 1 at lag zero.
        width: standard deviation of the Gaussian nearest to it, pixels of the object.
        least: part of a pixel's own intensity that is at least left there.
        regularisation: squared degree of coherence at which a projection puts back half of what is missing of an
            autocorrelation.
        spread: the point spread on the detector's grid, its middle first, that a fit has reached; None before.
    """

    backend: Backend
    shape: tuple[int, ...]
    degree: Array
    width: float
    least: float
    regularisation: float = REGULARISATION
    spread: np.ndarray | None = None

    @classmethod
    def gaussian(cls, backend: Backend, shape: tuple[int, ...], width: float) -> Coherence:
        """Of a Gaussian Schell-model beam."""
        degree = gaussian_degree(shape, width)
        return cls(backend, shape, _half(backend, degree), width, _LEAST * float(degree.mean()))

    @classmethod
    def of_point_spread(cls, backend: Backend, spread: np.ndarray, width: float) -> Coherence:
        """Of a symmetric point spread on the detector's grid, its middle first, its sum 1."""
        degree = np.fft.fftn(spread).real
        return cls(backend, tuple(spread.shape), _half(backend, degree), width, _LEAST * float(degree.mean()), spread=spread)

    def blur(self, intensity: Array) -> Array:
        """The patterns that a detector sees of coherent ones, real (B, *shape), zero frequency first.

        Rounding and fields too large for the grid cannot make a pixel darker than a part of its own intensity. Costs one complex
        transform a field, which the caller counts.
        """
        spectrum = self.backend.rfftn(intensity, len(self.shape))
        spectrum *= self.degree
        estimate = self.backend.irfftn(spectrum, self.shape)
        return self.backend.xp.maximum(estimate, self.least * intensity)

    def sharpen(self, pattern: Array) -> Array:
        """A regularised inverse of the blur, of real (B, *shape). Costs as much."""
        spectrum = self.backend.rfftn(pattern, len(self.shape))
        spectrum *= self.degree / (self.degree**2 + self.regularisation)
        return self.backend.irfftn(spectrum, self.shape)

    def sharpened(self, intensity: Array, pattern: Array, measured: Array) -> Array:
        """The intensities (B, *shape) that a pattern asks for once its blur is undone. Costs two blurs.

        They change by what is missing of the pattern, deconvolved: a regularised inverse of the blur, applied in every projection
        anew, comes to rest only where the blurred intensities are the pattern.

        Args:
            intensity: present, of coherent light, real (B, *shape), zero frequency first.
            pattern: real (*shape).
            measured: bool (*shape); elsewhere nothing is missing.
        """
        xp = self.backend.xp
        nothing = xp.zeros_like(intensity)
        missing = xp.where(measured, pattern - self.blur(intensity), nothing)
        return xp.maximum(intensity + self.sharpen(missing), nothing)

    def spread_back(self, weights: Array) -> Array:
        """The adjoint of the blur, without its lower bound: of real (B, *shape). Costs as much."""
        spectrum = self.backend.rfftn(weights, len(self.shape))
        spectrum *= self.degree
        return self.backend.irfftn(spectrum, self.shape)


_LEAST = 0.1
"""Of the middle of the point spread: below it only rounding leads."""


def _half(backend: Backend, degree: np.ndarray) -> Array:
    real = np.float32 if backend.precision == "single" else np.float64
    return backend.asarray(np.ascontiguousarray(degree[..., : degree.shape[-1] // 2 + 1]).astype(real))


def _squared_lags(shape: tuple[int, ...]) -> np.ndarray:
    squared = np.zeros((1,) * len(shape))
    for axis, n in enumerate(shape):
        lags = np.fft.fftfreq(n, 1 / n)
        squared = squared + (lags**2).reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return squared


def named_coherence(
    backend: Backend, shape: tuple[int, ...], object_shape: tuple[int, ...], aux: Mapping[str, Any]
) -> Coherence | None:
    """The Gaussian degree of coherence whose width ``aux["coherence"]`` gives in sides of the object's frame; None without.

    Raises:
        BadInput: for a width that is not one positive number.
    """
    named = aux.get("coherence")
    if named is None:
        return None
    width = float(np.asarray(named).reshape(-1)[0]) if np.size(named) == 1 else math.nan
    if not 0 < width < math.inf:
        raise BadInput(f"aux['coherence'] must be one positive number, in sides of the object's frame, got {named!r}")
    return Coherence.gaussian(backend, shape, width * longest_side(object_shape))


def nearest_width(degree: np.ndarray, weight: np.ndarray) -> float:
    """The width of the Gaussian nearest to a degree of coherence, pixels; infinite where that is 1 everywhere.

    Least squares of its logarithm, lags weighted by ``weight`` and by the degree itself, where noise has least say.

    Args:
        degree: real (*shape), lag zero first.
        weight: real, not negative, the same shape, such as the squared autocorrelation of the object.
    """
    squared = _squared_lags(degree.shape)
    floor = np.maximum(degree, 1e-3)
    weight = weight * np.where(degree > 1e-3, floor, 0) ** 2
    fall = -float((weight * squared * np.log(floor)).sum())
    return math.sqrt(float((weight * squared**2).sum()) / (2 * fall)) if fall > 0 else math.inf
