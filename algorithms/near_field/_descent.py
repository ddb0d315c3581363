"""Limited-memory quasi-Newton descent with one evaluation a step (Nocedal, Wright, Numerical Optimization, 2006, ch. 7)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from prbench.backend import Array

_PAIRS = 10
_SHRINK = 0.3
_TRIALS = 8

Objective = Callable[[Array], tuple[float, Array]]
"""Value and gradient at a point."""

Preconditioner = Callable[[Array], Array]
"""A symmetric, positive first guess of the inverse Hessian, applied to a gradient."""


@dataclass
class PhaseDescent:
    """A descent under way.

    Attributes:
        x: the best point.
        value: there.
        gradient: there.
        direction: along which the next point is tried.
        slope: derivative along ``direction`` at x.
        length: of the next trial, in units of ``direction``.
        trials: that failed from here.
        stuck: whether not even the preconditioned gradient leads down.
        pairs: latest differences of points and gradients, with the inverse of their product.
    """

    x: Array
    value: float
    gradient: Array
    direction: Array
    slope: float
    length: float = 1.0
    trials: int = 0
    stuck: bool = False
    pairs: deque[tuple[Array, Array, float]] = field(default_factory=lambda: deque(maxlen=_PAIRS))


def begin(x: Array, objective: Objective, precondition: Preconditioner) -> PhaseDescent:
    """Evaluate at ``x``; the first direction is the preconditioned gradient's."""
    value, gradient = objective(x)
    direction = -precondition(gradient)
    return PhaseDescent(x, value, gradient, direction, _dot(gradient, direction))


def advance(d: PhaseDescent, objective: Objective, precondition: Preconditioner) -> None:
    """Try one point: go there where the value falls enough (Armijo), else shorten the trial, and in the end forget the pairs."""
    if d.stuck:
        return
    x = d.x + d.length * d.direction
    value, gradient = objective(x)
    if value <= d.value + 1e-4 * d.length * d.slope:
        step, change = x - d.x, gradient - d.gradient
        product = _dot(step, change)
        if product > 1e-10 * (_dot(change, change) * _dot(step, step)) ** 0.5:
            d.pairs.append((step, change, 1 / product))
        d.x, d.value, d.gradient, d.trials = x, value, gradient, 0
        _choose_direction(d, precondition)
        return
    d.trials += 1
    d.length *= _SHRINK
    if d.trials > _TRIALS:
        d.stuck = not d.pairs
        d.pairs.clear()
        d.trials = 0
        _choose_direction(d, precondition)


def _choose_direction(d: PhaseDescent, precondition: Preconditioner) -> None:
    """The two-loop recursion, in which the latest pair gives the preconditioner its scale."""
    q = d.gradient
    weights = []
    for step, change, inverse in reversed(d.pairs):
        weight = inverse * _dot(step, q)
        weights.append(weight)
        q = q - weight * change
    r = precondition(q)
    if d.pairs:
        _, change, inverse = d.pairs[-1]
        r = r * (1 / inverse / _dot(change, precondition(change)))
    for (step, change, inverse), weight in zip(d.pairs, reversed(weights), strict=True):
        r = r + (weight - inverse * _dot(change, r)) * step
    d.direction, d.length = -r, 1.0
    d.slope = _dot(d.gradient, d.direction)


def _dot(a: Array, b: Array) -> float:
    return float((a * b).sum())
