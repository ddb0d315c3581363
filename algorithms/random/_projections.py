"""Projection algorithms between the measured moduli and the range of the map.

With the modulus projection ``P_M`` and the projection on the range ``P_A = A A^+``, each step reads

    z <- a z + b P_M z + c P_A (d P_M z - z)

and differs from the next algorithm's in four numbers alone. It costs one application of A and one least-squares fit.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

from prbench.backend import Array
from prbench.core import Rng
from prbench.tasks.random import RandomLinear

from ._flow import TINY, Flow, FromSpectralStart
from .gs_random import measured_modulus


@dataclass(eq=False)
class RangeFlow(Flow):
    """The state, with what stands for the measured values.

    Attributes:
        z: complex (1, *shape of the intensities).
    """

    z: Any = field(default=None)


@dataclass(frozen=True)
class RangeProjections(FromSpectralStart):
    """Base of projection algorithms in the space of the measured values."""

    @property
    @abstractmethod
    def coefficients(self) -> tuple[float, float, float, float]:
        """The numbers a, b, c and d of the step."""

    def init(self, y: RandomLinear, rng: Rng) -> RangeFlow:
        """The values of the start."""
        x = super().init(y, rng).x
        return RangeFlow(x, z=y.apply(x))

    def move(self, y: RandomLinear, state: Flow) -> Array:
        """One step of z; the object is the one fitted, which at a solution is ``(d - 1) X``."""
        assert isinstance(state, RangeFlow)
        a, b, c, d = self.coefficients
        p = measured_modulus(state.z, y.amplitude, 1.0, TINY[y.backend.precision], out=1 * state.z)
        x = y.constrain(y.least_squares(d * p - state.z))
        state.z = a * state.z + b * p + c * y.apply(x)
        return x / (d - 1)
