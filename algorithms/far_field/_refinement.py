"""Maximum likelihood and projections in turns, on a support that tightens: the second half of ``hio-er-ml``."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from prbench.backend import Array
from prbench.tasks.far_field import FarField

from ._guidance import aligned, unrelated
from ._likelihood import FLOOR, LikelihoodDescent, begin, log_likelihood, pulled
from ._selection import Choice, acceptable, by_score, score
from ._shrinkwrap import above_typical, half_shifts
from ._state import ProjectionState

_RELATED = 0.3
"""Squared distance, relative, below which finalists are taken for the same object and averaged."""

_LEVELS = 8
"""Values of the annealed background."""


@dataclass
class Refinement:
    """The second half under way.

    Attributes:
        starts: objects of the projections' independent starts, before they were averaged, (K, *object_shape).
        scores: of all starts.
        descent: candidates being refined: mean of the finalists, best finalist, last answer and its shifts.
        last: answer of the last block, complex (*shape).
        best: the best answer so far by Akaike's criterion, with ``support`` and ``criterion``.
        shifted: for the next block, the last answer and its shifts by half a pixel, complex (2**ndim, *shape).
        supports: of these, bool; the first is that of the projections before the block.
        blocks: blocks done.
    """

    starts: Array
    scores: np.ndarray
    descent: LikelihoodDescent | None = None
    last: Array = None
    best: Array = None
    support: Array = None
    shifted: Array = None
    supports: Array = None
    criterion: float = math.inf
    blocks: int = 0


@dataclass
class RefinedState:
    """Projections, and the refinement that follows them once it has begun.

    Attributes:
        projections: the batch of restarts; its ``k`` counts the steps of both halves.
        refinement: None before the first block of maximum likelihood.
        earlier: the refinement of the best batch before this one; None in the first.
        batch: number of this batch.
        taken: steps taken in those before it.
    """

    projections: ProjectionState
    refinement: Refinement | None = None
    earlier: Refinement | None = None
    batch: int = 0
    taken: int = 0

    @property
    def steps_taken(self) -> int:
        """Steps taken in all batches."""
        return self.taken + self.projections.steps_taken

    def best_refinement(self, y: FarField) -> Refinement | None:
        """Of this batch and those before the one whose answer is best by Akaike's criterion; None before there is any."""
        known = [r for r in (self.earlier, self.refinement) if r is not None]
        return min(known, key=lambda r: _ranked(y, r)[2], default=None)


def again(y: FarField, state: RefinedState, first: ProjectionState) -> None:
    """Begin another batch of starts on ``y``, all of the measurement; the best answer so far is kept."""
    state.earlier, state.batch, state.taken = state.best_refinement(y), state.batch + 1, state.steps_taken
    state.projections, state.refinement = first, None


def background(y: FarField, progress: float) -> float:
    """Photons b after a fraction of a block: three times the mean count at first, down by the root of ten a level, then none."""
    level = int(progress * _LEVELS)
    mean = y.amplitude_norm**2 / (y.gain or 1.0) / math.prod(y.shape)
    return 3 * mean * 10 ** (-level / 2) if level < _LEVELS - 1 else FLOOR


def enter(
    y: FarField, state: RefinedState, finalists: int, keep: int, reject: float | None = None, *, uniform: bool = False
) -> None:
    """Begin a block: bring the finalists together, and descend from their mean, the best of them, the last answer and its shifts.

    Args:
        y: measurement, all of it.
        state: before the first block its batch is cut to the finalists.
        finalists: starts that go on.
        keep: independent starts to remember.
        reject: starts whose score is above this many times the best one's are left out; None: none are.
        uniform: whether the object has one magnitude.
    """
    xp, s = y.backend.xp, state.projections
    if state.refinement is None:
        state.refinement = _elect(y, s, finalists, keep, reject)
    r = state.refinement
    estimates = s.estimates()
    estimates = estimates[by_score(score(Choice(y, None), estimates, s.coherence))]
    together = aligned(y, estimates, estimates[0])
    axes = tuple(range(1, y.ndim + 1))
    distance = xp.sum(xp.abs(together - together[:1]) ** 2, axis=axes) / xp.sum(xp.abs(together[:1]) ** 2)
    related = [i for i, d in enumerate(y.backend.to_numpy(distance)) if d < _RELATED]
    candidates = xp.stack([xp.mean(together[related], axis=0), together[0]])
    supports = xp.stack([s.support[0]] * 2)
    if r.last is not None:
        candidates, supports = xp.concat([candidates, r.shifted]), xp.concat([supports, r.supports])
    r.descent = begin(y, candidates, supports, s.coherence, uniform=uniform)


def leave(y: FarField, state: RefinedState, fraction: float) -> None:
    """End a block: keep the best candidate, draw the support from it, and let the finalists project on that.

    The support takes in pixels that the likelihood asks for, as corners that the blur of shrinkwrap has cut off. An object that
    lies between the pixels has an edge too wide, and hardly ever comes to lie on them by steps, so its shifts by half a pixel
    compete.

    Args:
        y: measurement.
        state: the last finalist's field is replaced by the refined object.
        fraction: of the typical magnitude kept by the next support.
    """
    xp, s, r = y.backend.xp, state.projections, state.refinement
    assert r is not None
    assert r.descent is not None
    chosen, criterion = _most_likely(y, r.descent)
    r.last, support = r.descent.x[chosen], r.descent.support[chosen]
    if r.best is None or criterion < r.criterion:
        r.criterion, r.best, r.support = criterion, r.last, support
    r.shifted, r.supports = r.last[None], support[None]
    if y.support is None and y.support_size is None:
        r.shifted = half_shifts(y, pulled(y, r.descent)[chosen])
        r.supports = xp.stack([above_typical(y, x, support, fraction) for x in r.shifted])
    r.descent, r.blocks = None, r.blocks + 1
    together = aligned(y, s.estimates(), r.last)
    together[-1] = r.shifted[0]
    s.support = xp.stack([r.supports[0]] * len(together))
    s.g = together * s.support
    s.p = xp.asarray(s.g, copy=True)


def answer(y: FarField, r: Refinement) -> tuple[Array, Array]:
    """The best object so far by Akaike's criterion, candidates under way included, and its support; both (*shape)."""
    x, support, _ = _ranked(y, r)
    return x, support


def _ranked(y: FarField, r: Refinement) -> tuple[Array, Array, float]:
    """As :func:`answer`, and the criterion."""
    if r.descent is not None:
        chosen, criterion = _most_likely(y, r.descent)
        if r.best is None or criterion < r.criterion:
            return r.descent.x[chosen], r.descent.support[chosen], criterion
    return r.best, r.support, r.criterion


def _most_likely(y: FarField, d: LikelihoodDescent) -> tuple[int, float]:
    """The best candidate by Akaike's criterion, and that."""
    axes = tuple(range(1, y.ndim + 1))
    pixels = y.backend.to_numpy(y.backend.xp.sum(y.backend.xp.astype(d.support, y.backend.real), axis=axes))
    misfit = y.backend.to_numpy(log_likelihood(y, d)).astype(np.float64).ravel()
    criteria = misfit * math.prod(y.shape) + (1 if d.uniform else 2) * pixels
    chosen = by_score(criteria)[0]
    return chosen, float(criteria[chosen])


def _elect(y: FarField, s: ProjectionState, finalists: int, keep: int, reject: float | None) -> Refinement:
    """Cut the batch to the best starts, and remember what the independent ones found."""
    xp = y.backend.xp
    scores = s.scores()
    order = acceptable(scores, reject)
    starts = xp.stack([y.crop(s.estimate(i)) for i in unrelated(order, s.ancestors)[:keep]])
    s.y = y
    s.retain(order[:finalists])
    return Refinement(starts, np.concatenate([scores, s.dropped]))
