"""Conformance of near-field programs: an asymmetric object of one material, and one that shifts the phase alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from prbench.core import Problem, Provenance, Reconstruction
from prbench.core.conformance import Conformance, intensity_gap, relative_error_of_map

from .measurement import NearField

_SHAPE = (96, 80)
_DELTA_BETA = 50.0
_LIMIT = 0.4


def conformance() -> tuple[Conformance, ...]:
    """Two problems of X-rays of 20 keV, whose phase in matter is negative; a program that takes one of them conforms by that."""
    phase = _phase()
    absorbing = _problem(phase, np.exp(phase / _DELTA_BETA), delta_beta=_DELTA_BETA)
    pure = _problem(phase / 4, None, pure_phase=True, distance_m=1.0)
    return _variant("one material", absorbing, phase), _variant("pure phase", pure, phase / 4)


def truth_gap(problem: Problem) -> float:
    """As :func:`~prbench.core.conformance.intensity_gap`, of the true phase and transmission."""
    y, truth = problem.measured(NearField), problem.truth
    assert truth is not None
    return intensity_gap(y.forward(truth), y.intensity, y.mask)


def _problem(phase: np.ndarray, transmission: np.ndarray | None, **more: float) -> Problem:
    told: dict[str, Any] = {"energy_ev": 20e3, "pixel_m": 1e-6, "distance_m": 0.02, **more}
    empty = NearField(np.ones(_SHAPE), **told)
    truth = Reconstruction(phase=phase, transmission=transmission)
    measurement = NearField(np.asarray(empty.forward(truth)).astype(np.float32), **told)
    return Problem(measurement, truth, "conformance", "tune", Provenance("computed", "CC0-1.0"))


def _phase() -> np.ndarray:
    """Negative, radians: a wedge with a round weight at one end, smooth at the pixel's scale."""
    rows, columns = np.mgrid[: _SHAPE[0], : _SHAPE[1]]
    weight = np.exp(-(((rows - 32) / 7.0) ** 2 + ((columns - 46) / 5.0) ** 2))
    other = 0.5 * np.exp(-(((rows - 60) / 5.0) ** 2 + ((columns - 28) / 10.0) ** 2))
    return np.asarray(-1.2 * (weight + other))


def _variant(name: str, problem: Problem, truth: np.ndarray) -> Conformance:
    mistakes = {
        "the phase has the wrong sign": _changed(lambda p: -p),
        "the phase is half of what it should be": _changed(lambda p: 2 * p),
        "the phase is twice what it should be": _changed(lambda p: p / 2),
        "the axes of the phase are reversed": _changed(lambda p: p[::-1, ::-1]),
        "the phase is shifted by half the frame": _changed(np.fft.fftshift),
    }
    meaning = "relative error of the phase, its mean removed"
    return Conformance(name, problem, lambda r: relative_error_of_map(truth, r.phase), _LIMIT, meaning, mistakes)


def _changed(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Reconstruction], Reconstruction]:
    return lambda found: dataclasses.replace(found, phase=change(np.asarray(found.phase)))
