"""Whether the truth of a simulated problem explains its measurement, for each kind of measurement."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from prbench.core import Case, Problem, load_plugin, setting_infos
from prbench.tasks.deblur import BlurredImage
from prbench.tasks.near_field import NearField
from prbench.tasks.off_axis import Hologram
from prbench.tasks.speckle import SpeckleStack

from .problems import small_problem

_WITHOUT_NOISE: dict[str, object] = {"photons": None, "noise": 0.0}


def check_truth_explains(name: str) -> None:
    """Assert it of a simulated dataset's small problem without noise; skip where the measurement has no such law."""
    known = setting_infos(load_plugin("dataset", name))
    settings: Any = {key: value for key, value in _WITHOUT_NOISE.items() if key in known}
    problem = small_problem(name, **settings)
    y: Any = problem.measurement
    assert problem.truth is not None
    if isinstance(y, SpeckleStack):
        _stacks(problem)
    elif isinstance(y, BlurredImage):
        assert load_plugin("metric", "blur_residual")(Case(problem.truth, problem)) < 1e-5
    elif isinstance(y, Hologram):
        gap = np.linalg.norm(y.forward(problem.truth) - y.interferogram)
        assert gap < 1e-5 * np.linalg.norm(y.interferogram - y.interferogram.mean())
    elif hasattr(y, "intensity"):
        _intensities(problem)
    else:
        misfit = y.misfit(problem.truth)
        if misfit is None:
            pytest.skip(f"{type(y).__name__} has neither an intensity nor a misfit")
        assert misfit < 1e-4


def _intensities(problem: Problem) -> None:
    y: Any = problem.measurement
    assert problem.truth is not None
    answer = problem.truth if isinstance(y, NearField) else next(array for _, array in problem.truth.items())
    expected, mask = np.asarray(y.forward(answer)), getattr(y, "mask", None)
    gap = expected - y.intensity
    assert np.linalg.norm(gap if mask is None else gap[np.broadcast_to(mask, gap.shape)]) < 1e-4 * np.linalg.norm(y.intensity)


def _stacks(problem: Problem) -> None:
    """Without noise the truth leaves little of what the sample did, and without its displacement more.

    Where waves make the images, the light that refraction draws together, ``1 - div d``, is part of them and not of the truth's
    transmission; where images are warped, it is not.
    """
    truth: Any = problem.truth
    displacement, residual = np.asarray(truth.displacement, np.float64), load_plugin("metric", "stack_residual")
    drawn_together = 1 - np.gradient(displacement[0], axis=0) - np.gradient(displacement[1], axis=1)

    def left(**changes: np.ndarray) -> float:
        return float(residual(Case(dataclasses.replace(truth, **changes), problem)))

    options: list[dict[str, np.ndarray]] = [{}, {"transmission": truth.transmission * drawn_together}]
    best = min(options, key=lambda maps: left(**maps))
    assert left(**best) < 0.35
    assert left(**best) < 0.9 * left(**best, displacement=0 * displacement)
