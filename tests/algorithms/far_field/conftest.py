"""Far-field problems with their solution, on every array library, for tests of what projections must do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from prbench.algorithms.far_field._selection import Choice
from prbench.algorithms.far_field._state import ProjectionState
from prbench.backend import get_backend
from prbench.tasks.far_field import FarField


@dataclass
class SolvedProblem:
    """A measurement, the object that explains it on the detector's grid (1, *shape), and where it differs from zero."""

    y: FarField
    x: np.ndarray
    support: np.ndarray

    def there(self, host: np.ndarray) -> Any:
        """A copy of an array on the measurement's backend."""
        return self.y.backend.asarray(host)

    def host(self, array: Any) -> np.ndarray:
        """An array of the measurement's backend on the host."""
        return self.y.backend.to_numpy(array)

    def fields(self, g: np.ndarray, beta: float = 0.8, support: np.ndarray | None = None) -> ProjectionState:
        """The state of a projection algorithm at ``g`` (B, *shape)."""
        inside = np.broadcast_to(self.support if support is None else support, g.shape).copy()
        choice, rng = Choice(self.y, None), np.random.default_rng(0)
        return ProjectionState.of(self.y, self.there(g), self.there(inside), beta, choice, rng)

    def random(self, batch: int = 2, seed: int = 5) -> np.ndarray:
        """Complex noise (batch, *shape) of the object's size."""
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((batch, *self.y.shape)) + 1j * rng.standard_normal((batch, *self.y.shape))
        return noise.astype(self.host(self.there(self.x)).dtype)

    @property
    def accuracy(self) -> float:
        """Relative accuracy to expect after a transform there and back."""
        return 2e-5 if self.y.backend.precision == "single" else 1e-11


def make_solved(
    shape: tuple[int, ...] = (16, 18),
    library: str = "numpy",
    precision: str = "double",
    *,
    hidden: bool = False,
    real: bool = False,
    nonnegative: bool = False,
    **known: Any,
) -> SolvedProblem:
    rng = np.random.default_rng(11)
    support = np.zeros(shape, bool)
    support[tuple(slice(2, 2 + n // 2 - 1) for n in shape)] = True
    support &= rng.random(shape) < 0.9
    x = rng.uniform(0.5, 1.5, shape) * np.exp(0j if real or nonnegative else 2j * np.pi * rng.random(shape)) * support
    mask = None
    if hidden:
        mask = rng.random(shape) < 0.9
        mask[tuple(n // 2 for n in shape)] = False
    intensity = np.fft.fftshift(np.abs(np.fft.fftn(x)) ** 2)
    y = FarField(intensity, mask, shape, real=real, nonnegative=nonnegative, **known)
    return SolvedProblem(y.to(get_backend(library, precision)), x[None], support)


@pytest.fixture(params=["numpy", "torch"])
def library(request) -> str:
    return request.param


@pytest.fixture(params=["single", "double"])
def precision(request) -> str:
    return request.param


@pytest.fixture(params=[(16, 18), (9, 11), (8, 6, 7)], ids=str)
def shape(request) -> tuple[int, ...]:
    return request.param


@pytest.fixture(name="make_solved")
def _make_solved():
    return make_solved


@pytest.fixture
def solved(shape, library, precision) -> SolvedProblem:
    """A solved problem with hidden pixels, in every shape, library and precision."""
    return make_solved(shape, library, precision, hidden=True)
