"""Which solvers can be ranked against each other, and on which samples."""

from __future__ import annotations

import numpy as np

RULE = (
    "Ranks are on the samples that all ranked solvers have, so many solvers and samples that their product is largest; a solver "
    "without one of these samples stands below, without a rank."
)
"""What :func:`common_block` does, in words for a reader of a board."""


def common_block(there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The solvers to rank and the samples to rank them on.

    A solver run on the easy samples alone would stand first among solvers run on all. So ranks use only samples that every ranked
    solver has. Few solvers have many samples in common, many have few: those are taken whose number of solvers times number of
    common samples is largest, more solvers where two choices are equal. Solvers join one by one, each time the one that leaves
    most samples in common.

    Args:
        there: bool (S, P), whether a solver has a finished cell of a sample; every solver has one at least.

    Returns:
        ranked (S,) and common (P,), bool.
    """
    if there.all():
        return np.ones(there.shape[0], dtype=bool), np.ones(there.shape[1], dtype=bool)
    overlap = there.astype(int) @ there.T.astype(int)
    first = int(np.lexsort((-overlap.sum(axis=1), -np.diagonal(overlap)))[0])
    joined, common = [first], there[first]
    best, size = ([first], common), int(common.sum())
    while len(joined) < len(there):
        left = (there & common).sum(axis=1)
        left[joined] = -1
        joined = [*joined, int(left.argmax())]
        common = common & there[joined[-1]]
        if len(joined) * int(common.sum()) >= size:
            best, size = (joined, common), len(joined) * int(common.sum())
    ranked = np.zeros(len(there), dtype=bool)
    ranked[best[0]] = True
    return ranked, best[1]
