"""Conformance of deblurring programs: an asymmetric picture under an asymmetric kernel, which is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from prbench.backend import get_backend
from prbench.core import Problem, Provenance, Reconstruction
from prbench.core.conformance import Conformance

from .measurement import BlurredImage

_SHAPE, _KERNEL_SHAPE = (64, 52), (7, 5)
_IMAGE_SHARE, _KERNEL_GAP = 0.8, 0.4


def conformance() -> tuple[Conformance, ...]:
    """One problem, which a program that needs no kernel takes as any other."""
    kernel = np.zeros(_KERNEL_SHAPE)
    kernel[1:6, 1], kernel[5, 1:4], kernel[1, 2] = [1, 1, 2, 2, 3], [3, 2, 1], 0.5
    kernel /= kernel.sum()
    image = _picture(tuple(n + k - 1 for n, k in zip(_SHAPE, _KERNEL_SHAPE, strict=True)))
    truth = Reconstruction(image=image, kernel=kernel)
    ideal = BlurredImage(np.ones(_SHAPE), _KERNEL_SHAPE).to(get_backend("numpy", "double"))
    seen = np.asarray(ideal.forward(truth))
    measurement = BlurredImage(seen.astype(np.float32), _KERNEL_SHAPE, noise_sigma=0.0, kernel=kernel)
    problem = Problem(measurement, truth, "conformance", "tune", Provenance("computed", "CC0-1.0"))
    mistakes = {
        "the kernel is reversed": _changed("kernel", lambda k: k[::-1, ::-1]),
        "the image is reversed": _changed("image", lambda x: x[::-1, ::-1]),
        "the image's range is not the measurement's": _changed("image", lambda x: x * image.mean() / x.mean()),
    }
    meaning = (
        f"error of the image over {_IMAGE_SHARE} times the blurred image's, or what the kernel's correlation with the true one "
        f"lacks of 1 over {_KERNEL_GAP}, whichever is more; a common shift removed, but no flip"
    )
    error = lambda r: _error(image, kernel, seen, r)  # noqa: E731 - one line reads best
    return (Conformance("known kernel", problem, error, 1.0, meaning, mistakes),)


def truth_gap(problem: Problem) -> float:
    """Norm of the blurred image minus what the true image and kernel make, over 1e-5 of its own norm."""
    y, truth = problem.measured(BlurredImage), problem.truth
    assert truth is not None
    return y.misfit(truth) / 1e-5


def _picture(shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = np.indices(shape)
    picture = 0.2 + 0.003 * rows
    picture += 0.5 * ((rows - 22) ** 2 + (columns - 34) ** 2 < 80)
    picture += 0.4 * ((rows > 40) & (rows < 60) & (columns > 8) & (columns < 22))
    picture += 0.3 * ((rows // 4 + columns // 3) % 2) * (rows > 44) * (columns > 28)
    return np.asarray(picture)


def _error(image: np.ndarray, kernel: np.ndarray, seen: np.ndarray, result: Reconstruction) -> float:
    x, k = (np.asarray(array, np.float64) for array in (result.image, result.kernel))
    if x.shape != image.shape or k.shape != kernel.shape or not (np.isfinite(x).all() and np.isfinite(k).all()):
        return float("inf")
    margin = [n // 2 for n in kernel.shape]
    inner = tuple(slice(m + 4, -m - 4) for m in margin)
    blurred = np.linalg.norm(np.pad(seen, [(m, m) for m in margin], mode="edge")[inner] - image[inner])
    shifts = [(i, j) for i in range(-margin[0], margin[0] + 1) for j in range(-margin[1], margin[1] + 1)]
    gaps = {shift: np.linalg.norm(np.roll(x, shift, (0, 1))[inner] - image[inner]) for shift in shifts}
    best = min(gaps, key=lambda shift: gaps[shift])
    moved = np.roll(k, (-best[0], -best[1]), (0, 1))
    similarity = float(np.sum(moved * kernel) / (np.linalg.norm(moved) * np.linalg.norm(kernel) or 1.0))
    return max(float(gaps[best] / blurred) / _IMAGE_SHARE, (1 - similarity) / _KERNEL_GAP)


def _changed(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Reconstruction], Reconstruction]:
    def repaired(result: Reconstruction) -> Reconstruction:
        arrays: dict[str, Any] = {name: change(np.asarray(getattr(result, name)))}
        return dataclasses.replace(result, **arrays)

    return repaired
