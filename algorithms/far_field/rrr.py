"""Relaxed reflect-reflect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._settings import SearchSettings
from ._updates import Update, rrr


@register(
    "rrr",
    task="far-field",
    cite="Elser, Lan, Bendory, SIAM J. Imaging Sci. 11 (2018) 2429, doi:10.1137/18M1170364",
    tags=("classical",),
)
@dataclass(frozen=True)
class RRR(SearchSettings, ProjectionSolver):
    """``g + beta (P_F(2 P_S g - g) - P_S g)``: a search that comes to rest only where both constraints hold."""

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")
    beta: float = setting(0.5, valid="(0, 2)", range=(0.2, 1.0), doc="step length")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def update(self, k: int) -> Update:  # noqa: ARG002 - the same in every step
        """The same update in every step."""
        return rrr
