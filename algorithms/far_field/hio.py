"""Hybrid input-output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._settings import GuidedSettings
from ._updates import Update, hio


@register("hio", task="far-field", cite="Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758", tags=("classical",))
@dataclass(frozen=True)
class HybridInputOutput(GuidedSettings, ProjectionSolver):
    """Off the support the iterate is pushed against what the modulus projection puts there, which leaves local minima."""

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")
    beta: float = setting(0.9, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def update(self, k: int) -> Update:  # noqa: ARG002 - the same in every step
        """The same update in every step."""
        return hio
