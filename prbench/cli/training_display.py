"""How a training is followed: a live bar on a terminal, a line now and then elsewhere; both on stderr."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any, Self

import click

from .display import duration

if TYPE_CHECKING:
    from prbench.training import Event

_PLAIN_EVERY_S = 20.0


class TrainingDisplay:
    """A context manager that is called with every event of a training."""

    def __init__(self) -> None:
        self._last = 0.0
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                MofNCompleteColumn(),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[told]}", markup=False),
                console=Console(stderr=True, highlight=False),
                transient=True,
            )
            self._task = self._bar.add_task("", total=None, told="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        what = "examples" if event.kind == "examples" else "steps"
        told = _told(event)
        if self._bar is not None:
            self._bar.update(self._task, description=what, total=event.total, completed=event.done, told=told)
            return
        now = time.monotonic()
        if event.kind == "validation" or event.done == event.total or now - self._last >= _PLAIN_EVERY_S:
            self._last = now
            click.echo(f"{what} {event.done} of {event.total}{'; ' if told else ''}{told}", err=True)


def _told(event: Event) -> str:
    if event.kind == "examples":
        return ""
    parts = [f"loss {event.loss:.4g}"]
    if not math.isnan(event.best):
        parts.append(f"validation {event.validation:.4g}, best {event.best:.4g}")
    if event.seconds_left is not None:
        parts.append(f"about {duration(event.seconds_left)} left")
    return ", ".join(parts)
