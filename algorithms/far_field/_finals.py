"""The end of a run of many starts: which of them go on, and when the answer gets no better, without noise and with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from ._selection import Choice, by_score, score_rows
from ._state import ProjectionState

_FOUND = 0.02
"""Residual of a start that has found the object. Noise of 600 photons per pixel and less keeps every residual above it, and all
starts in the run.

At the first check (220 steps) the best start of 16 has 0.005 to 0.016 on easy crystals, 0.04 to 0.06 on hard ones.
"""
_SURE, _CONTENDERS = 2e-3, 3
"""Residual of a start that no other can beat but in rounding, and starts that go on until one has it: above it they still help
each other against noise.
"""
_SETTLED = 0.9
"""Held-out score over the best one before, above which starts get no better."""

_EXACT, _GAIN = 1e-5, 0.5
"""Residual of an answer that is exact in single precision, and the factor to which it falls between two checks while it gets
better."""


class Ending(ABC):
    """When starts are dropped and a run ends."""

    checks: tuple[int, ...]

    def next_check(self, k: int) -> int | None:
        """The first check after step ``k``; None after the last."""
        return next((at for at in self.checks if at > k), None)

    @abstractmethod
    def check(self, s: ProjectionState) -> None:
        """Look at the starts after a step named in ``checks``."""


@dataclass(frozen=True)
class Finals(Ending):
    """Once one start has found the object each check drops the worse half, and the run ends once the best has settled.

    Checks are made where a block of error reduction ends, for there the residual tells how good a start is. Once no start can
    beat the best one, only the finalists go on; until then at least :data:`_CONTENDERS` do.

    Attributes:
        checks: steps after which a check is made, rising.
        finalists: starts that are never dropped.
    """

    checks: tuple[int, ...]
    finalists: int

    def check(self, s: ProjectionState) -> None:
        """Drop starts, or say that the best one has settled."""
        scores = s.scores_now()
        order = by_score(scores)
        residual = float(scores[order[0]])
        if s.choice.held_out is not None:  # the scores are likelihoods then
            residual = float(s.y.modulus_error(s.estimates([order[0]]), s.coherence)[0])
        retained = self.finalists
        if residual > _SURE:
            retained = max(retained, _CONTENDERS, (len(order) + 1) // 2)
        if residual <= _FOUND and retained < len(order):
            s.drop(order[:retained], scores)
        s.settled = residual <= _EXACT and residual > _GAIN * s.residual
        s.residual = residual


@dataclass(frozen=True)
class Settling(Ending):
    """Once starts explain held-out pixels no better, the better of them go on with the last cycles of the recipe.

    Noise keeps every residual far from zero, and a fit of it falls long after the object gets no better; the likelihood of pixels
    that the fit does not see does not. At step ``resume`` they are given back to the fit (see :class:`~._policies.HoldOut`).

    Attributes:
        checks: steps before ``resume`` after which a check is made, rising.
        finalists: starts that go on.
        resume: step at which the last cycles begin.
        chooses: whether held-out scores choose the answer in the end, or residuals; what is remembered of a dropped start.
    """

    checks: tuple[int, ...]
    finalists: int
    resume: int
    chooses: bool = False

    def check(self, s: ProjectionState) -> None:
        """Go on at ``resume`` where no start has a clearly better score than the best one had at any check before."""
        scores = s.scores_now()
        order = by_score(scores)
        best = float(scores[order[0]])
        if best > _SETTLED * s.held_out_score:
            s.skipped += self.resume - s.k
            s.k = self.resume
            if self.finalists < len(order):
                s.drop(order[: self.finalists], scores if self.chooses else _residuals(s))
        s.held_out_score = min(best, s.held_out_score)


def _residuals(s: ProjectionState) -> np.ndarray:
    """The modulus error of every start on the pixels that are fitted."""
    return score_rows(Choice(s.y, None), s.estimates, s.g.shape[0], s.coherence)
