"""What training and using a network costs, and the network alone: each function prepares a call that runs once."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from kernels_mist import stack

from prbench import get_solver
from prbench.backend import get_backend
from prbench.core import LearnedSolver
from prbench.core.learned import fresh_network, layout, on_backend
from prbench.training.batches import Batches
from prbench.training.examples import Examples
from prbench.training.loop import _TrainingRun
from prbench.training.state import TrainingState

SIDE = 256
STEPS: dict[str, tuple[int, int | None, tuple[int, ...], tuple[int, ...]]] = {
    "unet-speckle": (8, 128, (3, SIDE, SIDE), (2, SIDE, SIDE)),
    "symmetry-breaking": (32, None, (2, 63, 63), (2, 32, 32)),
}
"""One solver a network: the batch of a step, the crop, the shapes of an input and of a target."""


def learned(width: int = 16, name: str = "unet-speckle") -> LearnedSolver:
    """A learned solver with random weights: its speed does not depend on them."""
    found = get_solver(name, weights="random", width=width)
    assert isinstance(found, LearnedSolver)
    return found


def training_step(autocast: bool = False, name: str = "unet-speckle") -> Callable[[], object]:
    """One step of a training: batch, loss, gradients, clipping, optimiser, running mean."""
    solver, backend = learned(name=name), get_backend("torch")
    batch, crop, seen, answered = STEPS[name]
    rng = np.random.default_rng(0)
    shapes = (seen, answered, (1, *answered[1:]))
    examples = Examples(*(rng.standard_normal((2 * batch, *shape), dtype=np.float32) for shape in shapes))
    recipe = dataclasses.replace(solver.recipe, batch=batch, crop=crop, autocast=autocast)
    state = TrainingState(solver, recipe, on_backend(fresh_network(solver, 0), backend).train())
    folder = Path(tempfile.gettempdir())
    run = _TrainingRun(solver, examples, examples, recipe, folder, 0, backend, state, lambda _event: None)
    batches = Batches(solver, examples, recipe, 0)
    return lambda: run._step(batches.at(state.progress.step))


def bare_step(autocast: bool = False, name: str = "unet-speckle") -> Callable[[], object]:
    """Forward and backward pass of the same network alone, over one batch that stays."""
    network = on_backend(fresh_network(learned(name=name), 0), get_backend("torch")).train()
    batch, crop, (channels, *sides), _ = STEPS[name]
    x = torch.randn(batch, channels, *(crop or side for side in sides)).contiguous(memory_format=torch.channels_last)

    def run() -> object:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = network(x).square().mean()
        network.zero_grad(set_to_none=True)
        loss.backward()
        return loss

    return run


def solve(width: int, side: int = SIDE) -> Callable[[], object]:
    """One solve."""
    y, solver = stack(side, 1).to(get_backend("torch")), learned(width)
    return lambda: solver.solve(y, np.random.default_rng(0))


def network(width: int, side: int = SIDE) -> Callable[[], object]:
    """The network of the same solve alone."""
    solver, backend = learned(width), get_backend("torch")
    ready = solver.load(backend, np.random.default_rng(0))
    with torch.inference_mode():
        x = solver.network_input(stack(side, 1).to(backend))
    x = x.contiguous(memory_format=layout(x))

    def run() -> object:
        with torch.inference_mode():
            return ready(x)

    return run
