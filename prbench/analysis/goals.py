"""What a leaderboard of each task ranks by, and when a reconstruction counts as a success."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Goal:
    """The column that decides.

    Attributes:
        metric: name of the column.
        better: ``lower`` or ``higher``.
        success: the value from which on a reconstruction is a success, or None where nobody can say.
    """

    metric: str
    better: Literal["lower", "higher"] = "lower"
    success: float | None = None

    @property
    def worst(self) -> float:
        """What a cell without a score counts as."""
        return float("inf") if self.better == "lower" else float("-inf")


_GOALS: dict[str, tuple[Goal, ...]] = {
    "far-field": (Goal("sa_nmse", "lower", success=0.05), Goal("r_factor", "lower")),
}


def goals(task: str) -> tuple[Goal, ...]:
    """The goals of a task in order of preference: a truth metric first, then what needs the measurement alone."""
    return _GOALS.get(task, (Goal("r_factor", "lower"),))


def choose_goal(task: str, known: Iterable[str]) -> Goal:
    """The first goal of ``task`` that is among the metrics ``known`` for a dataset; the last one where none is."""
    names = set(known)
    options = goals(task)
    return next((goal for goal in options if goal.metric in names), options[-1])
