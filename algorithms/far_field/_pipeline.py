"""What all projection solvers share: batched starts, the support and its updates, the choice of a start."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np

from prbench.backend import Array
from prbench.core import IterativeSolver, Reconstruction, Rng, setting
from prbench.errors import UsageError
from prbench.tasks.far_field import FarField

from ._fields import Fields, kept, start
from ._guidance import unrelated
from ._selection import Choice, by_score, hold_out, score
from ._shrinkwrap import shrink
from ._updates import Update


@dataclass(frozen=True)
class ProjectionSolver(IterativeSolver[FarField]):
    """Base of the projection algorithms: a subclass says which update each step makes.

    All starts advance as one batch. The support is the measurement's where it is given; otherwise it starts as the
    object's frame, or the autocorrelation's, and follows the object (shrinkwrap), unless ``update_every`` is 0.
    """

    starts: int = setting(1, valid="[1, 4096]", range=(1, 32), log=True, doc="random starts, advanced as one batch")
    threshold: float = setting(0.2, valid="(0, 1)", range=(0.08, 0.3), doc="shrinkwrap: fraction of the blurred maximum kept")
    sigma_start: float = setting(3.0, valid="[0.1, 100]", range=(1.5, 5.0), unit="px", doc="shrinkwrap: blur at first")
    sigma_end: float = setting(1.0, valid="[0.1, 100]", range=(0.5, 2.0), unit="px", doc="shrinkwrap: blur at the end")
    update_every: int = setting(20, valid="[0, inf)", range=(5, 100), log=True, doc="steps between support updates; 0 for none")
    follow: Literal["iterate", "estimate"] = setting(
        "iterate",
        choices=("iterate", "estimate"),
        doc="shrinkwrap: blur the iterate, or its modulus projection, on which background cannot pile up",
    )
    area: float | None = setting(None, valid="(0, 1]", doc="shrinkwrap by area: fraction of pixels kept instead of the threshold")
    autocorrelation: float | None = setting(
        None,
        valid="(0, 1)",
        range=(0.005, 0.1),
        log=True,
        doc="threshold of a first support from the autocorrelation; none: the frame",
    )
    free: float = setting(0.0, valid="[0, 0.5]", range=(0.0, 0.1), doc="fraction of pixels held out to choose the start by")
    keep: int = setting(5, valid="[1, inf)", doc="independent starts returned, best first, for PRTF")

    @property
    def feedback(self) -> float:
        """The beta of the update, where it has one."""
        beta: float = getattr(self, "beta", 1.0)
        return beta

    @abstractmethod
    def update(self, k: int) -> Update:
        """The update made in step ``k``, counted from 0."""

    def projections(self, y: FarField) -> int:
        """Steps of projections: all of them, unless something follows."""
        return self.total_iterations(y)

    def release_at(self, y: FarField) -> int:
        """The step at which pixels held out are given back to the fit."""
        return self.projections(y)

    def init(self, y: FarField, rng: Rng) -> Fields:
        """Held-out pixels, first iterates and supports."""
        if self.sigma_end > self.sigma_start:
            raise UsageError(f"{self.plugin_name}: sigma_end {self.sigma_end} must not exceed sigma_start {self.sigma_start}")
        fitted, held_out = hold_out(y, self.free, rng)
        return self.begin(fitted, Choice(y, held_out), rng)

    def begin(self, y: FarField, choice: Choice, rng: Rng) -> Fields:
        """The starts: random phases, unless a subclass knows better ones."""
        return start(y, choice, rng, self.starts, self.feedback, self.autocorrelation)

    def step(self, y: FarField, s: Fields) -> Fields:
        """One update, and the support's where it is due."""
        return self.advance(y, s, 1)

    def advance(self, y: FarField, s: Fields, steps: int) -> Fields:
        """Steps up to where the starts next meet are taken by one part of the batch after another."""
        last = s.k + steps
        while s.k < last:
            self.before(y, s)
            pause = min(last, self.pause(y, s.k))
            for part in s.parts():
                for k in range(s.k, pause):
                    self.update(k)(part)
            s.k = pause
            self.after(y, s)
        return s

    def pause(self, y: FarField, k: int) -> int:
        """The next step after ``k`` at which something happens to all starts."""
        ends = [self.projections(y), self.release_at(y)]
        if self.update_every:
            ends.append(k - k % self.update_every + self.update_every)
        return min((end for end in ends if end > k), default=k + 1)

    def before(self, y: FarField, s: Fields) -> None:
        """What is due before a step: held-out pixels are given back."""
        if s.choice.held_out is not None and s.k == self.release_at(y):
            s.choice.scores = score(s.choice, objects(s))
            s.y = y

    def after(self, y: FarField, s: Fields) -> None:
        """What is due after a step: the support follows the object."""
        total = self.projections(y)
        if self.update_every and s.k % self.update_every == 0 and s.k < total and y.support is None and y.support_size is None:
            field = s.g if self.follow == "iterate" else s.p
            s.support = shrink(y, field, self.sigma(s.k / total), self.threshold, self.area)

    def sigma(self, progress: float) -> float:
        """Blur in pixels after a fraction of the run: geometric from first to last."""
        ratio: float = (self.sigma_end / self.sigma_start) ** progress
        return self.sigma_start * ratio

    def residual(self, y: FarField, s: Fields) -> float:
        """Lowest modulus error among the starts' estimates."""
        errors = np.asarray(y.backend.to_numpy(y.modulus_error(objects(s))))
        return float(np.min(errors[np.isfinite(errors)], initial=np.inf))

    def estimate(self, y: FarField, s: Fields) -> Reconstruction:
        """The chosen start, with the best others as ``starts``, all ``scores`` and the ``support`` in ``aux``."""
        estimates = objects(s)
        scores = s.choice.scores if s.choice.scores.size else score(s.choice, estimates)
        return reconstruction(y, estimates, s.support, scores, self.keep, s.ancestors)


def objects(s: Fields) -> Array:
    """The starts' estimates on the full grid: what the constraints keep of the last modulus projection."""
    return s.p * kept(s.y, s.p, s.support)


def reconstruction(
    y: FarField, estimates: Array, support: Array, scores: np.ndarray, keep: int, ancestors: list[frozenset[int]]
) -> Reconstruction:
    """Cut out the best start, and of those that found their way without it the best ``keep``, itself included."""
    order = by_score(scores)
    best = order[0]
    independent = unrelated(order, ancestors)[:keep]
    return Reconstruction(
        object=y.crop(estimates[best]),
        aux={
            "starts": y.backend.xp.stack([y.crop(estimates[i]) for i in independent]),
            "scores": scores,
            "support": y.crop(support[best], weight=abs(estimates[best]) ** 2),
        },
    )
