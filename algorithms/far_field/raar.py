"""Relaxed averaged alternating reflections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._settings import GuidedSettings
from ._updates import Update, raar


@register(
    "raar", task="far-field", cite="Luke, Inverse Problems 21 (2005) 37, doi:10.1088/0266-5611/21/1/004", tags=("classical",)
)
@dataclass(frozen=True)
class RAAR(GuidedSettings, ProjectionSolver):
    """A relaxation of the difference map that stays near a least-squares solution when the data are inconsistent."""

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")
    beta: float = setting(0.87, valid="(0, 1]", range=(0.5, 1.0), doc="relaxation; 1 is the difference map")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def update(self, k: int) -> Update:  # noqa: ARG002 - the same in every step
        """The same update in every step."""
        return raar
