"""What all projection solvers share: a batch of restarts, advanced by a run of projections."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from prbench.core import IterativeSolver, Reconstruction, Rng
from prbench.tasks.far_field import FarField

from ._memory import fitting_starts
from ._policies import HoldOut
from ._run import ProjectionRun, outcome, residual_of_best
from ._selection import Choice
from ._settings import ProjectionSettings
from ._state import ProjectionState, random_state
from ._updates import Update


@dataclass(frozen=True)
class ProjectionSolver(ProjectionSettings, IterativeSolver[FarField, ProjectionState]):
    """Base of the projection algorithms: a subclass says which update each step makes.

    All starts advance as one batch. The support is the measurement's where it is given; otherwise it starts as the
    object's frame, or the autocorrelation's, and follows the object (shrinkwrap), unless ``update_every`` is 0.
    """

    @abstractmethod
    def update(self, k: int) -> Update:
        """The update made in step ``k``, counted from 0."""

    def release_at(self, y: FarField) -> int:
        """The step at which pixels held out are given back to the fit."""
        return self.total_iterations(y)

    def run(self, y: FarField) -> ProjectionRun:
        """Updates and policies, as the settings say."""
        hold_out = HoldOut(self.holdout, self.release_at(y))
        return ProjectionRun(
            self.update,
            self.total_iterations(y),
            self.support_policy(y),
            self.restart_policy(),
            hold_out,
            self.coherence_policy,
            goal=self.goal(y),
        )

    def init(self, y: FarField, rng: Rng) -> ProjectionState:
        """Held-out pixels, first iterates and supports."""
        fitted, choice = self.run(y).hold_out.split(y, rng)
        state = self.begin(fitted, choice, rng)
        state.coherence = self.coherence_policy.first(y)
        return state

    def begin(self, y: FarField, choice: Choice, rng: Rng) -> ProjectionState:
        """The starts: random phases, unless a subclass knows better ones; in three dimensions as many as fit into memory."""
        starts, interpolated = fitting_starts(y, self.starts), self.unmeasured == "interpolated"
        return random_state(y, choice, rng, starts, self.feedback, self.autocorrelation, interpolated=interpolated)

    def step(self, y: FarField, state: ProjectionState) -> ProjectionState:
        """One update, and the support's where it is due."""
        return self.advance(y, state, 1)

    def advance(self, y: FarField, state: ProjectionState, steps: int) -> ProjectionState:
        """Steps up to where the starts next meet are taken by one part of the batch after another."""
        self.run(y).advance(y, state, state.k + steps)
        return state

    def steps_taken(self, state: ProjectionState, asked: int) -> int:
        """Those up to the one in which a start has found the object, where one has."""
        return state.solved[1] if state.solved else asked

    def residual(self, y: FarField, state: ProjectionState) -> float:
        """Modulus error of the chosen start."""
        return residual_of_best(y, state)

    def estimate(self, y: FarField, state: ProjectionState) -> Reconstruction:
        """The chosen start, with the best others as ``starts``, all ``scores`` and the ``support`` in ``aux``.

        Where memory did not hold all starts, ``starts_cut`` there has how many ran and how many were asked for.
        """
        result = outcome(y, state, self.keep, self.reject)
        count = len(result.aux["scores"])
        if count == self.final_starts:
            return result
        return replace(result, aux={**result.aux, "starts_cut": np.array([count, self.starts])})
