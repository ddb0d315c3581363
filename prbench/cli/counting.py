"""How something that takes long is followed: a live bar on a terminal, a line now and then elsewhere; both on stderr."""

from __future__ import annotations

import sys
import time
from typing import Any, Self

import click

_PLAIN_EVERY_S = 10.0


class Counting:
    """A context manager that shows how many of something are done."""

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

    def show(self, what: str, done: int, total: int, told: str, *, matters: bool = False) -> None:
        """Show how far it is, and what else there is to tell; a line of its own for what ``matters``, first and last."""
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, description=what, total=total, completed=done, told=told)
        elif matters or done == total or not self._last or now - self._last >= _PLAIN_EVERY_S:
            self._last = now
            click.echo(f"{done} of {total} {what}{'; ' if told else ''}{told}", err=True)
