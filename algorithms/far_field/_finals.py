"""The end of a run of many starts: which of them go on, and when the answer gets no better."""

from __future__ import annotations

from dataclasses import dataclass

from ._selection import by_score
from ._state import ProjectionState

_FOUND = 0.02
"""Residual of a start that has found the object. Noise of 600 photons per pixel and less keeps every residual above it, and all
starts in the run.

At the first check (220 steps) the best start of 16 has 0.005 to 0.016 on easy crystals, 0.04 to 0.06 on hard ones.
"""
_EXACT, _GAIN = 1e-5, 0.5
"""Residual of an answer that is exact in single precision, and the factor to which it falls between two checks while it gets
better."""


@dataclass(frozen=True)
class Finals:
    """Once one start has found the object each check drops the worse half, and the run ends once the best has settled.

    Checks are made where a block of error reduction ends, for there the residual tells how good a start is.

    Attributes:
        checks: steps after which a check is made, rising.
        finalists: starts that are never dropped.
    """

    checks: tuple[int, ...]
    finalists: int

    def next_check(self, k: int) -> int | None:
        """The first check after step ``k``; None after the last."""
        return next((at for at in self.checks if at > k), None)

    def check(self, s: ProjectionState) -> None:
        """Drop starts, or say that the best one has settled."""
        scores = s.scores_now()
        order = by_score(scores)
        residual = float(scores[order[0]])
        if s.choice.held_out is not None:  # the scores are likelihoods then
            residual = float(s.y.modulus_error(s.estimates([order[0]]), s.coherence)[0])
        retained = max(self.finalists, (len(order) + 1) // 2)
        if residual <= _FOUND and retained < len(order):
            s.drop(order[:retained], scores)
        s.settled = residual <= _EXACT and residual > _GAIN * s.residual
        s.residual = residual
