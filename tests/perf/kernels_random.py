"""What the speed of random measurements is made of: each function prepares one kernel and returns a call that runs it once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench import get_dataset, get_solver
from prbench.backend import get_backend
from prbench.tasks.random import RandomLinear

MAPS = ("gaussian-map", "coded-diffraction[size=64]", "coded-diffraction[size=256]")
PICTURES = ("coded-diffraction[size=64]", "coded-diffraction[size=256]")
FLOWS = ("amplitude-flow", "truncated-af", "reweighted-af", "wirtinger-flow", "truncated-wf")


def measured(dataset: str, library: str = "torch") -> RandomLinear:
    """The first problem of a dataset."""
    return get_dataset(dataset).problem(0).measurement.to(get_backend(library))


def operator_pair(dataset: str, library: str = "torch") -> Callable[[], object]:
    """One application of the map and one of its adjoint: what no gradient can do without."""
    y = measured(dataset, library)
    x = y.constrain(y.backend.asarray(np.ones((1, *y.object_shape))))
    return lambda: y.adjoint(y.apply(x))


def gradient_step(solver: str, dataset: str, library: str = "torch") -> Callable[[], object]:
    """One step of a gradient method from its start."""
    y, chosen = measured(dataset, library), get_solver(f"{solver}[power_iterations=1]")
    state = chosen.init(y, np.random.default_rng(0))  # type: ignore[attr-defined]

    def run() -> object:
        nonlocal state
        state = chosen.step(y, state)  # type: ignore[attr-defined]
        return state

    return run


def untrained_step(dataset: str) -> Callable[[], object]:
    """One step of the untrained network from its start."""
    y, chosen = measured(dataset), get_solver("dip-random")
    state = chosen.init(y, np.random.default_rng(0))  # type: ignore[attr-defined]
    return lambda: chosen.step(y, state)  # type: ignore[attr-defined]


def untrained_parts(dataset: str) -> Callable[[], object]:
    """What such a step cannot do without: both passes of its network, one application of the map and one of its adjoint."""
    y, pair = measured(dataset), operator_pair(dataset)
    state = get_solver("dip-random").init(y, np.random.default_rng(0))  # type: ignore[attr-defined]

    def run() -> object:
        state.network.zero_grad(set_to_none=True)
        state.network(state.seen).square().mean().backward()
        return pair()

    return run
