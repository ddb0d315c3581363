"""The projection pipeline followed by maximum likelihood, which takes it to the limit that the noise sets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar, Literal

from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.errors import UsageError
from prbench.tasks.far_field import UNIFORM_MAGNITUDE, FarField

from ._coherence import reported
from ._finals import Settling
from ._likelihood import refine
from ._memory import fitting_starts
from ._policies import HoldOut
from ._refinement import RefinedState, again, answer, background, enter, leave
from ._run import ProjectionRun, iterate_residual, outcome, residual_of_best
from ._settings import RecipeSettings
from ._state import ProjectionState, random_state
from ._updates import UPDATES, Update

_LAST_CYCLES = 2
"""Cycles before the first ML that are never left out: in them the support's blur reaches its end."""

_HELD_OUT, _SEMIFINALISTS = 0.03, 8
"""Fraction of the pixels held out where none is asked for, and starts that go on with the last cycles."""


@register(
    "hio-er-ml",
    task="far-field",
    cite="Fienup, Appl. Opt. 21 (1982) 2758, doi:10.1364/AO.21.002758; "
    "Marchesini et al., Phys. Rev. B 68 (2003) 140101, doi:10.1103/PhysRevB.68.140101; "
    "Thibault, Guizar-Sicairos, New J. Phys. 14 (2012) 063004, doi:10.1088/1367-2630/14/6/063004; "
    "Chang, Lou, Duan, Marchesini, SIAM J. Imaging Sci. 11 (2018) 24, doi:10.1137/16M1103270",
    tags=("classical",),
)
@dataclass(frozen=True)
class HioErMl(RecipeSettings, IterativeSolver[FarField, RefinedState]):
    """``hio-er``, then Poisson maximum likelihood and projections in turns, on a support that tightens.

    Each block ``ML`` of the recipe starts from the mean of the finalists, the best of them, the last refined object and its
    shifts by half a pixel along each axis. Its background is annealed from three times the mean count to nothing, which lets
    Fourier coefficients change sign that plain likelihood would hold in place. The support is then drawn anew from the refined
    object and from what its likelihood asks for off the support, and the finalists project on it, the refined object among
    them. Answers on different supports are compared by Akaike's criterion: a support too tight pays in likelihood, one too
    loose in parameters.

    Where the measurement tells its photons (``gain``), all projections on the modulus are relaxed to the proximal map of the
    Poisson likelihood. With ``settle`` a few pixels are held out of the projections; once the starts explain these no better, the
    best of them go on with the last two cycles before the first ML, which see all pixels (see :class:`~._finals.Settling`).
    Batches of starts are independent, and Akaike's criterion chooses their best answer.
    """

    recipe: str = setting(
        "12*(20*ER+180*HIO)+20*ER+4*(160*ML+100*HIO+20*ER)+160*ML", doc="sequence of steps: ER, HIO, RAAR, RRR, DM, ML"
    )
    finalists: int = setting(5, valid="[1, inf)", range=(2, 16), doc="starts that go on after the first ML")
    loose: float = setting(
        0.3, valid="(0, 1)", range=(0.15, 0.4), doc="fraction of the typical magnitude kept after the first ML"
    )
    tight: float = setting(0.5, valid="(0, 1)", range=(0.3, 0.6), doc="the same after the last but one")

    relaxation: float = setting(
        0.8,
        valid="[0, 100]",
        range=(0.3, 1.5),
        doc="with photon noise: weight of the iterate against the counts in projections on the modulus, times the root of the "
        "mean count per pixel; 0: none",
    )
    batches: int = setting(1, valid="[1, 1000]", range=(1, 8), log=True, doc="times that all is done, each from new starts")
    magnitude: Literal["free", "uniform"] = setting(
        "free", doc="uniform: the object has one magnitude on its support, as crystals; known to the last ML"
    )

    settle: bool = setting(
        False,
        doc="with photon noise: end the projections once held-out pixels are explained no better, which costs a third of the FFT "
        "pairs, and some of the hard crystals",
    )

    example: ClassVar[dict[str, object]] = {"recipe": "100*HIO+20*ER+2*(24*ML+20*ER)+24*ML", "starts": 2}

    algorithms: ClassVar[tuple[str, ...]] = (*UPDATES, "ML")

    @property
    def assumes(self) -> tuple[str, ...]:
        """That the magnitude is uniform, where ``magnitude`` says so."""
        return (UNIFORM_MAGNITUDE,) if self.magnitude == "uniform" else ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if all(name != "ML" for name, _ in self.blocks):
            raise UsageError(f"hio-er-ml: recipe {self.recipe!r} has no ML; add one, as in 20*ER+160*ML, or use hio-er")

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Steps of the recipe, for each batch."""
        return self.recipe_steps * self.batches

    @property
    def projections(self) -> int:
        """Steps before the first refinement: until then the support follows the object by shrinkwrap."""
        steps = 0
        for name, length in self.blocks:
            if name == "ML":
                return steps
            steps += length
        return steps

    def run(self, y: FarField) -> ProjectionRun:
        """Updates and policies; pixels held out by ``holdout`` are given back for the last block before the first refinement."""
        steps, settling = self.projections, self.settling(y)
        hold_out = HoldOut(self.holdout, steps - self.block(max(0, steps - 1))[2])
        if settling is not None and not self.holdout:
            hold_out = HoldOut(_HELD_OUT, settling.resume, chooses=False)
        return ProjectionRun(
            self._update, steps, self.support_policy(y), self.restart_policy(), hold_out, self.coherence_policy, settling
        )

    def settling(self, y: FarField) -> Settling | None:
        """When the projections end early; None without photon noise, and where the recipe has too few cycles of them."""
        ends = accumulate(steps for _, steps in self.blocks)
        checks = [end for end, (name, _) in zip(ends, self.blocks, strict=True) if name == "ER" and end <= self.projections]
        if not self.settle or y.gain is None or len(checks) <= _LAST_CYCLES + 2:
            return None
        resume = checks[-1 - _LAST_CYCLES]
        return Settling(
            tuple(at for at in checks if at < resume), max(self.finalists, _SEMIFINALISTS), resume, bool(self.holdout)
        )

    def _update(self, k: int) -> Update:
        return UPDATES[self.block(k)[0]]

    def init(self, y: FarField, rng: Rng) -> RefinedState:
        """Held-out pixels, first iterates and supports."""
        return RefinedState(self._first(y, rng))

    def _first(self, y: FarField, rng: Rng) -> ProjectionState:
        fitted, choice = self.run(y).hold_out.split(y, rng)
        starts, interpolated = fitting_starts(y, self.starts), self.unmeasured == "interpolated"
        first = random_state(fitted, choice, rng, starts, self.feedback, self.autocorrelation, interpolated=interpolated)
        first.coherence = self.coherence_policy.first(y)
        if y.gain is not None:
            mean_count = y.amplitude_norm**2 / (y.gain * math.prod(y.shape))
            first.relaxation = self.relaxation / math.sqrt(mean_count)
        return first

    def step(self, y: FarField, state: RefinedState) -> RefinedState:
        """One projection update or conjugate-gradient step."""
        return self.advance(y, state, 1)

    def advance(self, y: FarField, state: RefinedState, steps: int) -> RefinedState:
        """Projection updates, or conjugate-gradient steps; where a batch has ended the next begins."""
        last = state.steps_taken + steps
        while state.steps_taken < last and not self.finished(y, state):
            if state.projections.k >= self.recipe_steps:
                again(y, state, self._first(y, state.projections.rng))
            self._advance(y, state, last - state.steps_taken)
        return state

    def _advance(self, y: FarField, state: RefinedState, steps: int) -> None:
        """Steps within one batch."""
        s = state.projections
        last = s.steps_taken + steps
        while s.steps_taken < last and s.k < self.recipe_steps:
            name, at, length = self.block(s.k)
            end = s.k + min(last - s.steps_taken, length - at)
            if name == "ML":
                self._refine(y, state, end)
            else:
                self.run(y).advance(y, s, end)

    def steps_taken(self, state: RefinedState, asked: int) -> int:
        """Fewer than asked for where the end of the recipe has been reached before."""
        return min(asked, state.steps_taken)

    def finished(self, y: FarField, state: RefinedState) -> bool:  # noqa: ARG002 - the same for every measurement
        """Whether the end of the recipe has been reached in the last batch."""
        return state.batch == self.batches - 1 and state.projections.k >= self.recipe_steps

    def _refine(self, y: FarField, state: RefinedState, last: int) -> None:
        """Conjugate-gradient steps up to ``last``, within one block."""
        s = state.projections
        while s.k < last:
            _, at, length = self.block(s.k)
            if at == 0:
                blocks = 0 if state.refinement is None else state.refinement.blocks
                last_block = blocks == sum(name == "ML" for name, _ in self.blocks) - 1
                uniform = self.magnitude == "uniform" and last_block
                enter(y, state, self.finalists, self.keep, self.reject, uniform=uniform)
            assert state.refinement is not None
            assert state.refinement.descent is not None
            refine(y, state.refinement.descent, background(y, at / length))
            s.k += 1
            if at == length - 1:
                leave(y, state, self.fraction(state.refinement.blocks))
                s.coherence = self.coherence_policy.refitted(y, s.coherence, state.refinement.last)

    def fraction(self, blocks: int) -> float:
        """Of the typical magnitude, kept after this many blocks of refinement."""
        last = max(1, sum(name == "ML" for name, _ in self.blocks) - 2)
        return self.loose + (self.tight - self.loose) * min(1.0, blocks / last)

    def residual(self, y: FarField, state: RefinedState) -> float:
        """Modulus error of the answer."""
        r = state.best_refinement(y)
        if r is None:
            return residual_of_best(y, state.projections)
        return iterate_residual(y, answer(y, r)[0], state.projections.coherence)

    def estimate(self, y: FarField, state: RefinedState) -> Reconstruction:
        """The best answer of the refinement by Akaike's criterion; the projections' where time ended before it."""
        r = state.best_refinement(y)
        if r is None:
            return outcome(y, state.projections, self.keep, self.reject)
        best, support = answer(y, r)
        cut = y.crop(support, weight=abs(best) ** 2)
        beam = reported(y, state.projections.coherence)
        return Reconstruction(object=y.crop(best), aux={"starts": r.starts, "scores": r.scores, "support": cut, **beam})
