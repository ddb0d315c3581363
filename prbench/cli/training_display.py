"""How a training is followed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .counting import Counting
from .display import duration

if TYPE_CHECKING:
    from prbench.training import Event


class TrainingDisplay(Counting):
    """Called with every event of a training."""

    def __call__(self, event: Event) -> None:
        """Show an event."""
        what = "examples" if event.kind == "examples" else "steps"
        self.show(what, event.done, event.total, _message(event), matters=event.kind == "validation")


def _message(event: Event) -> str:
    if event.kind == "examples":
        return ""
    parts = [f"loss {event.loss:.4g}"]
    if not math.isnan(event.best):
        parts.append(f"validation {event.validation:.4g}, best {event.best:.4g}")
    if event.seconds_left is not None:
        parts.append(f"about {duration(event.seconds_left)} left")
    return ", ".join(parts)
