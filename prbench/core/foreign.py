"""Solvers whose work another program does, in a process and an environment of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from .solver import DirectSolver, M


@dataclass(frozen=True)
class ForeignCost:
    """What another program says of its last solve, checked from outside.

    Attributes:
        wall_s: on its own clock, around its solve alone.
        processor_s: processor time of the same, all threads and ended child processes.
        beside_wall_s: how much longer its answer took than its clock and moving the arrays explain.
        beside_processor_s: processor time that it took without having said so.
        ffts, operators, passes, iterations: what it counted; None where it did not.
        peak_memory_host: bytes by which it grew at its highest; None where that is not known.
    """

    wall_s: float
    processor_s: float
    beside_wall_s: float = 0.0
    beside_processor_s: float = 0.0
    ffts: int | None = None
    operators: int | None = None
    passes: int | None = None
    iterations: int | None = None
    peak_memory_host: int | None = None


@dataclass(frozen=True)
class ForeignSolver(DirectSolver[M]):
    """Base of solvers that hand a measurement to another program and return what it answers.

    The runner takes the cost of a solve from :meth:`last_cost`, stores :meth:`facts` with the record, and leaves the processes of
    :meth:`companions` running between cells.
    """

    reference: ClassVar[str] = ""
    """How the class is found again in another process: a name, or the file that declares the program."""

    @abstractmethod
    def last_cost(self) -> ForeignCost:
        """What the last solve of this process took."""

    @abstractmethod
    def facts(self) -> Mapping[str, Any]:
        """The program, its version and its environment, in plain values, for the record; known after ``prepare``."""

    def companions(self) -> tuple[int, ...]:
        """Process ids of programs that wait for the next solve."""
        return ()
