"""Settings that projection solvers have in common, and the policies that they stand for.

Groups of settings without an algorithm: a solver takes those that it needs. The order of their declaration is the order in
which a solver's name spells them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from prbench.core import setting
from prbench.core.settings import Settings
from prbench.errors import UsageError
from prbench.tasks.far_field import FarField

from ._coherence import CoherencePolicy, FittedCoherence, KnownCoherence
from ._policies import (
    LEAST_GUIDED,
    BestAlone,
    FixedSupport,
    Guided,
    Independent,
    RestartPolicy,
    Shrinkwrap,
    SupportPolicy,
    TwinBreak,
)
from ._recipe import fit_to_length, parse_recipe
from ._solution import PowerGoal
from ._updates import UPDATES

_FIT_EVERY = 20
"""Steps between two fits of the degree of coherence."""


@dataclass(frozen=True)
class RestartSettings(Settings):
    """How many random starts there are."""

    starts: int = setting(1, valid="[1, 4096]", range=(1, 32), log=True, doc="random starts, advanced as one batch")


@dataclass(frozen=True)
class ShrinkwrapSettings(Settings):
    """How the support follows the object."""

    threshold: float = setting(0.2, valid="(0, 1)", range=(0.08, 0.3), doc="shrinkwrap: fraction of the blurred maximum kept")
    sigma_start: float = setting(3.0, valid="[0.1, 100]", range=(1.5, 5.0), unit="px", doc="shrinkwrap: blur at first")
    sigma_end: float = setting(1.0, valid="[0.1, 100]", range=(0.5, 2.0), unit="px", doc="shrinkwrap: blur at the end")
    update_every: int = setting(20, valid="[0, inf)", range=(5, 100), log=True, doc="steps between support updates; 0 for none")
    follow: Literal["iterate", "estimate"] = setting(
        "iterate",
        doc="shrinkwrap: blur the iterate, or its modulus projection, on which background cannot pile up",
    )
    area: float | None = setting(None, valid="(0, 1]", doc="shrinkwrap by area: fraction of pixels kept instead of the threshold")

    def shrinkwrap(self, y: FarField) -> Shrinkwrap | None:
        """The policy of these settings; None where supports stay: they are given, or not to be updated.

        Raises:
            UsageError: where the blur would grow.
        """
        if self.sigma_end > self.sigma_start:
            raise UsageError(f"{self.plugin_name}: sigma_end {self.sigma_end} must not exceed sigma_start {self.sigma_start}")
        if y.support is not None or y.support_size is not None or not self.update_every:
            return None
        return Shrinkwrap(self.update_every, self.threshold, self.sigma_start, self.sigma_end, self.area, self.follow)

    def support_policy(self, y: FarField) -> SupportPolicy:
        """How supports change during a run on ``y``."""
        return self.shrinkwrap(y) or FixedSupport()


@dataclass(frozen=True)
class StartSettings(ShrinkwrapSettings, RestartSettings):
    """Where starts begin, and how many come back."""

    autocorrelation: float | None = setting(
        None,
        valid="(0, 1)",
        range=(0.005, 0.1),
        log=True,
        doc="threshold of a first support from the autocorrelation; none: the frame",
    )
    keep: int = setting(10, valid="[1, inf)", doc="independent starts returned, best first, for PRTF")


@dataclass(frozen=True)
class ProjectionSettings(StartSettings):
    """What every projection solver can be told."""

    holdout: float = setting(
        0.0, was="free", valid="[0, 0.5]", range=(0.0, 0.1), doc="fraction of pixels held out to choose the start by"
    )
    reject: float | None = setting(
        None, valid="[1, inf)", doc="leave out starts whose score is above this many times the best one's; none: keep all"
    )
    unmeasured: Literal["zero", "interpolated"] = setting(
        "zero", doc="amplitudes of unmeasured pixels at first, free from then on: zero, or the mean of what is around them"
    )
    coherence: str = setting("full", doc="of the beam: full, auto (found), or its width in sides of the object's frame, as 0.6")

    def __post_init__(self) -> None:
        super().__post_init__()
        self.coherence_policy  # noqa: B018 - a value that cannot be read is refused now

    @cached_property
    def coherence_policy(self) -> CoherencePolicy:
        """What is known of the beam, and how it is found.

        Raises:
            UsageError: for a value that is neither a word nor a positive number.
        """
        if self.coherence == "full":
            return KnownCoherence()
        if self.coherence == "auto":
            return FittedCoherence(_FIT_EVERY)
        try:
            width = float(self.coherence)
        except ValueError:
            width = math.nan
        if not 0 < width < math.inf:
            raise UsageError(
                f"{self.plugin_name}: coherence must be full, auto or a positive number of sides of the object's frame, "
                f"got {self.coherence!r}"
            )
        return KnownCoherence(width)

    @property
    def feedback(self) -> float:
        """The beta of the update, where it has one."""
        beta: float = getattr(self, "beta", 1.0)
        return beta

    @property
    def final_starts(self) -> int:
        """How many starts reach the end, where memory holds them all."""
        return self.starts

    def goal(self, y: FarField) -> PowerGoal | None:  # noqa: ARG002 - for those that are asked for one
        """When the object is found, and the run ends; None where that is not asked."""
        return None

    def restart_policy(self) -> RestartPolicy:
        """How starts help each other: not at all, unless further settings say so."""
        return Independent()


@dataclass(frozen=True)
class GuidedSettings(ProjectionSettings):
    """Guided restarts, for solvers that do without them unless they are asked for."""

    breed_every: int = setting(
        0, valid="[0, inf)", doc=f"steps between generations of guided starts, of which it takes {LEAST_GUIDED}; 0 for none"
    )

    choose_after: int = setting(0, valid="[0, inf)", doc="steps after which the best start goes on alone; 0: all go on")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.breed_every and self.choose_after:
            raise UsageError(f"{self.plugin_name}: breed_every crosses starts and choose_after leaves one; give one of the two")
        if self.breed_every and self.starts < LEAST_GUIDED:
            raise UsageError(
                f"{self.plugin_name}: breed_every={self.breed_every} crosses starts, of which it needs {LEAST_GUIDED}, "
                f"got starts={self.starts}"
            )

    @property
    def final_starts(self) -> int:
        """One where the best goes on alone."""
        return 1 if self.choose_after else self.starts

    def restart_policy(self) -> RestartPolicy:
        """Guided, or the best alone, where a number of steps is given."""
        if self.choose_after:
            return BestAlone(self.choose_after)
        return Guided(self.breed_every) if self.breed_every else Independent()


@dataclass(frozen=True)
class SearchSettings(GuidedSettings):
    """When a search ends, for algorithms that come to rest at a solution only."""

    power_goal: float | None = setting(
        None, valid="(0, 1)", doc="end once the known number of pixels holds this share of the power; 0.95 is the published one"
    )

    def goal(self, y: FarField) -> PowerGoal | None:
        """As asked for, where the measurement has a known number of pixels and no support."""
        return PowerGoal(self.power_goal) if self.power_goal is not None and PowerGoal.applies(y) else None


@dataclass(frozen=True)
class RecipeSettings(ProjectionSettings):
    """Algorithms in turns, by a recipe, with guided restarts."""

    recipe: str = setting("12*(20*ER+180*HIO)+20*ER", doc="sequence of steps: ER, HIO, RAAR, RRR, DM")
    iterations: int | None = setting(None, valid="[1, inf)", doc="repeat or cut the recipe to this many steps; none: as it is")
    starts: int = setting(16, valid="[1, 4096]", range=(1, 64), log=True, doc="random starts, advanced as one batch")
    beta: float = setting(0.8, valid="(0, 2]", range=(0.5, 1.0), doc="strength of the feedback in HIO")

    breed_every: int = setting(600, valid="[0, inf)", range=(200, 1000), doc="steps between generations; 0 for none")
    twin_break: bool = setting(False, doc="keep half of the support between its first two updates")

    algorithms: ClassVar[tuple[str, ...]] = tuple(UPDATES)
    """Algorithms that a recipe may name."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.blocks  # noqa: B018 - a recipe that cannot be read is refused now

    @cached_property
    def blocks(self) -> tuple[tuple[str, int], ...]:
        """The recipe as (algorithm, steps)."""
        return fit_to_length(parse_recipe(self.recipe, self.algorithms), self.iterations)

    @property
    def recipe_steps(self) -> int:
        """Steps of the recipe."""
        return sum(steps for _, steps in self.blocks)

    def block(self, k: int) -> tuple[str, int, int]:
        """Algorithm of step ``k``, its index within the block, and the block's length."""
        for name, steps in self.blocks:
            if k < steps:
                return name, k, steps
            k -= steps
        raise IndexError(k)

    def support_policy(self, y: FarField) -> SupportPolicy:
        """As the settings of shrinkwrap say, with twins broken where that is asked for."""
        policy = super().support_policy(y)
        sized = y.support_size is not None and y.support is None
        return TwinBreak(policy, self.update_every) if self.twin_break and self.update_every and not sized else policy

    def restart_policy(self) -> RestartPolicy:
        """Guided, unless ``breed_every`` is 0."""
        return Guided(self.breed_every) if self.breed_every else Independent()
