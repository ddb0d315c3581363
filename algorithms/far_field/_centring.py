"""Keeping what untrained networks draw in the middle of their frame.

A pattern does not say where its object stands. A fit begins it wherever a first blob comes up, and when it has grown to the
frame's edge, it is cut there: to move it, descent would have to draw it anew. So the frame is moved instead, which leaves every
amplitude as it was.
"""

from __future__ import annotations

import math

import numpy as np
import torch

_LEAST = 0.1
"""Length of the mean of unit vectors, one per pixel, towards positions on the circle, below which weights have no middle."""


def off_centre(weights: torch.Tensor) -> np.ndarray:
    """By how many pixels each object must be rolled to stand in the middle of its frame.

    The frame is taken as periodic: an object that goes out on one side and comes in on the other is one object. Weights that are
    spread evenly along an axis have no middle, and stay.

    Args:
        weights: real, not negative (starts, *frame).

    Returns:
        Integers (starts, ndim), each at most half a side.
    """
    rolls = np.zeros((weights.shape[0], weights.ndim - 1), dtype=np.int64)
    axes = range(1, weights.ndim)
    for axis in axes:
        n = weights.shape[axis]
        others = [other for other in axes if other != axis]
        profile = (weights.sum(others) if others else weights).cpu().numpy().astype(np.float64)
        mean = profile @ np.exp(2j * np.pi * np.arange(n) / n)
        certain = np.abs(mean) > _LEAST * profile.sum(axis=1)  # False where a start has diverged
        centre = np.angle(mean[certain]) * n / (2 * np.pi)
        roll = np.rint((n - 1) / 2 - centre).astype(np.int64)
        rolls[certain, axis - 1] = (roll + n // 2) % n - n // 2
    return rolls


def rolled(objects: torch.Tensor, rolls: np.ndarray) -> torch.Tensor:
    """Each of (starts, *frame) rolled by its row of (starts, ndim)."""
    if not rolls.any():
        return objects
    axes = tuple(range(objects.ndim - 1))
    return torch.stack([torch.roll(one, tuple(map(int, by)), axes) for one, by in zip(objects, rolls, strict=True)])


def ramped(spectra: torch.Tensor, rolls: np.ndarray) -> torch.Tensor:
    """The spectra, zero frequency first, of fields that are rolled: complex (starts, *shape), of fields of that shape."""
    for axis, n in enumerate(spectra.shape[1:], 1):
        by = torch.as_tensor(rolls[:, axis - 1], device=spectra.device)
        turns = (by[:, None] * torch.arange(n, device=spectra.device)) % n
        angles = turns.to(spectra.real.dtype) * (-2 * math.pi / n)
        ramp = torch.polar(torch.ones_like(angles), angles)
        spectra = spectra * ramp.reshape([-1, *(n if k == axis else 1 for k in range(1, spectra.ndim))])
    return spectra
