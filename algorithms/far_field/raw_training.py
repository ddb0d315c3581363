"""A network taught with objects as they come: what symmetry-broken training is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prbench.core import register

from ._learned import LagSolver


@register("raw-training", task="far-field", cite="Tayal, Lai, Kumar, Sun (2020), arXiv:2003.09077", tags=("trained",))
@dataclass(frozen=True)
class RawTraining(LagSolver):
    """One look, taught with the objects themselves: network, data and recipe of ``symmetry-breaking``, but not its targets."""

    def representative(self, x: np.ndarray) -> np.ndarray:
        """The object itself."""
        return x
