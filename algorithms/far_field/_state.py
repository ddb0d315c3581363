"""The state that all projection algorithms share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from prbench.backend import Array
from prbench.core import Rng
from prbench.tasks.far_field import FarField
from prbench.tasks.far_field.coherence import Coherence

from ._constraints import Constraints, cut
from ._selection import Choice, score_rows

_CACHE_BYTES = 1 << 21
"""Bytes of one array of a part of the batch; a step touches three."""


@dataclass
class ProjectionState:
    """A batch of restarts after some steps.

    Attributes:
        y: the measurement fitted, which may lack pixels held out of the one given.
        g: iterates, complex (starts, *shape).
        p: their modulus projection of the last step, and work space.
        support: bool (starts, *shape).
        beta: strength of feedback.
        constraints: what is known of the object.
        choice: how a start will be chosen.
        rng: source of randomness.
        ancestors: of each start, the random starts that it descends from.
        k: steps done.
        coherence: of the beam, as far as it is known; None: full.
        part_size: starts that advance together (see :meth:`parts`).
        dropped: scores of starts that no longer take part, as they were when they were dropped.
        residual: of the best start at the last check (see :class:`~._finals.Finals`).
        settled: whether further steps would change nothing.
        inside: bool (starts, *shape), what the constraints kept in the last step; None where the step does not say.
        solved: row of the start that has found the object, and its steps; None as long as none has.
        skipped: steps of the recipe left out so far; ``k`` counts them as done.
        held_out_score: the lowest held-out score at any check so far (see :class:`~._finals.Settling`).
        relaxation: of the modulus projection, for counts.
    """

    y: FarField
    g: Array
    p: Array
    support: Array
    beta: float
    constraints: Constraints
    choice: Choice
    rng: Rng
    ancestors: list[frozenset[int]]
    k: int = 0
    coherence: Coherence | None = None
    part_size: int = 1
    dropped: np.ndarray = field(default_factory=lambda: np.empty(0))
    residual: float = math.inf
    settled: bool = False
    inside: Array | None = None
    solved: tuple[int, int] | None = None
    skipped: int = 0
    held_out_score: float = math.inf
    relaxation: float = 0.0

    @property
    def steps_taken(self) -> int:
        """Steps taken: those done, without those left out."""
        return self.k - self.skipped

    @classmethod
    def of(cls, y: FarField, g: Array, support: Array, beta: float, choice: Choice, rng: Rng) -> ProjectionState:
        """The state at ``g``, each field its own ancestor."""
        xp = y.backend.xp
        lone = [frozenset((i,)) for i in range(g.shape[0])]
        p, size = xp.asarray(g, copy=True), _part(y, g)
        return cls(y, g, p, support, beta, Constraints.of(y), choice, rng, lone, part_size=size)

    def parts(self) -> Iterator[tuple[int, ProjectionState]]:
        """The batch in parts that stay in a CPU's cache, so that many steps of one part cost no more than their arithmetic.

        Each with the number of its first start. A part's arrays are views; what it replaces by others is copied back.
        """
        starts, size = self.g.shape[0], self.part_size
        if size >= starts:
            yield 0, self
            return
        for low in range(0, starts, size):
            rows = slice(low, min(low + size, starts))
            views = {name: getattr(self, name)[rows] for name in ("g", "p", "support")}
            part = replace(self, **views)
            yield low, part
            for name in ("g", "p"):
                if getattr(part, name) is not views[name]:
                    getattr(self, name)[rows] = getattr(part, name)

    def estimates(self, rows: slice | list[int] = slice(None)) -> Array:
        """The object of each start, or of some, on the detector's grid: what the constraints keep of the last projection.

        Complex (rows, *shape), new arrays: of a large batch ask for few at a time.
        """
        p = self.p[rows]
        return cut(p, self.constraints.mask(p, self.support[rows]), 0.0, out=self.y.backend.xp.empty_like(p))

    def estimate(self, row: int) -> Array:
        """The object of one start, complex (*shape)."""
        return self.estimates(slice(row, row + 1))[0]

    def scores(self) -> np.ndarray:
        """One number per start, lower is better; those taken before held-out pixels were given back, where they were."""
        return self.choice.scores if self.choice.scores.size else self.scores_now()

    def scores_now(self) -> np.ndarray:
        """One number per start as it is now, lower is better."""
        return score_rows(self.choice, self.estimates, self.g.shape[0], self.coherence)

    def drop(self, others: list[int], scores: np.ndarray) -> None:
        """Go on with these starts, in the order given; the scores of the rest are remembered."""
        lost = np.ones(len(scores), dtype=bool)
        lost[others] = False
        self.dropped = np.concatenate([scores[lost], self.dropped])
        self.retain(others)

    def retain(self, rows: list[int]) -> None:
        """Cut the batch to some of its starts, in the order given."""
        self.g, self.support = self.g[rows], self.support[rows]
        self.p = self.p[rows]
        self.ancestors = [self.ancestors[i] for i in rows]
        if self.choice.scores.size:
            self.choice.scores = self.choice.scores[rows]


def _part(y: FarField, g: Array) -> int:
    """Starts that advance together: all on a GPU, and on a CPU as many as fit into its cache, one at least."""
    size: int = g.shape[0]
    if y.backend.device != "cpu":
        return size
    return max(1, min(size, _CACHE_BYTES // (math.prod(y.shape) * (8 if y.backend.precision == "single" else 16))))


def random_state(
    y: FarField,
    choice: Choice,
    rng: Rng,
    starts: int,
    beta: float,
    threshold: float | None,
    *,
    interpolated: bool = False,
) -> ProjectionState:
    """Random phases on the amplitudes of ``y``, cut to the first support.

    That is the given one, or the object's frame where it is smaller than the grid, or the autocorrelation's: of these the frame
    is the safest, for where the phase of an object varies much its autocorrelation falls off long before its width.

    Args:
        y: measurement fitted.
        choice: how a start will be chosen.
        rng: source of randomness.
        starts: fields in the batch.
        beta: strength of feedback.
        threshold: use the autocorrelation's support at this fraction of its maximum instead of the frame.
        interpolated: whether unmeasured amplitudes begin at the mean of those around them, or at zero; then they are free.
    """
    xp = y.backend.xp
    if y.support is not None:
        support = y.support
    elif threshold is None and y.object_shape != y.shape:
        support = y.pad(xp.ones(y.object_shape, dtype=xp.bool, device=y.intensity.device))
    else:
        support = y.autocorrelation_support(0.04 if threshold is None else threshold)
    g = y.random_start(rng, starts, interpolated=interpolated)
    support = xp.asarray(xp.broadcast_to(support[None], g.shape), copy=True)
    g *= support
    if y.real:
        g = g.real + 0j
    return ProjectionState.of(y, g, support, beta, choice, rng)
