"""Conformance of far-field programs: an asymmetric object in a known, asymmetric support."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from prbench.backend import get_backend
from prbench.core import Problem, Provenance, Reconstruction
from prbench.core.conformance import Conformance, intensity_gap

from .measurement import FarField

_SHAPE = (64, 48)
_LIMIT = 0.5


def conformance() -> tuple[Conformance, ...]:
    """One problem: the support tells the object from its twin, so that neither conjugate nor flip is left open."""
    truth = _object()
    y = FarField(np.ones(_SHAPE, np.float32))
    full = np.asarray(y.pad(truth))
    intensity = np.asarray(y.to(get_backend("numpy", "double")).forward(truth)).astype(np.float32)
    measurement = FarField(intensity, support=full != 0)
    problem = Problem(measurement, Reconstruction(object=truth), "conformance", "tune", Provenance("computed", "CC0-1.0"))
    mistakes = {
        "the object is the conjugate of what it should be": _changed(np.conj),
        "the axes of the object are reversed": _changed(lambda x: x[::-1, ::-1]),
        "the object is the twin, conjugate and reversed": _changed(lambda x: np.conj(x[::-1, ::-1])),
        "rows are reversed": _changed(lambda x: x[::-1]),
        "columns are reversed": _changed(lambda x: x[:, ::-1]),
    }
    meaning = "relative error of the object, global phase and whole-pixel shift removed, but no flip"
    return (Conformance("known support", problem, lambda x: _error(truth, x.object), _LIMIT, meaning, mistakes),)


def truth_gap(problem: Problem) -> float:
    """As :func:`~prbench.core.conformance.intensity_gap`, of the true object."""
    y, truth = problem.measured(FarField), problem.truth
    assert truth is not None
    return intensity_gap(y.to(y.backend).forward(truth.object), y.intensity, y.mask)


def _object() -> np.ndarray:
    """An L with a weight at one end and a phase that rises along it, complex (32, 24)."""
    rows, columns = np.mgrid[:32, :24]
    inside = ((columns >= 4) & (columns < 10) & (rows >= 4) & (rows < 27)) | (
        (rows >= 20) & (rows < 27) & (columns < 20) & (columns >= 4)
    )
    amplitude = np.where(inside, 0.5 + 0.02 * rows + 0.03 * columns, 0.0)
    amplitude += inside * ((rows - 23) ** 2 + (columns - 16) ** 2 < 9)
    phase = 0.06 * (rows - 16) + 0.9 * np.sin(columns / 5)
    return np.asarray(amplitude * np.exp(1j * phase), np.complex64)


def _error(truth: np.ndarray, found: np.ndarray) -> float:
    """The least over all cyclic shifts by whole pixels and all global phases and scales of modulus near 1."""
    if np.shape(found) != truth.shape or not np.isfinite(found).all():
        return float("inf")
    padded = [np.pad(np.asarray(x, np.complex128), [(0, n) for n in truth.shape]) for x in (truth, found)]
    overlap = np.abs(np.fft.ifft2(np.fft.fft2(padded[0]) * np.conj(np.fft.fft2(padded[1])))).max()
    squares = [float(np.sum(np.abs(x) ** 2)) for x in padded]
    return float(np.sqrt(max(0.0, squares[0] + squares[1] - 2 * overlap) / squares[0]))


def _changed(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Reconstruction], Reconstruction]:
    return lambda found: dataclasses.replace(found, object=change(np.asarray(found.object)))
