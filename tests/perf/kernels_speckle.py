"""What speckle tracking costs and how near it comes: each function prepares a call that runs once."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from prbench import Problem, get_dataset, get_solver
from prbench.backend import get_backend
from prbench.tasks.speckle import SpeckleStack

_TILE = 256


@functools.lru_cache(maxsize=32)
def warped(settings: str = "", index: int = 0) -> Problem:
    """A test problem of ``warped-speckle``, 304x304 and 20 images unless its settings say otherwise."""
    return get_dataset(f"warped-speckle[{settings}]" if settings else "warped-speckle").problem(index)


def track(solver: str, y: SpeckleStack, library: str = "numpy") -> Callable[[], object]:
    """One solve, phase included."""
    there, chosen, rng = y.to(get_backend(library)), get_solver(solver), np.random.default_rng(0)
    return lambda: chosen.solve(there, rng)  # type: ignore[attr-defined]


def tiled(side: int, images: int) -> SpeckleStack:
    """A frame of ``side`` pixels made of copies of one problem: what is measured on it is time, not accuracy."""
    y = warped(f"size={_TILE},images={images}").measurement
    copies = -(-side // _TILE)
    reference, sample = (np.tile(stack, (1, copies, copies))[:, :side, :side] for stack in (y.reference, y.sample))
    return SpeckleStack(reference, sample, energy_ev=y.energy_ev, distance_m=y.distance_m, pixel_m=y.pixel_m)


def errors(solver: str, problem: Problem, images: int) -> tuple[float, float]:
    """RMSE of the displacement a component, px, and the fraction of pixels off by more than 1 px, over the judged region."""
    found = track(solver, problem.measurement.first(images))()
    error = (found.displacement - problem.truth.displacement)[:, problem.object_region]  # type: ignore[attr-defined,union-attr]
    return float(np.sqrt(np.mean(error**2))), float(np.mean(np.sum(error**2, axis=0) > 1))
