"""When to stop fitting noise: keep the iterate that explains best what the fit did not see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from prbench.backend import Array
from prbench.errors import UsageError


class EarlyStopping:
    """For each of several starts, the iterate with the best score on data held out, as iterates go by.

    An untrained network fits the image first and the noise later, so what it says of data that it was not fitted to gets better
    and then worse. Scores are averaged exponentially before they are compared, for one lucky iterate says little; the average
    forgets its beginning, so the first checks count in full. The truth takes no part in this. Why such fits must be stopped:
    Wang, Li, Zhuang, Chen, Liang, Sun, arXiv:2112.06074; they watch the variance of the iterates instead.

    Args:
        starts: independent fits; 1 where there is one.
        smoothing: part of the averaged score that a check keeps, in [0, 1); 0 compares plain scores.
        patience: checks without a better score after which a start has settled; None: a start never settles.

    Raises:
        UsageError: for a smoothing or a patience out of range.

    Attributes:
        scores: best averaged score of each start, float64 (starts,), infinite before the first finite one.
        best_at: number of the check that gave it, int (starts,), -1 before that.
        observations: checks made.
        best: the iterates kept: a tuple of arrays (starts, ...) as they were given; None before the first check.
    """

    def __init__(self, starts: int = 1, *, smoothing: float = 0.8, patience: int | None = None) -> None:
        if not 0 <= smoothing < 1:
            raise UsageError(f"smoothing must be in [0, 1), got {smoothing}")
        if patience is not None and patience < 1:
            raise UsageError(f"patience must be at least one check, got {patience}")
        self.smoothing = smoothing
        self.patience = patience
        self.observations = 0
        self.scores = np.full(starts, np.inf)
        self.best_at = np.full(starts, -1)
        self.best: tuple[Array, ...] | None = None
        self._sum = np.zeros(starts)
        self._weight = 0.0

    def observe(self, scores: Any, *iterates: Array) -> np.ndarray:
        """Compare the scores of this moment's iterates, and keep the iterates of the starts that have got better.

        A score that is not finite is never the best, and its start is ignored from then on.

        Args:
            scores: one per start, lower is better.
            iterates: arrays (starts, ...) of any library, the same number at every check; what is kept is a copy.

        Returns:
            bool (starts,): the starts whose iterates were kept.
        """
        result = np.asarray(scores, dtype=np.float64).reshape(-1)
        self._sum = self.smoothing * self._sum + (1 - self.smoothing) * result
        self._weight = self.smoothing * self._weight + (1 - self.smoothing)
        average = self._sum / self._weight
        with np.errstate(invalid="ignore"):
            better = average < self.scores
        if self.best is None:
            self.best = tuple(array[list(range(len(result)))] for array in iterates)
        elif better.any():
            rows = [int(i) for i in np.flatnonzero(better)]
            for copy, array in zip(self.best, iterates, strict=True):
                copy[rows] = array[rows]
        self.scores = np.where(better, average, self.scores)
        self.best_at = np.where(better, self.observations, self.best_at)
        self.observations += 1
        return better

    def narrow(self, rows: Sequence[int]) -> None:
        """Go on with these starts only, in this order."""
        chosen = list(rows)
        self.scores, self.best_at, self._sum = self.scores[chosen], self.best_at[chosen], self._sum[chosen]
        if self.best is not None:
            self.best = tuple(copy[chosen] for copy in self.best)

    def settled(self) -> bool:
        """Whether no start has got better for ``patience`` checks."""
        if self.patience is None or self.observations == 0:
            return False
        return self.observations - 1 - int(self.best_at.max()) >= self.patience

    @property
    def order(self) -> list[int]:
        """The starts, best first; those without a finite score come last."""
        return [int(i) for i in np.argsort(self.scores, kind="stable")]
