"""Conformance of off-axis programs: an asymmetric phase of more than a turn, with a background image."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from prbench.backend import get_backend
from prbench.core import Problem, Provenance, Reconstruction
from prbench.core.conformance import Conformance, relative_error_of_map

from .measurement import Hologram

_SHAPE, _CARRIER, _RIM = (112, 128), (0.11, 0.2), 6
_LIMIT = 0.4


def conformance() -> tuple[Conformance, ...]:
    """One problem: the object delays the wave by up to 8 rad."""
    rows, columns = np.mgrid[: _SHAPE[0], : _SHAPE[1]]
    phase = 8.0 * np.exp(-(((rows - 46) / 18.0) ** 2 + ((columns - 72) / 13.0) ** 2))
    phase += 3.0 * np.exp(-(((rows - 80) / 9.0) ** 2 + ((columns - 40) / 16.0) ** 2))
    optics = {
        "offset": 1.0 + 0.001 * rows,
        "modulation": np.full(_SHAPE, 0.6),
        "aberration": np.zeros(_SHAPE),
        "carrier": np.array(_CARRIER),
    }
    told: dict[str, Any] = {"wavelength_m": 633e-9, "pixel_m": 1e-7, "carrier": _CARRIER, "denser": True}
    empty = Hologram(np.random.default_rng(0).random(_SHAPE), **told).to(get_backend("numpy", "double"))
    truth = Reconstruction(phase=phase, aux=optics)
    background = Reconstruction(phase=np.zeros(_SHAPE), aux=optics)
    images = [np.asarray(empty.forward(x)).astype(np.float32) for x in (truth, background)]
    measurement = Hologram(*images, **told)
    problem = Problem(measurement, Reconstruction(phase=phase), "conformance", "tune", Provenance("computed", "CC0-1.0"))
    mistakes = {
        "the phase has the wrong sign": _changed(lambda p: -p),
        "the axes of the phase are reversed": _changed(lambda p: p[::-1, ::-1]),
        "the phase is wrapped": _changed(lambda p: np.unwrap(np.unwrap(p, axis=1), axis=0)),
        "the carrier is left in the phase": _changed(lambda p: p - 2 * np.pi * (_CARRIER[0] * rows + _CARRIER[1] * columns)),
    }
    meaning = f"relative error of the phase, its mean removed, {_RIM} pixels at the edges left out"
    error = lambda r: relative_error_of_map(phase, r.phase, _RIM)  # noqa: E731 - one line reads best
    return (Conformance("with background", problem, error, _LIMIT, meaning, mistakes),)


def truth_gap(problem: Problem) -> float:
    """Norm of the interferogram minus the truth's, whose ``aux`` has the optics, over 1e-5 of the norm of the fringes."""
    y, truth = problem.measured(Hologram), problem.truth
    assert truth is not None
    fringes = np.asarray(y.interferogram, np.float64)
    gap = np.linalg.norm(np.asarray(y.forward(truth)) - fringes)
    return float(gap / np.linalg.norm(fringes - fringes.mean())) / 1e-5


def _changed(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Reconstruction], Reconstruction]:
    return lambda found: dataclasses.replace(found, phase=change(np.asarray(found.phase)))
