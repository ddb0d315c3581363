"""What the speed of blind deblurring is made of: each function prepares one kernel and returns a call that runs it once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench import get_dataset, get_solver
from prbench.backend import get_backend
from prbench.tasks.deblur import BlurredImage


def blurred(size: int, library: str = "torch") -> BlurredImage:
    """The first problem, told a kernel 1.5 times too large."""
    return get_dataset(f"blurred-picture[size={size}]").problem(0).measurement.to(get_backend(library))


def step(solver: str, size: int, library: str = "torch") -> Callable[[], object]:
    """One step of an iterative solver from its start."""
    y, chosen = blurred(size, library), get_solver(solver)
    state = chosen.init(y, np.random.default_rng(0))  # type: ignore[attr-defined]

    def run() -> object:
        nonlocal state
        state = chosen.step(y, state)  # type: ignore[attr-defined]
        return state

    return run


def first_round(size: int, library: str = "torch") -> Callable[[], object]:
    """The first round of blind-rl, again and again from the same start: a run consists of a few."""
    y, chosen = blurred(size, library), get_solver("blind-rl")
    state = chosen.init(y, np.random.default_rng(0))  # type: ignore[attr-defined]
    return lambda: chosen.step(y, state)  # type: ignore[attr-defined]


def networks(solver: str, size: int) -> Callable[[], object]:
    """Forward and backward pass of a solver's image and kernel networks alone, over the inputs that they have."""
    state = get_solver(solver).init(blurred(size), np.random.default_rng(0))  # type: ignore[attr-defined]

    def run() -> object:
        for network, seen in ((state.image, state.seen), (state.kernel, state.code)):
            network.zero_grad(set_to_none=True)
            network(seen).square().mean().backward()
        return state

    return run


def blur_pair(size: int, library: str = "torch") -> Callable[[], object]:
    """One blur and one of its adjoint: what no update of image or kernel can do without."""
    y = blurred(size, library)
    x = y.backend.asarray(np.ones(y.object_shape))
    kernel = y.backend.asarray(np.full(y.kernel_shape, 1 / np.prod(y.kernel_shape)))
    return lambda: y.blur_adjoint(y.blur(x, kernel), kernel)
