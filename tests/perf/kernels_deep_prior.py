"""What the speed of untrained priors is made of: each function prepares one kernel and returns a call that runs it once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from prbench import get_dataset, get_solver
from prbench.backend import get_backend


def _begun(solver: str, dataset: str, starts: int) -> tuple[Any, Any, Any]:
    y = get_dataset(dataset).problem(0).measurement.to(get_backend("torch"))
    chosen: Any = get_solver(f"{solver}[starts={starts},finalists={starts},iterations=10000]")
    return chosen, y, chosen.init(y, np.random.default_rng(0))


def prior_step(solver: str, dataset: str, starts: int) -> Callable[[], object]:
    """One step of all starts of an untrained prior."""
    chosen, y, state = _begun(solver, dataset, starts)
    return lambda: chosen.step(y, state)


def prior_networks(solver: str, dataset: str, starts: int) -> Callable[[], object]:
    """Forward and backward pass of its networks alone."""
    _, _, state = _begun(solver, dataset, starts)

    def run() -> object:
        state.optimiser.zero_grad()
        for network, code in zip(state.networks, state.codes, strict=True):
            network(code).square().sum().backward()
        return state

    return run
