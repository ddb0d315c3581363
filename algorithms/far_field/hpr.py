"""Hybrid projection reflection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._settings import GuidedSettings
from ._updates import Update, hpr


@register(
    "hpr",
    task="far-field",
    cite="Bauschke, Combettes, Luke, J. Opt. Soc. Am. A 20 (2003) 1025, doi:10.1364/JOSAA.20.001025",
    tags=("classical",),
)
@dataclass(frozen=True)
class HybridProjectionReflection(GuidedSettings, ProjectionSolver):
    """HIO with the constraints judged where ``(1 + beta) P_F g - g`` stands, which makes it a sum of projections and reflections.

    Where a support is all that is known, it is HIO; for nonnegative objects and those of a known number of pixels it is not.
    """

    iterations: int = setting(1000, valid="[1, inf)", range=(100, 10_000), log=True, doc="steps")
    beta: float = setting(0.9, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback")

    example: ClassVar[dict[str, object]] = {"iterations": 100}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def update(self, k: int) -> Update:  # noqa: ARG002 - the same in every step
        """The same update in every step."""
        return hpr
