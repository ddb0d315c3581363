"""Error reduction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._settings import GuidedSettings
from ._updates import Update, er


@register("er", task="far-field", cite="Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758", tags=("classical",))
@dataclass(frozen=True)
class ErrorReduction(GuidedSettings, ProjectionSolver):
    """Alternating projections ``P_S P_F``: the residual never grows, and stagnates at the first local minimum."""

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def update(self, k: int) -> Update:  # noqa: ARG002 - the same in every step
        """The same update in every step."""
        return er
