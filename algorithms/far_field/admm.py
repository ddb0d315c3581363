"""The alternating direction method of multipliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from prbench.backend import Array
from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._batch import BatchSolver, BatchState, pull_modulus


@dataclass
class MultiplierState(BatchState):
    """Spectra of the objects' copies, and the multipliers of their equality.

    Attributes:
        z: spectra that explain the moduli, complex (starts, *shape).
        multiplier: scaled by the penalty, complex (starts, *shape).
    """

    z: Array
    multiplier: Array


@register(
    "admm",
    task="far-field",
    cite="Wen, Yang, Liu, Marchesini, Inverse Problems 28 (2012) 115010, doi:10.1088/0266-5611/28/11/115010",
    tags=("classical",),
)
@dataclass(frozen=True)
class AlternatingDirections(BatchSolver[MultiplierState]):
    """``min | |z| - sqrt(Y) |^2 / 2`` over objects x within their constraints and ``z = F x``, by the augmented Lagrangian.

    A step projects ``F^-1 (z - u)`` on the constraints of the object, moves the moduli of ``F x + u`` by the share
    ``1/(1 + penalty)`` of the way to the measured ones, and adds ``dual_step (F x - z)`` to the multiplier u. A penalty of 0
    takes the measured moduli as they are; noise asks for more. A step costs two FFTs.
    """

    penalty: float = setting(0.5, valid="[0, 100]", range=(0.05, 2), doc="of a difference between z and F x")
    dual_step: float = setting(0.9, valid="(0, 1.6]", range=(0.5, 1.2), doc="length of the multiplier's step")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def begin(self, y: FarField, g: Array, known: dict[str, Any]) -> MultiplierState:
        """The spectra of the fields, and multipliers of zero."""
        return MultiplierState(z=y.transform(g), multiplier=y.backend.xp.zeros_like(g), **known)

    def fields(self, y: FarField, s: MultiplierState) -> Array:
        """The objects whose spectra explain the moduli."""
        return y.inverse(s.z)

    def move(self, y: FarField, s: MultiplierState) -> None:
        """Object, spectrum and multiplier, each the best for the others."""
        x = y.inverse(s.z - s.multiplier)
        if y.real:
            x = x.real + 0j
        X = y.transform(x * s.constraints.mask(x, s.support))
        s.z = pull_modulus(y, X + s.multiplier, 1.0 / (1.0 + self.penalty))
        s.multiplier = s.multiplier + self.dual_step * (X - s.z)
