"""What networks for off-axis holograms cost, in use and in training: each function prepares a call that runs once."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from prbench import get_dataset, get_solver
from prbench.backend import get_backend
from prbench.core import LearnedSolver, Recipe
from prbench.core.learned import fresh_network, layout, on_backend
from prbench.core.searchable import SearchableSolver
from prbench.training.batches import Batches
from prbench.training.examples import Examples
from prbench.training.loop import _TrainingRun
from prbench.training.state import TrainingState

SIDE = 256
SMALL, LARGE = "nas-prnet[reads=interferogram]", "unet-offaxis[width=64,reads=interferogram]"
SOLVERS = (SMALL, "unet-offaxis[width=16,reads=interferogram]", LARGE)

WAVES = (
    *(f"unet-offaxis[width={width}]" for width in (8, 16, 32, 64)),
    "unet-offaxis[width=24,levels=2]",
    "unet-offaxis[width=12,levels=3]",
    "nas-prnet",
    "nas-prnet[links=u-shape]",
)


def solver(name: str, **settings: object) -> LearnedSolver:
    """A solver with random weights: its speed does not depend on them."""
    found = get_solver(name, weights="random", **settings)
    assert isinstance(found, LearnedSolver)
    return found


def solve(name: str, side: int = SIDE) -> Callable[[], object]:
    """One solve of one frame."""
    y = get_dataset("offaxis-cells", size=side).problem(0).measurement.to(get_backend("torch"))
    chosen = solver(name)
    return lambda: chosen.solve(y, np.random.default_rng(0))


def network(name: str, batch: int = 1, side: int = SIDE, *, folded: bool = True, compiled: bool = False) -> Callable[[], object]:
    """One pass of the network alone, as it is used or as it was trained."""
    backend = get_backend("torch")
    if folded:
        chosen = solver(name, compiled=True) if compiled else solver(name)
        ready = chosen.load(backend, np.random.default_rng(0))
    else:
        ready = on_backend(fresh_network(solver(name), 0).eval(), backend)
    x = torch.randn(batch, 1, side, side)
    x = x.contiguous(memory_format=layout(x))

    def run() -> object:
        with torch.inference_mode():
            return ready(x)

    return run


def wave(name: str, side: int = SIDE) -> Callable[[], object]:
    """One pass of a network, as it is used, over the wave of one frame."""
    backend = get_backend("torch")
    chosen = solver(name)
    ready = chosen.load(backend, np.random.default_rng(0))
    x = chosen.network_input(get_dataset("offaxis-cells", size=side).problem(0).measurement.to(backend))
    x = x.contiguous(memory_format=layout(x))

    def run() -> object:
        with torch.inference_mode():
            return ready(x)

    return run


def step(name: str, batch: int = 4, side: int = 128, *, search: bool = False) -> Callable[[], object]:
    """One step of a training, or of a search."""
    chosen, backend = solver(name), get_backend("torch")
    recipe: Recipe = chosen.training
    if search:
        assert isinstance(chosen, SearchableSolver)
        chosen, recipe = chosen.searching(), chosen.search_recipe
    rng = np.random.default_rng(0)
    examples = Examples(*(rng.standard_normal((2 * batch, 1, side, side), dtype=np.float32) for _ in range(3)))
    recipe = dataclasses.replace(recipe, batch=batch, crop=None)
    state = TrainingState(chosen, recipe, on_backend(fresh_network(chosen, 0), backend).train())
    run = _TrainingRun(chosen, examples, examples, recipe, Path(tempfile.gettempdir()), 0, backend, state, lambda _event: None)
    batches = Batches(chosen, examples, recipe, 0)
    return lambda: run._step(batches.at(state.progress.step))
