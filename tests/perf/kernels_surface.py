"""What it costs to score a surface and the look of a phase: each function prepares a call that runs once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench.core import Problem, Provenance, Reconstruction
from prbench.metrics.naturalness import brisque, niqe
from prbench.metrics.surface import height_error, skewness, surface_of
from prbench.physics.surface import equiangular_skewness, triangulate
from prbench.tasks.near_field import NearField


def phases(side: int, turns: float) -> tuple[np.ndarray, np.ndarray]:
    """A smooth phase over ``turns`` turns and a noisy copy of it, wrapped."""
    rows, columns = np.meshgrid(*2 * [np.linspace(-2, 2, side)], indexing="ij")
    truth = 2 * np.pi * turns * np.exp(-(rows**2) - (columns - 0.4) ** 2)
    noisy = truth + 0.1 * np.random.default_rng(0).standard_normal(truth.shape)
    return truth, np.angle(np.exp(1j * (noisy - np.pi * min(turns, 1)))) + np.pi * min(turns, 1)


def surface(side: int, turns: float = 0.25) -> Callable[[], object]:
    """Height, unwrapped where there is more than a turn, mesh, and the three scores of it."""
    truth, found = phases(side, turns)
    y = NearField(np.ones(truth.shape), wavelength_m=632.8e-9, pixel_m=8e-6, distance_m=1e-3, refractive_contrast=0.5)
    problem = Problem(y, Reconstruction(phase=truth), "perf", "test", Provenance("simulated", "none"))

    def score() -> tuple[float, float, float]:
        seen = surface_of(problem, Reconstruction(phase=found))
        assert seen is not None
        error = height_error(seen.truth, seen.estimate, seen.region)
        faces = equiangular_skewness(triangulate(seen.estimate, seen.pixel_m, seen.region))
        return float(np.mean(error**2)), float(np.mean(faces)), skewness(error)

    return score


def look(judge: str, side: int) -> Callable[[], object]:
    """One 8-bit image by BRISQUE or NIQE, their numbers read."""
    image = np.random.default_rng(0).integers(0, 256, (side, side)).astype(np.uint8)
    score = {"brisque": brisque, "niqe": niqe}[judge]
    score(image)
    return lambda: score(image)
