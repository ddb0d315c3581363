"""HIO and ER in turns with shrinkwrap: the pipeline that users of coherent diffraction run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from prbench.core import register
from prbench.tasks.far_field import FarField

from ._pipeline import ProjectionSolver
from ._settings import RecipeSettings
from ._updates import UPDATES, Update


@register(
    "hio-er",
    task="far-field",
    cite="Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758; "
    "Marchesini et al., Phys. Rev. B 68 (2003) 140101, doi:10.1103/PhysRevB.68.140101; "
    "Chen, Miao, Wang, Lee, Phys. Rev. B 76 (2007) 064113, doi:10.1103/PhysRevB.76.064113",
    tags=("classical",),
)
@dataclass(frozen=True)
class HioEr(RecipeSettings, ProjectionSolver):
    """Cycles of HIO and ER from many random starts, the support following the object, the best start chosen.

    Every ``breed_every`` steps the worse half of the starts is replaced by crosses of the better ones (guided HIO); only starts
    without a common ancestor are returned as independent. Held-out pixels, where ``holdout`` asks for them, are given back to the
    fit for the last block of the recipe.
    """

    example: ClassVar[dict[str, object]] = {"iterations": 100, "starts": 2}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Steps of the recipe."""
        return self.recipe_steps

    def release_at(self, y: FarField) -> int:
        """The start of the last block."""
        return self.total_iterations(y) - self.blocks[-1][1]

    def update(self, k: int) -> Update:
        """The one whose block holds step ``k``."""
        return UPDATES[self.block(k)[0]]
