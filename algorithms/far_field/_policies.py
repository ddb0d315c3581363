"""What happens to the whole batch between steps: to its supports, to its starts, to pixels held out.

A policy is a value. It names the steps at which it acts, so that all other steps can be taken by one part of the batch after
another, and it knows nothing of the algorithm that takes them.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

from prbench.backend import Array
from prbench.core import Rng
from prbench.tasks.far_field import FarField

from ._guidance import breed
from ._selection import Choice, by_score, hold_out
from ._shrinkwrap import random_halves, shrink
from ._state import ProjectionState

_BATCH_PIXELS = 1 << 18
"""Pixels of fields whose supports are drawn at once: any batch in two dimensions, one field after another in three."""


class SupportPolicy(ABC):
    """How supports change during a run."""

    @abstractmethod
    def next_update(self, k: int) -> int | None:
        """The first step after ``k`` at which supports are updated; None where they never are."""

    @abstractmethod
    def update(self, s: ProjectionState, progress: float) -> None:
        """Give the batch its supports, after a fraction of the run."""


@dataclass(frozen=True)
class FixedSupport(SupportPolicy):
    """Supports stay: where one is given, or where a known number of pixels stands for it (see :class:`Constraints`)."""

    def next_update(self, k: int) -> int | None:  # noqa: ARG002 - whatever the step
        """None: there is no such step."""
        return None

    def update(self, s: ProjectionState, progress: float) -> None:
        """Leave the state unchanged."""


@dataclass(frozen=True)
class Shrinkwrap(SupportPolicy):
    """Supports follow the object (Marchesini et al. 2003, doi:10.1103/PhysRevB.68.140101).

    Attributes:
        every: steps between updates, at least 1.
        threshold: fraction of the blurred maximum that is kept.
        sigma_start: standard deviation of the blur at first, pixels.
        sigma_end: the same at the end; in between the blur falls geometrically.
        area: fraction of all pixels kept instead of the threshold.
        follow: blur the iterate, or its modulus projection.
    """

    every: int
    threshold: float
    sigma_start: float
    sigma_end: float
    area: float | None = None
    follow: Literal["iterate", "estimate"] = "iterate"

    def next_update(self, k: int) -> int | None:
        """The next multiple of ``every``."""
        return k - k % self.every + self.every

    def update(self, s: ProjectionState, progress: float) -> None:
        """Draw every support anew from its start's field."""
        fields = s.g if self.follow == "iterate" else s.p
        size = max(1, _BATCH_PIXELS // math.prod(s.y.shape))
        for low in range(0, fields.shape[0], size):
            s.support[low : low + size] = self.draw(s.y, fields[low : low + size], progress)

    def draw(self, y: FarField, fields: Array, progress: float) -> Array:
        """The supports of complex fields (B, *shape) after a fraction of the run: bool, the same shape."""
        return shrink(y, fields, self.sigma(progress), self.threshold, self.area)

    def sigma(self, progress: float) -> float:
        """Blur in pixels after a fraction of the run."""
        ratio: float = (self.sigma_end / self.sigma_start) ** progress
        return self.sigma_start * ratio


@dataclass(frozen=True)
class TwinBreak(SupportPolicy):
    """Another policy, with half of each support removed between steps ``every`` and ``2 every``.

    That breaks the tie between an object and its twin (Fienup, Wackerman 1986, doi:10.1364/JOSAA.3.001897).
    """

    policy: SupportPolicy
    every: int

    def next_update(self, k: int) -> int | None:
        """The next multiple of ``every`` while halves are removed, and the other policy's next update."""
        own = self.every if k < self.every else 2 * self.every if k < 2 * self.every else None
        other = self.policy.next_update(k)
        return min((at for at in (own, other) if at is not None), default=None)

    def update(self, s: ProjectionState, progress: float) -> None:
        """The other policy's update, then half of it in a random direction, or the whole again where a support is given."""
        if self.policy.next_update(s.k - 1) == s.k:
            self.policy.update(s, progress)
        if s.k == self.every:
            s.support = s.support & random_halves(s.y, s.rng, s.g.shape[0])
        elif s.k == 2 * self.every and s.y.support is not None:
            s.support = s.y.support[None] & s.y.backend.xp.ones_like(s.support)


class RestartPolicy(ABC):
    """How starts help each other during a run."""

    @abstractmethod
    def next_generation(self, k: int) -> int | None:
        """The first step after ``k`` at which starts are replaced; None where they never are."""

    @abstractmethod
    def renew(self, s: ProjectionState) -> None:
        """Replace starts by better ones."""


@dataclass(frozen=True)
class Independent(RestartPolicy):
    """Every start goes its own way."""

    def next_generation(self, k: int) -> int | None:  # noqa: ARG002 - whatever the step
        """None: there is no such step."""
        return None

    def renew(self, s: ProjectionState) -> None:
        """Leave the state unchanged."""


@dataclass(frozen=True)
class BestAlone(RestartPolicy):
    """After some steps the best start goes on alone: many short runs, and a long one of the most promising."""

    after: int

    def next_generation(self, k: int) -> int | None:
        """The step ``after``, until it has been."""
        return self.after if k < self.after else None

    def renew(self, s: ProjectionState) -> None:
        """Leave the start of the best score."""
        s.retain(by_score(s.scores_now())[:1])


@dataclass(frozen=True)
class Guided(RestartPolicy):
    """Every so many steps the worse half is replaced by crosses of the better half (see :func:`breed`); from four starts on."""

    every: int

    def next_generation(self, k: int) -> int | None:
        """The next multiple of ``every``."""
        return k - k % self.every + self.every

    def renew(self, s: ProjectionState) -> None:
        """Replace the starts by a new generation."""
        if s.g.shape[0] >= LEAST_GUIDED:
            breed(s, s.scores_now())


LEAST_GUIDED = 4
"""Starts from which one half can be crossed to replace the other."""


@dataclass(frozen=True)
class HoldOut:
    """A fraction of the pixels is kept from the fit, so that starts can be judged by them, and given back for the last steps.

    Attributes:
        fraction: of the measured pixels; 0: none.
        release: the step from which the fit sees all pixels.
        chooses: whether the scores at that step choose the answer; if not, starts are judged by all pixels from then on.
    """

    fraction: float
    release: int
    chooses: bool = True

    def split(self, y: FarField, rng: Rng) -> tuple[FarField, Choice]:
        """What is fitted at first, and what a start will be chosen by."""
        fitted, held_out = hold_out(y, self.fraction, rng)
        return fitted, Choice(y, held_out)

    def update(self, y: FarField, s: ProjectionState) -> None:
        """At the step ``release`` take the scores, and fit all of ``y`` from then on."""
        if s.choice.held_out is not None and s.k == self.release:
            s.y = y
            if self.chooses:
                s.choice.scores = s.scores_now()
            else:
                s.choice = Choice(y, None)
