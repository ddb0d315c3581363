"""Solvers: measurement in, reconstruction out. A solver is mathematics; the framework owns loop, clock and randomness."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic

import numpy as np
from typing_extensions import TypeVar

from .measurement import Measurement
from .reconstruction import Reconstruction
from .registry import PluginInfo
from .settings import Settings

if TYPE_CHECKING:
    from prbench.backend import Backend

M = TypeVar("M", bound=Measurement)
Rng = np.random.Generator
S = TypeVar("S", default=Any)
"""The state of an iterative solver, which only the solver looks into."""


@dataclass(frozen=True)
class Solver(Settings, Generic[M]):
    """Base of all solvers: a frozen dataclass of hyperparameters."""

    info: ClassVar[PluginInfo]
    libraries: ClassVar[tuple[str, ...]] = ("numpy", "torch", "cupy")
    """Array libraries this solver computes with; networks say ``("torch",)``."""
    dimensions: ClassVar[tuple[int, ...]] = ()
    """Numbers of axes of the measurements that it takes; any where empty."""
    parts: ClassVar[tuple[type[Solver[Any]], ...]] = ()
    """Solvers that it makes use of, whose files are also its own."""
    example: ClassVar[dict[str, object]] = {}
    """Settings under which the solver ends in about a second on a small problem, for conformance tests."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Files named by the settings that the answers come from, such as trained weights.

        What they contain is part of what a record answers to.
        """
        return ()

    @property
    def assumes(self) -> tuple[str, ...]:
        """What the solver takes to be true of the object beyond what the measurement tells, in words that its task defines.

        A task may ask more of an answer that was made with such knowledge.
        """
        return ()

    @classmethod
    def shipped_files(cls) -> tuple[Path, ...]:
        """The files that come with this solver and that its answers come from, such as trained weights; part of its code."""
        return tuple(path for part in cls.parts for path in part.shipped_files())

    def network_size(self, y: M) -> tuple[int, int] | None:  # noqa: ARG002 - for solvers that have a network
        """Parameters of the solver's network, and floating-point operations of one pass of it; None without one.

        A multiplication with its addition counts two. Asked for outside the clock, once a cell.
        """
        return None

    def prepare(self, backend: Backend, rng: Rng) -> None:
        """Called before each solve, with the measurement unseen: the method that reads weights, once.

        Its first call is part of the start-up; time that it takes again and again is on the bill beyond a tenth of the solve.
        """


@dataclass(frozen=True)
class DirectSolver(Solver[M]):
    """A solver with a closed form, or one that hides its iteration from the framework."""

    @abstractmethod
    def solve(self, y: M, rng: Rng) -> Reconstruction:
        """The reconstruction of ``y``; ``rng`` is the only source of randomness."""

    def solve_next(self, y: M, rng: Rng, memory: dict[str, Any]) -> Reconstruction:  # noqa: ARG002 - for solvers that remember
        """As :meth:`solve`, for a frame of a stream: asked only by a session.

        A frame that has just been solved must give the same answer again.

        Args:
            y: the frame.
            rng: source of randomness.
            memory: the solver's own, empty at first: what stays the same from frame to frame.
        """
        return self.solve(y, rng)


@dataclass(frozen=True)
class IterativeSolver(Solver[M], Generic[M, S]):
    """A solver that improves a state step by step: ``IterativeSolver[FarField, MyState]``, or ``IterativeSolver[FarField]``
    where the type of the state need not be checked.

    Arrays in the state belong to the solver: a step may overwrite them and return the same state.
    """

    @abstractmethod
    def total_iterations(self, y: M) -> int:
        """How many steps a full run takes."""

    @abstractmethod
    def init(self, y: M, rng: Rng) -> S:
        """The state before the first step; all of a solver's randomness is drawn from ``rng``, now or later."""

    @abstractmethod
    def step(self, y: M, state: S) -> S:
        """One iteration."""

    def advance(self, y: M, state: S, steps: int) -> S:
        """``steps`` iterations; a solver that can order their work better than one by one says how, with the same result."""
        for _ in range(steps):
            state = self.step(y, state)
        return state

    def steps_taken(self, state: S, asked: int) -> int:  # noqa: ARG002 - for solvers that end between two questions
        """How many of the steps ``asked`` for since :meth:`init` were taken: fewer where the answer was found before the last."""
        return asked

    def finished(self, y: M, state: S) -> bool:  # noqa: ARG002 - for solvers that can tell
        """Whether further steps would change nothing; asked now and then, and a run that has finished ends early."""
        return False

    @abstractmethod
    def estimate(self, y: M, state: S) -> Reconstruction:
        """The reconstruction that the state stands for; must leave the state usable."""

    @abstractmethod
    def residual(self, y: M, state: S) -> float:
        """Misfit of the iterate to the measurement, relative, of the best start: the curve's points before the last.

        The framework computes the last point itself, from what :meth:`estimate` returns. A point may take the time of
        two steps, and all questions outside the clock a tenth of the solve besides; what takes longer is on the bill.
        """
