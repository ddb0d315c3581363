"""Conformance problems: small ones whose answer shows by which conventions a program computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .problem import Problem
from .reconstruction import Array, Reconstruction

Repair = Callable[[Reconstruction], Reconstruction]


@dataclass(frozen=True)
class Conformance:
    """A problem with an asymmetric truth, and how far an answer may be from it.

    Attributes:
        name: of the variant, in a few words.
        problem: measurement and truth; without noise.
        error: of an answer of the right shapes; only what the task leaves open for this very problem is removed.
        limit: error up to which conventions are right. It leaves room for methods that approximate.
        meaning: what the error is, with its unit.
        mistakes: what would have repaired an answer, by the convention that it then breaks.
    """

    name: str
    problem: Problem
    error: Callable[[Reconstruction], float]
    limit: float
    meaning: str
    mistakes: Mapping[str, Repair] = field(default_factory=dict)

    def diagnosis(self, result: Reconstruction) -> str:
        """The mistake without which an answer would be right, or empty where it is none of those."""
        for mistake, repair in self.mistakes.items():
            try:
                error = self.error(repair(result))
            except ValueError:  # an axis order that does not fit the frame
                continue
            if error <= self.limit:
                return mistake
        return ""


def relative_error(truth: Array, result: Array) -> float:
    """``|found - truth| / |truth|``; infinite where shapes differ or a number is not finite."""
    truth, result = np.asarray(truth), np.asarray(result)
    if truth.shape != result.shape or not np.isfinite(result).all():
        return float("inf")
    return float(np.linalg.norm(result - truth) / np.linalg.norm(truth))


def relative_error_of_map(truth: Array, result: Array, rim: int = 0) -> float:
    """As :func:`relative_error`, of real maps (H, W) minus their means, ``rim`` pixels at the edges left out."""
    inner = (slice(rim, -rim or None),) * 2
    if np.shape(truth) != np.shape(result):
        return float("inf")
    first, second = (np.asarray(array, np.float64)[inner] for array in (truth, result))
    return relative_error(first - first.mean(), second - second.mean())


def intensity_gap(expected: Array, intensity: Array, mask: Array | None = None) -> float:
    """Norm of the difference of two intensities of one shape, where measured, over 1e-4 of the norm of the second."""
    expected, intensity = np.asarray(expected, np.float64), np.asarray(intensity, np.float64)
    gap = expected - intensity
    if mask is not None:
        gap = gap[np.broadcast_to(np.asarray(mask), gap.shape)]
    return float(np.linalg.norm(gap) / np.linalg.norm(intensity)) / 1e-4
