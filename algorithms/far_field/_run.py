"""A run of projections: an update a step, and policies that act on the whole batch between steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from prbench.backend import Array
from prbench.core import Reconstruction
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import Coherence

from ._coherence import CoherencePolicy, gaussian_of, reported
from ._finals import Ending
from ._guidance import unrelated
from ._policies import HoldOut, RestartPolicy, SupportPolicy
from ._selection import acceptable, by_score
from ._solution import PowerGoal
from ._state import ProjectionState
from ._updates import Update

_ROUNDED = 1e-4
"""Residual below which rounding in single precision shows in its fourth digit."""


@dataclass(frozen=True)
class ProjectionRun:
    """Updates and policies.

    Attributes:
        update: the update of each step, counted from 0.
        steps: number of steps during which the policies act; any that follow leave supports and starts alone.
        support: how supports change.
        restarts: how starts help each other.
        hold_out: which pixels the fit does not see, and until when.
        coherence: what the beam's degree of coherence is, and how it is found.
        finals: which starts are dropped early, and when the run has settled; None: all go on to the end.
        goal: when a start has found the object, and the run ends; None: that is not asked.
    """

    update: Callable[[int], Update]
    steps: int
    support: SupportPolicy
    restarts: RestartPolicy
    hold_out: HoldOut
    coherence: CoherencePolicy
    finals: Ending | None = None
    goal: PowerGoal | None = None

    def advance(self, y: FarField, s: ProjectionState, last: int) -> None:
        """Take steps up to ``last``; between meetings of the batch one part after another takes all of its steps.

        A start that has found the object stands still from that step on; the others go on to the next meeting.

        Args:
            y: measurement, all of it.
            s: changed in place.
            last: number of steps done in the end, unless a start finds the object before.
        """
        while s.k < last and s.solved is None:
            self.hold_out.update(y, s)
            pause = min(last, self._pause(s.k, last))
            found = [(*solved, first) for first, part in s.parts() if (solved := self._advance(part, s.k, pause))]
            if found:
                s.k, row, first = min(found)
                s.solved = first + row, s.k
                return
            s.k = pause
            if s.k < self.steps:
                self._meet(s)

    def _advance(self, part: ProjectionState, k: int, pause: int) -> tuple[int, int] | None:
        """Steps of one part up to ``pause``, or up to the one in which a start finds the object: then that step and its row."""
        for at in range(k, pause):
            self.update(at)(part)
            if self.goal is not None and (row := self.goal.reached(part)) is not None:
                return at + 1, row
        return None

    def _pause(self, k: int, last: int) -> int:
        """The next step after ``k`` at which something happens to all starts, or ``last``."""
        ends = (
            self.steps,
            self.hold_out.release,
            self.support.next_update(k),
            self.restarts.next_generation(k),
            self.coherence.next_update(k),
            None if self.finals is None else self.finals.next_check(k),
        )
        return min((end for end in ends if end is not None and end > k), default=last)

    def _meet(self, s: ProjectionState) -> None:
        """Update supports and starts where that is due."""
        if self.support.next_update(s.k - 1) == s.k:
            self.support.update(s, s.k / self.steps)
        if self.coherence.next_update(s.k - 1) == s.k:
            self.coherence.update(s, s.k / self.steps)
        if self.restarts.next_generation(s.k - 1) == s.k:
            self.restarts.renew(s)
        if self.finals is not None and self.finals.next_check(s.k - 1) == s.k:
            self.finals.check(s)


def residual_of_best(y: FarField, s: ProjectionState) -> float:
    """Modulus error of the start that :func:`outcome` would choose, before the object's frame is cut out of it."""
    best = s.solved[0] if s.solved else 0 if s.g.shape[0] == 1 else by_score(s.scores())[0]
    return iterate_residual(y, s.estimate(best), s.coherence)


def iterate_residual(y: FarField, x: Array, coherence: Coherence | None = None) -> float:
    """Modulus error of one field (*shape); infinite where it is not finite.

    It is that of the object cut out of the field as long as the object's frame holds all of it, and costs one FFT. Of a beam
    that is not fully coherent, the degree of coherence is the Gaussian whose width is reported.
    """
    beam, xp = gaussian_of(coherence), y.backend.xp
    error = float(y.modulus_error(x[None], beam)[0])
    if error < _ROUNDED and y.backend.precision == "single":
        error = float(y.modulus_error(xp.astype(x[None], xp.complex128), beam)[0])
    return error if math.isfinite(error) else math.inf


def outcome(y: FarField, s: ProjectionState, keep: int, reject: float | None = None) -> Reconstruction:
    """The chosen start, with the best others as ``starts``, all ``scores`` and the ``support`` in ``aux``.

    Where a start has found the object it is the chosen one, and ``solved_after`` in ``aux`` has its steps.
    """
    first = s.solved[0] if s.solved else None
    result = reconstruction(y, s.estimate, s.support, s.scores(), keep, s.ancestors, s.coherence, reject, first)
    scores = np.concatenate([result.aux["scores"], s.dropped])
    solved = {"solved_after": np.asarray(s.solved[1])} if s.solved else {}
    return replace(result, aux={**result.aux, **solved, "scores": scores})


def reconstruction(
    y: FarField,
    estimate: Callable[[int], Array],
    support: Array,
    scores: np.ndarray,
    keep: int,
    ancestors: list[frozenset[int]],
    coherence: Coherence | None = None,
    reject: float | None = None,
    first: int | None = None,
) -> Reconstruction:
    """Cut out the best start, and of those that found their way without it the best ``keep``, itself included.

    Args:
        y: measurement.
        estimate: gives the object of a start, complex (*shape); all of them need not be there at the same time.
        support: bool (starts, *shape).
        scores: one number per start, lower is better.
        keep: how many are returned at most.
        ancestors: of each start, the random starts that it descends from.
        coherence: of the beam; None: full.
        reject: see below.
        first: the start to be taken for the best, whatever its score; the one with the best score where None.

    Starts whose score is more than ``reject`` times the best one's are left out; ``aux`` has their number.
    """
    order = acceptable(scores, reject)
    if first is not None:
        order = [first, *(i for i in order if i != first)]
    best = order[0]
    independent = unrelated(order, ancestors)[:keep]
    chosen = estimate(best)
    return Reconstruction(
        object=y.crop(chosen),
        aux={
            "starts": y.backend.xp.stack([y.crop(estimate(i)) for i in independent]),
            "scores": scores,
            "support": y.crop(support[best], weight=abs(chosen) ** 2),
            **({} if reject is None else {"rejected": len(scores) - len(order)}),
            **reported(y, coherence),
        },
    )
