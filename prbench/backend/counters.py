"""Counting what a solver asks of the physics and of networks, so that cost can be told in units that travel between machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass

_WITH_GRADIENT = 3
"""Passes that one costs together with the gradient by the weights, which takes two products for every one forward."""


@dataclass
class Counters:
    """Applications of a measurement's operators, and of networks, since the last :meth:`reset`.

    Attributes:
        ffts: transforms of one array of the measurement's shape, forward and inverse alike; a batch of 16 counts 16.
        operators: applications of the forward model or its adjoint to one object.
        passes: of the solver's networks, all of them together over one input; a batch of 16 counts 16.
    """

    ffts: int = 0
    operators: int = 0
    passes: int = 0

    def add_passes(self, inputs: int, *, gradient: bool = False) -> None:
        """Count passes of networks over a number of inputs, each of which counts three where the gradient is taken as well."""
        self.passes += inputs * (_WITH_GRADIENT if gradient else 1)

    def add(self, other: Counters) -> None:
        """Count what another has counted."""
        self.ffts += other.ffts
        self.operators += other.operators
        self.passes += other.passes

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Count nothing of what happens inside."""
        before = astuple(self)
        yield
        self.ffts, self.operators, self.passes = before

    def reset(self) -> None:
        """Start from zero."""
        self.ffts = self.operators = self.passes = 0
