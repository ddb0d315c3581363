"""HIO and ER in turns with shrinkwrap: the pipeline that users of coherent diffraction run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from prbench.core import register, setting
from prbench.tasks.far_field import FarField

from ._fields import Fields
from ._guidance import breed
from ._pipeline import ProjectionSolver, objects
from ._recipe import fit_to_length, parse_recipe
from ._selection import score
from ._shrinkwrap import random_halves
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
class HioEr(ProjectionSolver):
    """Cycles of HIO and ER from many random starts, the support following the object, the best start chosen.

    Every ``breed_every`` steps the worse half of the starts is replaced by crosses of the better ones (guided HIO); only starts
    without a common ancestor are returned as independent. Held-out pixels, where ``free`` asks for them, are given back to the
    fit for the last block of the recipe.
    """

    recipe: str = setting("12*(20*ER+180*HIO)+20*ER", doc="sequence of steps: ER, HIO, RAAR, RRR, DM")
    iterations: int | None = setting(None, valid="[1, inf)", doc="repeat or cut the recipe to this many steps; none: as it is")
    starts: int = setting(16, valid="[1, 4096]", range=(1, 64), log=True, doc="random starts, advanced as one batch")
    beta: float = setting(0.8, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback in HIO")

    breed_every: int = setting(600, valid="[0, inf)", range=(200, 1000), doc="steps between generations; 0 for none")
    twin_break: bool = setting(False, doc="keep half of the support between its first two updates")

    example: ClassVar[dict[str, object]] = {"iterations": 100, "starts": 2}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.blocks  # noqa: B018 - a recipe that cannot be read is refused now

    known: ClassVar[tuple[str, ...]] = tuple(UPDATES)

    @cached_property
    def blocks(self) -> tuple[tuple[str, int], ...]:
        """The recipe as (algorithm, steps)."""
        return fit_to_length(parse_recipe(self.recipe, self.known), self.iterations)

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Steps of the recipe."""
        return sum(steps for _, steps in self.blocks)

    def release_at(self, y: FarField) -> int:
        """The start of the last block."""
        return self.projections(y) - self.blocks[-1][1]

    def pause(self, y: FarField, k: int) -> int:
        """As for every projection solver, and where a generation ends."""
        end = super().pause(y, k)
        return min(end, k - k % self.breed_every + self.breed_every) if self.breed_every else end

    def after(self, y: FarField, s: Fields) -> None:
        """The support's update where it is due, and a new generation where that is due."""
        super().after(y, s)
        if self.twin_break and s.k == self.update_every:
            s.support = s.support & random_halves(y, s.rng, self.starts)
        if self.breed_every and s.k % self.breed_every == 0 and s.k < self.projections(y) and self.starts > 3:
            estimates = objects(s)
            breed(s, estimates, score(s.choice, estimates))

    def update(self, k: int) -> Update:
        """The one whose block holds step ``k``."""
        return UPDATES[self.block(k)[0]]

    def block(self, k: int) -> tuple[str, int, int]:
        """Algorithm of step ``k``, its place within the block, and the block's length."""
        for name, steps in self.blocks:
            if k < steps:
                return name, k, steps
            k -= steps
        raise IndexError(k)
