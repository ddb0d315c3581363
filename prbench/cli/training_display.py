"""How a training is followed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .counting import Counting
from .display import duration

if TYPE_CHECKING:
    from prbench.core import Recipe
    from prbench.training import Event
    from prbench.training.loop import Outcome


class TrainingDisplay(Counting):
    """Called with every event of a training."""

    def __call__(self, event: Event) -> None:
        """Show an event."""
        what = "examples" if event.kind == "examples" else "steps"
        self.show(what, event.done, event.total, _message(event), matters=event.kind == "validation")


def amount(outcome: Outcome, recipe: Recipe) -> str:
    """How much of a training is done: its steps, or its steps and its processor time."""
    progress = outcome.state.progress
    if recipe.processor_hours is None:
        return f"{progress.step} of {recipe.steps} steps"
    return f"{progress.step} steps in {progress.processor_seconds / 3600:.3g} of {recipe.processor_hours:g} processor hours"


def _message(event: Event) -> str:
    if event.kind == "examples":
        return ""
    parts = [f"loss {event.loss:.4g}"]
    if not math.isnan(event.best):
        parts.append(f"validation {event.validation:.4g}, best {event.best:.4g}")
    if event.seconds_left is not None:
        parts.append(f"about {duration(event.seconds_left)} left")
    return ", ".join(parts)
