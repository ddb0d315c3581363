"""What the speed of near-field solvers is made of: each function prepares one kernel and returns a call that runs it once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench import get_dataset, get_solver
from prbench.backend import get_backend
from prbench.tasks.near_field import NearField


def radiograph(size: int, library: str = "torch", model: str = "angular-spectrum") -> NearField:
    """The first problem at a tenth of the usual distance, for which small frames are sampled too."""
    made = get_dataset(f"radiograph[size={size},distance_m=2e-3,model={model}]").problem(0)
    return made.measurement.to(get_backend(library))  # type: ignore[no-any-return]


def propagator(size: int, library: str = "torch", model: str = "angular-spectrum") -> tuple[Callable[[], object], NearField]:
    """The intensity expected of a phase, and the measurement that counts its FFTs."""
    y = radiograph(size, library, model)
    phase = y.backend.asarray(np.random.default_rng(0).random(y.shape))
    return lambda: y.expected(phase), y


def fft_pair(size: int, library: str = "torch") -> Callable[[], object]:
    """One forward and one inverse FFT of the grid: what no propagation can do without."""
    y = radiograph(size, library)
    field = y.backend.asarray(np.ones(y.grid_shape) + 0j)
    return lambda: y.backend.ifftn(y.backend.fftn(field, 2), 2)


def step(solver: str, size: int, library: str = "torch") -> Callable[[], object]:
    """One step of an iterative solver from its start."""
    y, chosen = radiograph(size, library), get_solver(solver)
    state = chosen.init(y, np.random.default_rng(0))  # type: ignore[attr-defined]

    def run() -> object:
        nonlocal state
        state = chosen.step(y, state)  # type: ignore[attr-defined]
        return state

    return run


def solve(solver: str, size: int, library: str = "torch") -> Callable[[], object]:
    """A direct solver."""
    y, chosen = radiograph(size, library), get_solver(solver)
    return lambda: chosen.solve(y, np.random.default_rng(0))  # type: ignore[attr-defined]
