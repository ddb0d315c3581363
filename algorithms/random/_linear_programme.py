"""PhaseMax's convex programme, by the alternating direction method of multipliers.

``max Re <anchor, x>`` over objects x with ``|A x| <= sqrt(Y)``. With z for ``A x`` and scaled multipliers u, a step is

    x <- A^+ (z - u) + (A* A)^-1 anchor / penalty,   z <- A x + u with moduli of at most sqrt(Y),   u <- u + A x - z

at the cost of one application of A and one least-squares fit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prbench.backend import Array, pointwise
from prbench.backend.pointwise import abs2, sqrt, where
from prbench.core import Rng, setting
from prbench.tasks.random import RandomLinear

from ._flow import TINY, Flow, FromSpectralStart


@pointwise
def limit_modulus(z: Array, amplitude: Array, one: float, tiny: float) -> Array:
    """Z with a modulus of at most the amplitude, and z itself where that is negative, which stands for unmeasured."""
    length = sqrt(abs2(z) + tiny)
    return z * where((amplitude < 0) | (length <= amplitude), one, amplitude / length)


@dataclass(eq=False)
class ProgrammeFlow(Flow):
    """The state, with the programme that it solves.

    Attributes:
        anchor: (1, *object_shape), unit norm.
        z: (1, *shape of the intensities), within the moduli.
        multiplier: the same shape.
    """

    anchor: Any = field(default=None)
    z: Any = field(default=None)
    multiplier: Any = field(default=None)


@dataclass(frozen=True)
class LinearProgramme(FromSpectralStart):
    """Base of methods that solve it once, or again and again with the last object as the anchor."""

    penalty: float = setting(
        10.0, valid="(0, 1000]", range=(1, 100), log=True, doc="of a difference between z and A x, in natural units"
    )

    def init(self, y: RandomLinear, rng: Rng) -> ProgrammeFlow:
        """The start as the anchor and the first object."""
        x = super().init(y, rng).x
        z = y.apply(x)
        return ProgrammeFlow(x, anchor=unit(y, x), z=z, multiplier=y.backend.xp.zeros_like(z))

    def move(self, y: RandomLinear, state: Flow) -> Array:
        """One step of object, values and multipliers."""
        assert isinstance(state, ProgrammeFlow)
        self.renew(y, state)
        # In units of A* A and of the object's norm, so that the penalty means the same for every measurement.
        pull = y.power**0.5 * y.amplitude_norm / self.penalty
        x = y.constrain(y.map.least_squares(y.adjoint(state.z - state.multiplier) + pull * state.anchor))
        z = y.apply(x) + state.multiplier
        state.z = limit_modulus(z, y.amplitude, 1.0, TINY[y.backend.precision], out=1 * z)
        state.multiplier = z - state.z
        return x

    def renew(self, y: RandomLinear, state: ProgrammeFlow) -> None:
        """Called before each step: the method that may choose another anchor."""


def unit(y: RandomLinear, x: Array) -> Array:
    """An object of norm 1."""
    return x / y.backend.xp.linalg.vector_norm(x)
