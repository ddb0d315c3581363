"""Conformance of speckle programs: a displacement that differs in rows and columns, and is nowhere zero on the average."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from prbench.backend import get_backend
from prbench.core import Case, Problem, Provenance, Reconstruction
from prbench.core.conformance import Conformance, relative_error

from .measurement import SpeckleStack

_SHAPE, _IMAGES, _RIM = (96, 80), 12, 16
_LIMIT = 0.4
"""Of the error by the displacement, whose root mean square is 1.24 px. The smallest of the mistakes makes 0.59; methods without a
search, which take the images' gradients for the change, come to 0.32.
"""


def conformance() -> tuple[Conformance, ...]:
    """One problem: twelve pairs of images."""
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(3)
    noise = gaussian_filter(rng.standard_normal((_IMAGES, *_SHAPE)), (0, 1.3, 1.3), mode="wrap")
    reference = 1.0 + 0.25 * noise / noise.std()
    reference = np.maximum(reference, 0.1)
    told: dict[str, Any] = {"energy_ev": 20e3, "pixel_m": 1e-6, "distance_m": 0.5}
    rows, columns = np.mgrid[: _SHAPE[0], : _SHAPE[1]]
    displacement = np.stack(
        [
            0.6 + 0.8 * np.exp(-(((rows - 40) / 14.0) ** 2 + ((columns - 50) / 12.0) ** 2)),
            -0.9 + 0.5 * np.sin(rows / 15.0),
        ]
    )
    transmission = 1.0 - 0.2 * np.exp(-(((rows - 55) / 12.0) ** 2 + ((columns - 30) / 10.0) ** 2))
    empty = SpeckleStack(reference, reference, **told).to(get_backend("numpy", "double"))
    truth = empty.completed(Reconstruction(displacement=displacement, transmission=transmission))
    sample = np.asarray(empty.forward(truth))
    measurement = SpeckleStack(reference.astype(np.float32), sample.astype(np.float32), **told)
    problem = Problem(measurement, truth, "conformance", "tune", Provenance("computed", "CC0-1.0"))
    mistakes = {
        "the displacement has the wrong sign": _changed(lambda d: -d),
        "rows and columns are exchanged": _changed(lambda d: d[::-1]),
        "rows and columns are exchanged, with the wrong sign": _changed(lambda d: -d[::-1]),
        "the rows have the wrong sign": _changed(lambda d: d * np.reshape([-1, 1], (2, 1, 1))),
        "the columns have the wrong sign": _changed(lambda d: d * np.reshape([1, -1], (2, 1, 1))),
        "a constant is added to the displacement": _changed(
            lambda d: d + (_inner(displacement) - _inner(d)).mean((1, 2))[:, None, None]
        ),
    }
    meaning = f"error of the displacement over the displacement, {_RIM} pixels at the edges left out"
    error = lambda r: _error(displacement, r.displacement)  # noqa: E731 - one line reads best
    return (Conformance("stack of pairs", problem, error, _LIMIT, meaning, mistakes),)


def truth_gap(problem: Problem) -> float:
    """Residual of the true maps over the 0.35 that is allowed, or over 0.9 of the residual without the true displacement.

    Where waves make the images, the light that refraction draws together, ``1 - div d``, is part of them and not of the truth's
    transmission; where images are warped, it is not. The better of both counts.
    """
    from .metrics import stack_residual

    truth = problem.truth
    assert truth is not None
    displacement = np.asarray(truth.displacement, np.float64)
    drawn_together = 1 - np.gradient(displacement[0], axis=0) - np.gradient(displacement[1], axis=1)

    def left(**changes: Any) -> float:
        return float(stack_residual(Case(dataclasses.replace(truth, **changes), problem)))

    options: list[dict[str, np.ndarray]] = [{}, {"transmission": np.asarray(truth.transmission) * drawn_together}]
    best = min(options, key=lambda maps: left(**maps))
    return max(left(**best) / 0.35, left(**best) / (0.9 * left(**best, displacement=0 * displacement)))


def _inner(displacement: np.ndarray) -> np.ndarray:
    return np.asarray(displacement, np.float64)[:, _RIM:-_RIM, _RIM:-_RIM]


def _error(truth: np.ndarray, found: np.ndarray) -> float:
    if np.shape(found) != truth.shape or not np.isfinite(found).all():
        return float("inf")
    return relative_error(_inner(truth), _inner(found))


def _changed(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Reconstruction], Reconstruction]:
    return lambda found: dataclasses.replace(found, displacement=change(np.asarray(found.displacement)))
