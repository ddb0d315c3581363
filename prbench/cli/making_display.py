"""How the making of problems is followed: a live bar on a terminal, a line now and then elsewhere; both on stderr."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

import click

from .display import duration

_PLAIN_EVERY_S = 10.0


class MakingDisplay:
    """A context manager that is called with the number of problems there and of all."""

    def __init__(self) -> None:
        self._began, self._first, self._last = time.monotonic(), -1, 0.0
        self._bar: Any = None
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

            self._bar = Progress(
                MofNCompleteColumn(),
                BarColumn(bar_width=20),
                TextColumn("{task.fields[left]}", markup=False, style="cyan"),
                console=Console(stderr=True, highlight=False),
                transient=True,
            )
            self._task = self._bar.add_task("", total=None, left="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show how far it is."""
        now = time.monotonic()
        if self._first < 0:
            self._first = done
        made = done - self._first
        left = f"about {duration((now - self._began) / made * (total - done))} left" if made > 0 and done < total else ""
        if self._bar is not None:
            self._bar.update(self._task, total=total, completed=done, left=left)
        elif done in (self._first, total) or now - self._last >= _PLAIN_EVERY_S:
            self._last = now
            click.echo(f"{done} of {total} problems{'; ' if left else ''}{left}", err=True)
