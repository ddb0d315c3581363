"""Charge flipping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._state import ProjectionState
from ._updates import Update, relax


@register(
    "charge-flipping",
    task="far-field",
    cite="Oszlányi, Sütő, Acta Crystallogr. A 60 (2004) 134, doi:10.1107/S0108767303027569; "
    "Oszlányi, Sütő, Acta Crystallogr. A 64 (2008) 123, doi:10.1107/S0108767307046028",
    tags=("classical",),
)
@dataclass(frozen=True)
class ChargeFlipping(ProjectionSolver):
    """Density below a threshold changes its sign, density above it stays: the search for atoms in a cell that needs no support.

    The threshold is a multiple of the density's standard deviation in each start. Real objects are flipped where they are below
    it, complex ones where their modulus is, and everything outside a given support. Moduli that are not measured, as that of zero
    frequency, are left as they come.
    """

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")
    flip_below: float = setting(0.9, valid="(0, 10]", range=(0.5, 1.3), doc="threshold in standard deviations of the density")
    update_every: int = setting(0, valid="[0, inf)", doc="steps between support updates by shrinkwrap; 0 for none")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def update(self, k: int) -> Update:  # noqa: ARG002 - the same in every step
        """The same update in every step."""
        return self._flip

    def _flip(self, s: ProjectionState) -> None:
        """``p`` where it is above the threshold, ``-p`` elsewhere, with ``p = P_F g``."""
        xp, axes = s.y.backend.xp, tuple(range(1, s.y.ndim + 1))
        s.p = s.y.project_modulus(s.g, spectrum=s.p, out=s.p, coherence=s.coherence)
        if s.constraints.real:
            s.p = s.p.real + 0j
        density = s.p.real if s.constraints.real else xp.abs(s.p)
        threshold = self.flip_below * xp.sqrt(xp.mean(xp.abs(s.p) ** 2, axis=axes, keepdims=True))
        inside = density > threshold
        if s.y.support is not None:
            inside = inside & s.support
        s.g = relax(s.p, s.p, inside, 0.0, -1.0, out=s.g)
