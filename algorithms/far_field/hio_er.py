"""HIO and ER in turns with shrinkwrap: the pipeline that users of coherent diffraction run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from prbench.core import FarField, register, setting

from ._pipeline import ProjectionSolver
from ._recipe import fit_to_length, parse_recipe
from ._updates import UPDATES, Update


@register(
    "hio-er",
    task="far-field",
    cite="Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758; "
    "Marchesini et al., Phys. Rev. B 68 (2003) 140101, doi:10.1103/PhysRevB.68.140101",
    tags=("classical",),
)
@dataclass(frozen=True)
class HioEr(ProjectionSolver):
    """Cycles of HIO and ER from many random starts, the support following the object, the best start chosen.

    Held-out pixels, where ``free`` asks for them, are given back to the fit for the last block of the recipe.
    """

    recipe: str = setting("5*(20*ER+180*HIO)+20*ER", doc="sequence of steps: ER, HIO, RAAR, RRR, DM")
    iterations: int | None = setting(None, valid="[1, inf)", doc="repeat or cut the recipe to this many steps; none: as it is")
    starts: int = setting(16, valid="[1, 4096]", range=(1, 64), log=True, doc="random starts, advanced as one batch")
    beta: float = setting(0.9, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback in HIO")

    example: ClassVar[dict[str, object]] = {"iterations": 100, "starts": 2}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.blocks  # noqa: B018 - a recipe that cannot be read is refused now

    @cached_property
    def blocks(self) -> tuple[tuple[str, int], ...]:
        """The recipe as (algorithm, steps)."""
        return fit_to_length(parse_recipe(self.recipe, tuple(UPDATES)), self.iterations)

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Steps of the recipe."""
        return sum(steps for _, steps in self.blocks)

    def release_at(self, y: FarField) -> int:
        """The start of the last block."""
        return self.total_iterations(y) - self.blocks[-1][1]

    def update(self, k: int) -> Update:
        """The one whose block holds step ``k``."""
        for name, steps in self.blocks:
            if k < steps:
                return UPDATES[name]
            k -= steps
        raise IndexError(k)
