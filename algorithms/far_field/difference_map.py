"""The difference map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._settings import SearchSettings
from ._updates import Update, difference_map


@register(
    "difference-map",
    task="far-field",
    cite="Elser, J. Opt. Soc. Am. A 20 (2003) 40, doi:10.1364/JOSAA.20.000040",
    tags=("classical",),
)
@dataclass(frozen=True)
class DifferenceMap(SearchSettings, ProjectionSolver):
    """With ``beta = 1`` one modulus projection a step (Douglas-Rachford); with other values two, by Elser's optimal estimates."""

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")
    beta: float = setting(1.0, valid="[0.1, 2]", range=(0.6, 1.2), doc="step length")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def update(self, k: int) -> Update:  # noqa: ARG002 - the same in every step
        """The same update in every step."""
        return difference_map
