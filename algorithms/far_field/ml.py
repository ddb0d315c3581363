"""Maximum likelihood from a random start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from prbench.core import IterativeSolver, Reconstruction, Rng, register, setting
from prbench.tasks.far_field import UNIFORM_MAGNITUDE, FarField

from ._likelihood import LikelihoodDescent, begin, confine, log_likelihood, refine
from ._run import iterate_residual, reconstruction
from ._selection import Choice, by_score
from ._settings import ShrinkwrapSettings
from ._state import random_state


@dataclass
class DescentState:
    """A batch of descents after ``k`` steps."""

    descent: LikelihoodDescent
    k: int = 0


@register(
    "ml",
    task="far-field",
    cite="Thibault, Guizar-Sicairos, New J. Phys. 14 (2012) 063004, doi:10.1088/1367-2630/14/6/063004",
    tags=("classical",),
)
@dataclass(frozen=True)
class MaximumLikelihood(ShrinkwrapSettings, IterativeSolver[FarField, DescentState]):
    """Poisson maximum likelihood by conjugate gradients on the given support, or else the autocorrelation's.

    That support stays, unless ``update_every`` lets it follow the object by shrinkwrap.

    A descent: it finds the nearest minimum. After a projection pipeline has come near the solution it reaches the noise's own
    limit (``hio-er-ml``); from a random start it shows how many minima there are.
    """

    iterations: int = setting(300, valid="[1, inf)", range=(50, 2000), log=True, doc="conjugate-gradient steps")
    starts: int = setting(1, valid="[1, 4096]", range=(1, 32), log=True, doc="random starts, advanced as one batch")
    autocorrelation: float | None = setting(
        0.04, valid="(0, 1)", range=(0.005, 0.1), log=True, doc="threshold of the autocorrelation's support; none: the frame"
    )
    update_every: int = setting(0, valid="[0, inf)", doc="steps between support updates by shrinkwrap; 0 for none")
    keep: int = setting(5, valid="[1, inf)", doc="starts returned, best first, for PRTF")

    magnitude: Literal["free", "uniform"] = setting("free", doc="uniform: one magnitude on all of the support, as of crystals")

    example: ClassVar[dict[str, object]] = {"iterations": 50}

    @property
    def assumes(self) -> tuple[str, ...]:
        """That the magnitude is uniform, where ``magnitude`` says so."""
        return (UNIFORM_MAGNITUDE,) if self.magnitude == "uniform" else ()

    def total_iterations(self, y: FarField) -> int:  # noqa: ARG002 - the same for every measurement
        """Number of iterations, from the settings."""
        return self.iterations

    def init(self, y: FarField, rng: Rng) -> DescentState:
        """Random phases on the measured amplitudes, cut to the support."""
        first = random_state(y, Choice(y, None), rng, self.starts, 1.0, self.autocorrelation)
        return DescentState(begin(y, first.g, first.support, uniform=self.magnitude == "uniform"))

    def step(self, y: FarField, state: DescentState) -> DescentState:
        """One conjugate-gradient step of every start, and the support's update where it is due."""
        d = state.descent
        refine(y, d)
        state.k += 1
        policy = self.shrinkwrap(y)
        if policy is not None and policy.next_update(state.k - 1) == state.k and state.k < self.iterations:
            fields = d.x if policy.follow == "iterate" else y.project_modulus(d.x)
            confine(y, d, policy.draw(y, fields, state.k / self.iterations))
        return state

    def residual(self, y: FarField, state: DescentState) -> float:
        """Modulus error of the start of highest likelihood."""
        return iterate_residual(y, state.descent.x[by_score(self._scores(y, state))[0]])

    def estimate(self, y: FarField, state: DescentState) -> Reconstruction:
        """The start of highest likelihood."""
        d = state.descent
        scores = self._scores(y, state)
        return reconstruction(y, d.x.__getitem__, d.support, scores, self.keep, [frozenset((i,)) for i in range(self.starts)])

    def _scores(self, y: FarField, state: DescentState) -> np.ndarray:
        return np.asarray(y.backend.to_numpy(log_likelihood(y, state.descent)), dtype=np.float64)
