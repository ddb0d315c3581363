"""What iterative methods share: a spectral start, and an end when steps no longer move; and the step of a gradient method."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from prbench.backend import Array
from prbench.core import IterativeSolver, Reconstruction, Rng, setting
from prbench.tasks.random import RandomLinear

from ._starts import POSITIVE, POWER_ITERATIONS, RANDOM, STARTS, first_guess

SETTLED = {"single": 1e-7, "double": 1e-14}
"""Change of the object in one step, relative, at which rounding is all that is left."""


@dataclass(eq=False)
class Flow:
    """The state of an iterative method.

    Attributes:
        x: (1, *object_shape).
        steps: taken so far.
        moved: relative change of x in the last step.
    """

    x: Array
    steps: int = 0
    moved: float = math.inf


@dataclass(frozen=True)
class FromSpectralStart(IterativeSolver[RandomLinear, Flow]):
    """Base of methods that improve a spectral start."""

    iterations: int = setting(2500, valid="[1, inf)", range=(100, 5000), log=True, doc="steps at most; ends when x has settled")
    start: str = setting(
        "optimal",
        choices=(*STARTS, RANDOM, POSITIVE),
        doc="function of the intensities in the spectral start; or random numbers, or their moduli",
    )
    power_iterations: int = setting(POWER_ITERATIONS, valid="[1, inf)", range=(20, 200), doc="for the spectral start")

    example: ClassVar[dict[str, object]] = {"iterations": 100, "power_iterations": 20}

    def total_iterations(self, y: RandomLinear) -> int:  # noqa: ARG002 - the same for every measurement
        """Largest number of steps."""
        return self.iterations

    def init(self, y: RandomLinear, rng: Rng) -> Flow:
        """The first state: objects from the setting ``start``."""
        return Flow(first_guess(y, rng, self.start, self.power_iterations))

    def step(self, y: RandomLinear, state: Flow) -> Flow:
        """One gradient step."""
        xp = y.backend.xp
        x = y.constrain(self.move(y, state))
        # One number in a few steps is enough to know when to stop, and reading it waits for a GPU.
        if state.steps % 16 == 0:
            state.moved = math.sqrt(float(xp.sum(xp.abs(x - state.x) ** 2)) / max(float(xp.sum(xp.abs(x) ** 2)), 1e-300))
        state.x, state.steps = x, state.steps + 1
        return state

    @abstractmethod
    def move(self, y: RandomLinear, state: Flow) -> Array:
        """The next x; that of the state must not be overwritten."""

    def finished(self, y: RandomLinear, state: Flow) -> bool:
        """When the last step looked at was no larger than rounding."""
        return state.moved < SETTLED[y.backend.precision]

    def estimate(self, y: RandomLinear, state: Flow) -> Reconstruction:
        """The object, complex (*object_shape)."""
        return Reconstruction(object=y.backend.xp.astype(state.x[0], y.backend.complex))

    def residual(self, y: RandomLinear, state: Flow) -> float:
        """Relative misfit of the moduli."""
        return float(y.modulus_error(state.x)[0])


@dataclass(frozen=True)
class GradientFlow(FromSpectralStart):
    """Base of gradient methods: ``x <- x - step / power A* r(A x)``, one application of A and one of its adjoint a step."""

    def init(self, y: RandomLinear, rng: Rng) -> Flow:
        """The start; what the step's length depends on is found here and not within a step."""
        state = super().init(y, rng)
        self.length(y, state)
        return state

    def move(self, y: RandomLinear, state: Flow) -> Array:
        """Move against the gradient by the step length."""
        change = y.adjoint(self.weigh(y, y.apply(state.x), state))
        return state.x - (self.length(y, state) / y.power) * change

    @abstractmethod
    def weigh(self, y: RandomLinear, z: Array, state: Flow) -> Array:
        """The gradient with respect to ``z = A x``, weighted; may be written into ``z``."""

    @abstractmethod
    def length(self, y: RandomLinear, state: Flow) -> float:
        """Length of the step, in units of the inverse of the mean eigenvalue of ``A* A``."""


TINY = {"single": 1e-30, "double": 1e-200}
"""Added to squared moduli so that 0/0 is 0, far below anything measured."""
