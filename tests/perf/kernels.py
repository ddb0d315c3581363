"""What the speed of far-field retrieval is made of: each function prepares one kernel and returns a call that runs it once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from prbench import FarField, get_solver
from prbench.algorithms.far_field._shrinkwrap import shrink
from prbench.backend import Backend, get_backend, library_pair
from prbench.metrics import symmetry_adjusted_mse

Shape = tuple[int, ...]
SHAPES: tuple[Shape, ...] = ((256, 256), (512, 512), (64, 64, 64))


def pattern(shape: Shape, backend: Backend) -> FarField:
    """The noise-free pattern of a random complex object that fills half of each axis."""
    rng = np.random.default_rng(0)
    half = tuple(n // 2 for n in shape)
    x = np.zeros(shape, dtype=np.complex64)
    x[tuple(slice(0, n) for n in half)] = rng.normal(size=half) + 1j * rng.normal(size=half)
    return FarField(np.fft.fftshift(np.abs(np.fft.fftn(x)) ** 2)).to(backend)


def fft_pair(shape: Shape, starts: int = 1, library: str = "torch") -> Callable[[], object]:
    """The unit of cost; of a batch."""
    return library_pair(get_backend(library), shape, starts)


def modulus_projection(shape: Shape, library: str = "torch") -> Callable[[], object]:
    """One projection onto the measured amplitudes."""
    backend = get_backend(library)
    y = pattern(shape, backend)
    g = y.random_start(np.random.default_rng(0), 1)
    spectrum, projected = backend.xp.empty_like(g), backend.xp.empty_like(g)
    return lambda: y.project_modulus(g, spectrum=spectrum, out=projected)


def iterations(
    solver: str, shape: Shape, steps: int, starts: int = 1, library: str = "torch", update_every: int = 0
) -> Callable[[], object]:
    """Steps of a projection solver taken at once; without shrinkwrap where ``update_every`` is 0."""
    y = pattern(shape, get_backend(library))
    chosen = get_solver(solver, starts=starts, update_every=update_every)
    state = chosen.init(y, np.random.default_rng(0))  # type: ignore[attr-defined]

    def run() -> object:
        nonlocal state
        state = chosen.advance(y, state, steps)  # type: ignore[attr-defined]
        return state

    return run


def iteration(solver: str, shape: Shape, starts: int = 1, library: str = "torch", update_every: int = 0) -> Callable[[], object]:
    """One step of a projection solver; without shrinkwrap where ``update_every`` is 0."""
    return iterations(solver, shape, 1, starts, library, update_every)


def shrinkwrap(shape: Shape, library: str = "torch") -> Callable[[], object]:
    """One update of the support of one start: a blur of the modulus and a threshold."""
    backend = get_backend(library)
    y = pattern(shape, backend)
    g = y.random_start(np.random.default_rng(0), 1)
    return lambda: shrink(y, g, 1.5, 0.2, None)


def sa_mse(shape: Shape) -> Callable[[], object]:
    """One symmetry-adjusted error of two dense complex arrays."""
    rng = np.random.default_rng(0)
    x, found = ((rng.normal(size=shape) + 1j * rng.normal(size=shape)).astype(np.complex64) for _ in range(2))
    return lambda: symmetry_adjusted_mse(x, found)
