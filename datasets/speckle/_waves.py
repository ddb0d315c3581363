"""Smooth random fields with their derivatives, and interpolation in a parameter between a few images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prbench.core import Rng

_WAVES = 12


@dataclass(frozen=True)
class Wavy:
    """A smooth field and its derivatives by pixel.

    Attributes:
        value: (H, W).
        gradient: (2, H, W), rows then columns.
        curvature: (3, H, W), second derivatives by row twice, by column twice, by both.
    """

    value: np.ndarray
    gradient: np.ndarray
    curvature: np.ndarray


def waves(rng: Rng, size: int, length_px: float) -> Wavy:
    """A sum of a dozen plane waves of random direction and phase, wavenumbers from half of ``1 / length_px`` to all of it."""
    angle, start = rng.uniform(0, 2 * np.pi, (2, _WAVES))
    k = rng.uniform(0.5, 1, _WAVES) / length_px
    height = rng.standard_normal(_WAVES)
    position = np.arange(size) - (size - 1) / 2
    value, gradient, curvature = np.zeros((size, size)), np.zeros((2, size, size)), np.zeros((3, size, size))
    for a, p, q, s in zip(height, k * np.cos(angle), k * np.sin(angle), start, strict=True):
        wave = a * np.exp(1j * (p * position[:, None] + q * position[None, :] + s))
        value += wave.real
        gradient -= np.multiply.outer([p, q], wave.imag)
        curvature -= np.multiply.outer([p * p, q * q, p * q], wave.real)
    return Wavy(value, gradient, curvature)


def chebyshev_nodes(end: float, count: int) -> np.ndarray:
    """Points of [0, end] through which polynomials interpolate best."""
    return np.asarray(end * (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / count)))


def interpolation_weights(nodes: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Lagrange's weights, (nodes, *at.shape), of values given at ``nodes`` for the values ``at``."""
    weights = np.ones((len(nodes), *at.shape))
    for i, node in enumerate(nodes):
        for j, other in enumerate(nodes):
            if i != j:
                weights[i] *= (at - other) / (node - other)
    return weights
