"""Conformance of programs for random maps: coded diffraction patterns, and a matrix."""

from __future__ import annotations

import dataclasses

import numpy as np

from prbench.backend import get_backend
from prbench.core import Problem, Provenance, Reconstruction
from prbench.core.conformance import Conformance, intensity_gap, relative_error

from .measurement import RandomLinear

_LIMIT = 0.6
_PATTERNS = 12


def conformance() -> tuple[Conformance, ...]:
    """Two problems; a program that takes one of both kinds conforms by that."""
    rng = np.random.default_rng(5)
    shape = (16, 12)
    x = _object(shape)
    masks = np.exp(2j * np.pi * rng.random((_PATTERNS, 1, *shape))).astype(np.complex64)
    y = RandomLinear(np.ones((_PATTERNS, *shape), np.float32), modulations=masks)
    patterns = RandomLinear(_intensity(y, x), modulations=masks)
    vector = x.reshape(-1)[:96]
    rows = rng.standard_normal((_PATTERNS * len(vector), len(vector), 2)) @ [1, 1j] / np.sqrt(2)
    matrix = rows.astype(np.complex64)
    linear = RandomLinear(np.ones(len(matrix), np.float32), matrix=matrix)
    mapped = RandomLinear(_intensity(linear, vector), matrix=matrix)
    return _variant("coded diffraction patterns", patterns, x), _variant("random matrix", mapped, vector)


def truth_gap(problem: Problem) -> float:
    """As :func:`~prbench.core.conformance.intensity_gap`, of the true object."""
    y, truth = problem.measured(RandomLinear), problem.truth
    assert truth is not None
    return intensity_gap(y.forward(truth.object), y.intensity, y.mask)


def _variant(name: str, measurement: RandomLinear, truth: np.ndarray) -> Conformance:
    problem = Problem(measurement, Reconstruction(object=truth), "conformance", "tune", Provenance("computed", "CC0-1.0"))
    mistakes = {
        "the object is the conjugate of what it should be": lambda r: dataclasses.replace(r, object=np.conj(r.object)),
        "the axes of the object are reversed": lambda r: dataclasses.replace(r, object=np.flip(r.object)),
    }
    meaning = "relative error of the object, global phase removed"
    return Conformance(name, problem, lambda r: _error(truth, r.object), _LIMIT, meaning, mistakes)


def _object(shape: tuple[int, int]) -> np.ndarray:
    rows, columns = np.indices(shape)
    amplitude = 0.3 + ((rows - 4) ** 2 + (columns - 8) ** 2 < 9) + 0.04 * rows
    return np.asarray(amplitude * np.exp(1j * (0.3 * rows - 0.1 * columns * columns / 6)), np.complex64)


def _intensity(y: RandomLinear, x: np.ndarray) -> np.ndarray:
    return np.asarray(y.to(get_backend("numpy", "double")).forward(x.astype(np.complex128))).astype(np.float32)


def _error(truth: np.ndarray, found: np.ndarray) -> float:
    if np.shape(found) != truth.shape or not np.isfinite(found).all():
        return float("inf")
    return relative_error(truth, found * np.exp(1j * np.angle(np.vdot(found, truth))))
