"""Starts helping each other: brought into one frame, averaged, and bred (guided HIO; Chen et al. 2007)."""

from __future__ import annotations

import numpy as np

from prbench.backend import Array
from prbench.tasks.far_field import FarField

from ._selection import by_score
from ._state import ProjectionState


def breed(s: ProjectionState, scores: np.ndarray) -> None:
    """Replace the worse half of the starts by crosses of the best with one of the better half, chosen at random.

    After guided HIO (Chen, Miao, Wang, Lee, Phys. Rev. B 76 (2007) 064113, doi:10.1103/PhysRevB.76.064113), where every start is
    crossed with the best; leaving the better half alone keeps a start that is right from being drawn to one that is not.

    Args:
        s: state; fields, supports and ancestry of the worse half are overwritten.
        scores: one per start, lower is better.
    """
    order = by_score(scores)
    better = order[: len(order) // 2]
    best = better[0]
    mates = {loser: better[int(s.rng.integers(len(better)))] for loser in order[len(better) :]}
    for mate in dict.fromkeys(mates.values()):
        cross = aligned(s.y, s.estimate(mate)[None], s.estimate(best))[0]
        cross += s.estimate(best)
        cross /= 2
        for loser in (loser for loser, chosen in mates.items() if chosen == mate):
            s.g[loser] = cross
            s.support[loser] = s.support[best]
            s.ancestors[loser] = s.ancestors[best] | s.ancestors[mate]


def unrelated(order: list[int], ancestors: list[frozenset[int]]) -> list[int]:
    """Those of ``order``, best first, that share no ancestor with a better one: only these agree by themselves."""
    chosen: list[int] = []
    seen: frozenset[int] = frozenset()
    for i in order:
        if not ancestors[i] & seen:
            chosen.append(i)
            seen |= ancestors[i]
    return chosen


def aligned(y: FarField, objects: Array, reference: Array) -> Array:
    """Each object in the reference's frame: global phase, periodic translation and conjugate flip removed.

    Args:
        y: measurement, for its grid; the transforms are counted.
        objects: complex (B, *shape).
        reference: complex (*shape).

    Returns:
        complex (B, *shape).
    """
    target = y.transform(reference[None])
    del reference
    return y.backend.xp.stack([_in_frame(y, x, target) for x in objects])


def _in_frame(y: FarField, x: Array, target: Array) -> Array:
    """One object in the frame of the reference with the spectrum ``target``; products one by one, for the sake of memory."""
    xp, axes = y.backend.xp, tuple(range(y.ndim))
    spectrum = y.transform(x[None])
    product = target * spectrum  # the spectrum of the conjugate flip is the complex conjugate
    flip = _peak(y, y.inverse(product, normalised=False, out=product)[0])
    del product
    spectrum = xp.conj(spectrum)
    product = target * spectrum
    del spectrum
    value, shift = _peak(y, y.inverse(product, normalised=False, out=product)[0])
    del product
    if abs(flip[0]) > abs(value):
        value, shift = flip
        x = xp.roll(xp.conj(xp.flip(x, axis=axes)), (1,) * y.ndim, axis=axes)
    result = xp.roll(x, shift, axis=axes)
    result *= value / abs(value) if value else 1.0
    return result


def _peak(y: FarField, correlation: Array) -> tuple[complex, tuple[int, ...]]:
    """The value of largest modulus and its index."""
    xp = y.backend.xp
    flat = xp.reshape(correlation, (-1,))
    at = int(xp.argmax(xp.abs(flat)))
    return complex(flat[at]), tuple(int(i) for i in np.unravel_index(at, y.shape))
