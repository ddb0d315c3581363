"""Counting what a solver asks of the physics, so that cost can be told in units that travel between machines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Counters:
    """Applications of a measurement's operators since the last :meth:`reset`.

    Attributes:
        ffts: transforms of one array of the measurement's shape, forward and inverse alike; a batch of 16 counts 16.
        operators: applications of the forward model or its adjoint to one object.
    """

    ffts: int = 0
    operators: int = 0

    def reset(self) -> None:
        """Start from zero."""
        self.ffts = 0
        self.operators = 0
