"""``double-dip`` followed by projections and maximum likelihood, which start where the networks ended."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from prbench.core import Reconstruction, Rng, Solver, register, setting
from prbench.tasks.far_field import FarField

from ._deep_prior import PriorState
from ._refinement import RefinedState
from ._selection import Choice, by_score
from ._shrinkwrap import shrink
from ._state import ProjectionState
from .double_dip import DoubleDip
from .hio_er_ml import HioErMl


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
    "Thibault, Guizar-Sicairos, New J. Phys. 14 (2012) 063004, doi:10.1088/1367-2630/14/6/063004",
    tags=("untrained",),
)
@dataclass(frozen=True)
class DoubleDipPolish(DoubleDip):
    """``double-dip``, then the second half of ``hio-er-ml`` from the networks' answers, on all measured pixels.

    The support is where the answer's magnitude is, by shrinkwrap's rule. It has a name of its own because its answer is no longer
    one that networks have drawn: ``double-dip`` beside it shows what the prior did.
    """

    recipe: str = setting(
        "20*ER+3*(100*ML+20*ER)+100*ML", doc="steps after the networks': ER, HIO, RAAR, RRR, DM, ML; one ML at least"
    )
    threshold: float = setting(
        0.2, valid="(0, 1)", range=(0.08, 0.3), doc="first support: fraction of the blurred magnitude's maximum that is kept"
    )

    parts: ClassVar[tuple[type[Solver[Any]], ...]] = (HioErMl,)
    example: ClassVar[dict[str, object]] = {**DoubleDip.example, "recipe": "10*ER+10*ML"}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.projections  # noqa: B018 - a recipe that cannot be read is refused now

    @cached_property
    def projections(self) -> HioErMl:
        """The solver of the second part."""
        return HioErMl(
            recipe=self.recipe, threshold=self.threshold, breed_every=0, sigma_start=1.0, sigma_end=1.0, keep=self.keep
        )

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
        of_networks = max(0, min(steps, self.iterations - state.steps)) if state.refined is None else 0
        for _ in range(of_networks):
            super().step(y, state)
        if steps > of_networks:
            if state.refined is None:
                state.refined = self._handed_over(y, state)
            self.projections.advance(y, state.refined, steps - of_networks)
        return state

    def _handed_over(self, y: FarField, state: PolishedFit) -> RefinedState:
        assert state.rng is not None
        result = self.estimates(y, state)
        result = result[by_score(state.stopping.scores)]
        support = shrink(y, result, 1.0, self.threshold)
        g = y.project_modulus(result) * support
        return RefinedState(ProjectionState.of(y, g, support, self.projections.beta, Choice(y, None), state.rng))

    def finished(self, y: FarField, state: PriorState) -> bool:  # noqa: ARG002 - the contract
        """Never before the projections have ended."""
        return False

    def estimate(self, y: FarField, state: PriorState) -> Reconstruction:
        """The projections' answer, or the networks' where they have not begun."""
        assert isinstance(state, PolishedFit)
        return super().estimate(y, state) if state.refined is None else self.projections.estimate(y, state.refined)

    def residual(self, y: FarField, state: PriorState) -> float:
        """That of the part under way."""
        assert isinstance(state, PolishedFit)
        return super().residual(y, state) if state.refined is None else self.projections.residual(y, state.refined)
