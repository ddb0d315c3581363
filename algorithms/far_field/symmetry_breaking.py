"""A network taught with one representative of all objects that have the same pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prbench.core import register

from ._learned import LagSolver
from ._representative import representative


@register(
    "symmetry-breaking",
    task="far-field",
    cite="Tayal, Lai, Kumar, Sun (2020), arXiv:2003.09077; "
    "Manekar, Zhuang, Tayal, Kumar, Sun, NeurIPS 2020 Workshop on Deep Learning and Inverse Problems",
    tags=("trained",),
)
@dataclass(frozen=True)
class SymmetryBreaking(LagSolver):
    """One look, taught with representatives.

    A pattern belongs to an object, its conjugate flip, and every shift and global phase of both. A network taught with whichever
    of them the data happen to hold answers with their mean, which is none of them. Taught with one representative of each orbit
    it has a function to learn. ``raw-training`` is the same network taught without.
    """

    def representative(self, x: np.ndarray) -> np.ndarray:
        """The representative of its orbit."""
        return representative(x)
