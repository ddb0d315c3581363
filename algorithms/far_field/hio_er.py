"""HIO and ER in turns with shrinkwrap: the pipeline that users of coherent diffraction run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import ClassVar

from prbench.core import register, setting
from prbench.core.settings import Scalar
from prbench.tasks.far_field import FarField

from ._finals import Finals
from ._pipeline import ProjectionSolver
from ._run import ProjectionRun
from ._settings import RecipeSettings
from ._state import ProjectionState
from ._updates import UPDATES, Update

MEASURED: dict[str, Scalar] = {
    "threshold": 0.17,
    "autocorrelation": 0.04,
    "recipe": "5*(20*ER+180*HIO)+20*ER",
    "starts": 8,
    "beta": 0.9,
    "breed_every": 400,
}
"""For measured patterns: chosen on one of them, the logo of the ESRF, by its published support, and judged on the crystal of APS
34-ID-C, see ``results/measured.md``. A first support from the autocorrelation keeps the object small where a beamstop hides the
low frequencies.
"""


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

    The recipe is the longest that a run may take: where blocks of ER end, starts that cannot win are dropped, and the run ends
    once its answer is exact and gets no better (see :class:`~._finals.Finals`). ``scores`` keeps those of dropped starts.

    Every ``breed_every`` steps the worse half of the starts is replaced by crosses of the better ones (guided HIO); only starts
    without a common ancestor are returned as independent. Held-out pixels, where ``holdout`` asks for them, are given back to the
    fit for the last block of the recipe.
    """

    finalists: int = setting(
        1, valid="[1, 4096]", range=(1, 16), doc="starts that are never dropped; others are once one has found the object"
    )

    example: ClassVar[dict[str, object]] = {"iterations": 100, "starts": 2}
    presets: ClassVar[dict[str, dict[str, Scalar]]] = {"measured": MEASURED}

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Steps of the recipe."""
        return self.recipe_steps

    def run(self, y: FarField) -> ProjectionRun:
        """Updates and policies, and checks where blocks of ER end."""
        ends = accumulate(steps for _, steps in self.blocks)
        checks = tuple(end for end, (name, _) in zip(ends, self.blocks, strict=True) if name == "ER")
        return replace(super().run(y), finals=Finals(checks, self.finalists))

    def finished(self, y: FarField, state: ProjectionState) -> bool:  # noqa: ARG002 - the state knows
        """Whether the answer is exact and gets no better."""
        return state.settled

    def release_at(self, y: FarField) -> int:
        """The start of the last block."""
        return self.total_iterations(y) - self.blocks[-1][1]

    def update(self, k: int) -> Update:
        """The one whose block holds step ``k``."""
        return UPDATES[self.block(k)[0]]
