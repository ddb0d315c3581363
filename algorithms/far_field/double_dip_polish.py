"""``double-dip-admm`` with projections: they search from what the networks draw, and polish what was found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import torch

from prbench.core import Reconstruction, Rng, Solver, register, setting
from prbench.tasks.far_field import FarField

from ._deep_prior import PriorState
from ._refinement import RefinedState
from ._selection import Choice, by_score
from ._shrinkwrap import shrink
from ._state import ProjectionState
from .double_dip_admm import DoubleDipADMM
from .hio_er import HioEr
from .hio_er_ml import HioErMl

_FOUND = 2e-3
"""Modulus error of a search that has found the object, where there is no noise: no wrong object explains a pattern that well."""


@dataclass(eq=False)
class PolishedFit(PriorState):
    """The networks' state and, once they are done, that of the projections.

    Attributes:
        refined: of the projections; None before.
        rng: source of randomness.
    """

    refined: RefinedState | None = None
    rng: Rng | None = None


@register(
    "double-dip-polish",
    task="far-field",
    cite="Zhuang, Yang, Hofmann, Barmherzig, Sun (2022), arXiv:2211.00799; "
    "Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758; "
    "Thibault, Guizar-Sicairos, New J. Phys. 14 (2012) 063004, doi:10.1088/1367-2630/14/6/063004",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DoubleDipPolish(DoubleDipADMM):
    """``double-dip-admm``, then the second half of ``hio-er-ml`` from the networks' answers, on all measured pixels.

    Where there is no photon noise, HIO and ER also search from what the networks draw, every few steps of the fit; the networks
    do not see what these find. A search that explains the pattern ends the fit, and the polish begins there.

    The support is where the magnitude is, by shrinkwrap's rule. The solver has a name of its own because its answer is no
    longer one that networks have drawn: ``double-dip-admm`` beside it shows what the prior did.
    """

    recipe: str = setting(
        "20*ER+3*(100*ML+20*ER)+100*ML", doc="steps after the networks': ER, HIO, RAAR, RRR, DM, ML; one ML at least"
    )
    threshold: float = setting(
        0.2, valid="(0, 1)", range=(0.08, 0.3), doc="first support: fraction of the blurred magnitude's maximum that is kept"
    )
    search: str = setting("5*(20*ER+180*HIO)+20*ER", doc="steps of a search from what the networks draw: ER, HIO, RAAR, RRR, DM")
    search_every: int = setting(
        50, valid="[0, inf)", range=(20, 200), doc="without photon noise: steps of the networks between two searches; 0: none"
    )

    parts: ClassVar[tuple[type[Solver[Any]], ...]] = (HioErMl, HioEr)
    example: ClassVar[dict[str, object]] = {**DoubleDipADMM.example, "recipe": "10*ER+10*ML", "search_every": 10}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.projections, self.searching  # noqa: B018 - a recipe that cannot be read is refused now

    @cached_property
    def projections(self) -> HioErMl:
        """The solver of the last part."""
        return HioErMl(
            recipe=self.recipe, threshold=self.threshold, breed_every=0, sigma_start=1.0, sigma_end=1.0, keep=self.keep
        )

    @cached_property
    def searching(self) -> HioEr:
        """The solver of a search; a support drawn from an unfinished object is blurred more than a finished one's."""
        return HioEr(recipe=self.search, threshold=self.threshold, breed_every=0, sigma_start=2.0, keep=self.keep)

    def total_iterations(self, y: FarField) -> int:
        """Steps of the networks and of the projections."""
        return self.iterations + self.projections.total_iterations(y)

    def init(self, y: FarField, rng: Rng) -> PolishedFit:
        """As for the networks alone."""
        return PolishedFit(**vars(super().init(y, rng)), rng=rng)

    def step(self, y: FarField, state: PriorState) -> PolishedFit:
        """One step of the networks or of the projections."""
        assert isinstance(state, PolishedFit)
        return self.advance(y, state, 1)

    def advance(self, y: FarField, state: PriorState, steps: int) -> PolishedFit:
        """Steps of the networks, then of the projections."""
        assert isinstance(state, PolishedFit)
        while steps and state.refined is None and state.steps < self.iterations:
            super().step(y, state)
            steps -= 1
            if self.search_every and y.gain is None and state.steps % self.search_every == 0:
                state.refined = self._search(y, state)
        if steps:
            if state.refined is None:
                state.refined = self._handed_over(y, state)
            self.projections.advance(y, state.refined, steps)
        return state

    def steps_taken(self, state: PriorState, asked: int) -> int:
        """Fewer than asked for where a search has ended the fit."""
        assert isinstance(state, PolishedFit)
        return min(asked, state.steps + (0 if state.refined is None else state.refined.steps_taken))

    def _search(self, y: FarField, state: PolishedFit) -> RefinedState | None:
        """What projections from the objects of the last step have found; None where they have not."""
        s = self._projected(y, state, self.padded(y, self._objects(y, state)), self.searching)
        self.searching.advance(y, s, self.searching.total_iterations(y))
        scores = s.scores_now()
        found = [i for i in by_score(scores) if scores[i] <= _FOUND]
        if not found:
            return None
        s.retain(found)
        s.k, s.settled = 0, False
        return RefinedState(s)

    def _handed_over(self, y: FarField, state: PolishedFit) -> RefinedState:
        """What the networks have drawn, best first."""
        fields = self.estimates(y, state)[by_score(state.stopping.scores)]
        return RefinedState(self._projected(y, state, fields, self.projections))

    def _projected(self, y: FarField, state: PolishedFit, fields: torch.Tensor, solver: HioEr | HioErMl) -> ProjectionState:
        """The modulus projection of fields (starts, *shape), cut to their supports."""
        assert state.rng is not None
        support = shrink(y, fields, solver.sigma_start, self.threshold)
        return ProjectionState.of(y, y.project_modulus(fields) * support, support, solver.beta, Choice(y, None), state.rng)

    def finished(self, y: FarField, state: PriorState) -> bool:
        """Once the projections have ended."""
        assert isinstance(state, PolishedFit)
        return state.refined is not None and self.projections.finished(y, state.refined)

    def estimate(self, y: FarField, state: PriorState) -> Reconstruction:
        """The projections' answer, or the networks' where they have not begun."""
        assert isinstance(state, PolishedFit)
        return super().estimate(y, state) if state.refined is None else self.projections.estimate(y, state.refined)

    def residual(self, y: FarField, state: PriorState) -> float:
        """That of the part under way."""
        assert isinstance(state, PolishedFit)
        return super().residual(y, state) if state.refined is None else self.projections.residual(y, state.refined)
