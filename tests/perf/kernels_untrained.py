"""What a step of fitting an untrained network to one intensity costs, and the network alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from prbench import get_dataset, get_solver
from prbench.algorithms.near_field._untrained import UntrainedFit, UntrainedState
from prbench.backend import get_backend
from prbench.tasks.near_field import NearField

NETWORKS = ("unet", "u2net", "res-u2net")


def begun(name: str, side: int) -> tuple[UntrainedFit, NearField, UntrainedState]:
    """A fit to a radiograph of ``side`` pixels that has taken no step."""
    solver = get_solver(name, iterations=10_000, patience=10_000)
    assert isinstance(solver, UntrainedFit)
    y = get_dataset("radiograph", size=side).problem(0).measurement.to(get_backend("torch"))
    return solver, y, solver.init(y, np.random.default_rng(0))


def fitting_step(name: str, side: int) -> Callable[[], object]:
    """One step: jitter, network, forward model, gradients, Adam, running average and now and then a look at what was held out."""
    solver, y, state = begun(name, side)
    return lambda: solver.step(y, state)


def bare_passes(name: str, side: int) -> Callable[[], object]:
    """Forward and backward pass of the same network alone."""
    _, _, state = begun(name, side)

    def run() -> object:
        state.network.zero_grad(set_to_none=True)
        loss = state.network(state.seen).square().mean()
        loss.backward()
        return loss

    return run


def model_passes(side: int) -> Callable[[], object]:
    """The forward model and its gradient alone."""
    _, y, state = begun("unet", side)
    phase = state.mean[0].clone().requires_grad_()

    def run() -> object:
        phase.grad = None
        loss: torch.Tensor = y.expected(phase).square().mean()
        loss.backward()
        return loss

    return run
