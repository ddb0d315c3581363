"""Base of methods whose state is more than an iterate: a batch of starts on supports that follow the object."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, sqrt, where
from prbench.core import IterativeSolver, Reconstruction, Rng, setting
from prbench.tasks.far_field import FarField

from ._constraints import Constraints
from ._memory import fitting_starts
from ._run import iterate_residual, reconstruction
from ._selection import Choice, by_score
from ._settings import StartSettings
from ._state import random_state


@dataclass
class BatchState:
    """A batch of starts after ``k`` steps.

    Attributes:
        support: bool (starts, *shape).
        constraints: what is known of the object.
        k: steps done.
    """

    support: Array
    constraints: Constraints
    k: int


B = TypeVar("B", bound=BatchState)


@dataclass(frozen=True)
class BatchSolver(StartSettings, IterativeSolver[FarField, B], Generic[B]):
    """A subclass says how a batch begins, what a step does to it, and which fields it stands for."""

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    @abstractmethod
    def begin(self, y: FarField, g: Array, known: dict[str, Any]) -> B:
        """The state at fields ``g`` (starts, *shape); ``known`` are the attributes of :class:`BatchState`."""

    @abstractmethod
    def move(self, y: FarField, s: B) -> None:
        """Take one step, in place."""

    @abstractmethod
    def fields(self, y: FarField, s: B) -> Array:
        """The fields (starts, *shape) that the state stands for, before the constraints cut them."""

    def init(self, y: FarField, rng: Rng) -> B:
        """Random phases on the measured amplitudes, cut to the first support."""
        first = random_state(y, Choice(y, None), rng, fitting_starts(y, self.starts), 1.0, self.autocorrelation)
        return self.begin(y, first.g, {"support": first.support, "constraints": first.constraints, "k": 0})

    def step(self, y: FarField, state: B) -> B:
        """One step of every start, and the support's update where it is due."""
        self.move(y, state)
        state.k += 1
        policy = self.shrinkwrap(y)
        if policy is not None and policy.next_update(state.k - 1) == state.k and state.k < self.iterations:
            state.support = policy.draw(y, self.fields(y, state), state.k / self.iterations)
        return state

    def residual(self, y: FarField, state: B) -> float:
        """Modulus error of the start that explains the measurement best."""
        objects = self._objects(y, state)
        best = 0 if len(objects) == 1 else by_score(_errors(y, objects))[0]
        return iterate_residual(y, objects[best])

    def estimate(self, y: FarField, state: B) -> Reconstruction:
        """The start that explains the measurement best, with the best others as ``starts``, ``scores`` and ``support``."""
        objects = self._objects(y, state)
        lone = [frozenset((i,)) for i in range(len(objects))]
        return reconstruction(y, objects.__getitem__, state.support, _errors(y, objects), self.keep, lone)

    def _objects(self, y: FarField, state: B) -> Array:
        fields = self.fields(y, state)
        if y.real:
            fields = fields.real + 0j
        return fields * state.constraints.mask(fields, state.support)


def _errors(y: FarField, objects: Array) -> np.ndarray:
    return np.asarray(y.backend.to_numpy(y.modulus_error(objects)), dtype=np.float64)


def gaussian_filter(y: FarField, width: float) -> Array:
    """``exp(-(f/width)^2 / 2)`` with f in cycles per pixel, zero frequency first: real (*shape), 1 at the centre."""
    square: Any = 0.0
    for axis, n in enumerate(y.shape):
        square = square + (np.fft.fftfreq(n) ** 2).reshape([-1 if a == axis else 1 for a in range(y.ndim)])
    return y.backend.asarray(np.exp(-0.5 * square / width**2), y.backend.real)


@pointwise
def relaxed_modulus(G: Array, amplitude: Array, weight: float, rest: float, tiny: float) -> Array:
    """``rest G + weight amplitude G/|G|``, and G itself where the amplitude is negative, which stands for unmeasured.

    With ``weight + rest = 1`` this is the proximal operator of the misfit of moduli; with a weight of 1 the modulus projection.
    """
    return G * where(amplitude < 0, weight + rest, rest + weight * amplitude / sqrt(abs2(G) + tiny))


def pull_modulus(y: FarField, G: Array, weight: float) -> Array:
    """Spectra (B, *shape), overwritten, with moduli that are a fraction ``weight`` of the way to the measured ones."""
    return relaxed_modulus(G, y.amplitude, weight, 1.0 - weight, _TINY[y.backend.precision], out=G)


_TINY = {"single": 1e-30, "double": 1e-200}
"""Added to squared moduli so that 0/0 is 0, far below anything measured."""
