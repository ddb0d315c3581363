"""How a run is followed: a live bar on a terminal, a line now and then elsewhere; both on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import click

from prbench.errors import one_line

if TYPE_CHECKING:
    from prbench.running.engine import RunEvent, RunState

_PLAIN_EVERY_S = 5.0
_FAILURES_TOLD = 10
_FINE = ("ok", "time_limit", "cached")


class Display(Protocol):
    """A context manager that is called with every event of a run."""

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def __call__(self, event: RunEvent) -> None:
        """Take notice of an event."""


def choose_display(*, quiet: bool = False) -> Display:
    """The display that suits stderr; with ``quiet`` one that prints failures and warnings alone."""
    if quiet:
        return QuietDisplay()
    return LiveDisplay() if sys.stderr.isatty() else PlainDisplay()


def counts(state: RunState) -> str:
    """Done, failed and cached cells in words."""
    return f"{state.done - state.failed} done, {state.failed} failed, {state.cached} cached"


def duration(seconds: float) -> str:
    """A duration for people: ``12 s``, ``3 min 05 s``, ``2 h 10 min``."""
    total = max(0, round(seconds))
    if total < 60:
        return f"{total} s"
    minutes, seconds_left = divmod(total, 60)
    if minutes < 60:
        return f"{minutes} min {seconds_left:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def time_left(state: RunState) -> str:
    """The estimate, or nothing before there is one; cells in hand beyond the run's own are of other shards."""
    if state.running and state.done + state.cached >= state.total:
        return f"helping other shards, {state.helped} of their cells done"
    return "" if state.remaining_s is None else f"about {duration(state.remaining_s)} left"


class Failures:
    """Tells the first few failures as they happen; the rest are counted, and `prbench status` has them all."""

    def __init__(self) -> None:
        self._told = 0

    def line(self, event: RunEvent) -> str | None:
        """What to print about an event, if anything."""
        if event.kind != "ended" or event.status in _FINE or self._told > _FAILURES_TOLD:
            return None
        self._told += 1
        if self._told > _FAILURES_TOLD:
            return "further failures are counted, not told; `prbench status` has them all"
        return f"{event.status}: {one_line(event.cell, 150)}"


def lines_for_user(event: RunEvent) -> list[str]:
    """What is suspicious in users' files, before the first cell, and notices on the way."""
    if event.kind == "notice":
        return [one_line(event.text, 600)]
    if event.kind != "begin":
        return []
    return [f"warning: {one_line(name, 80)}: {line}" for name, lines in event.state.warnings.items() for line in lines]


class QuietDisplay:
    """A line for each failure and each warning."""

    def __init__(self) -> None:
        self._failures = Failures()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __call__(self, event: RunEvent) -> None:
        """Print what went wrong."""
        failure = self._failures.line(event)
        for line in [*lines_for_user(event), *([failure] if failure else [])]:
            click.echo(line, err=True)


class PlainDisplay:
    """A line at the beginning, one every few seconds, and one for each failure."""

    def __init__(self) -> None:
        self._last = 0.0
        self._failures = Failures()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __call__(self, event: RunEvent) -> None:
        """Print a line where it is time for one."""
        state, now = event.state, time.monotonic()
        failure = self._failures.line(event)
        for line in [*lines_for_user(event), *([failure] if failure else [])]:
            click.echo(line, err=True)
        if event.kind in ("begin", "end", "interrupted") or now - self._last >= _PLAIN_EVERY_S:
            self._last = now
            left = f"; {time_left(state)}" if time_left(state) and event.kind not in ("end", "interrupted") else ""
            click.echo(f"{state.done + state.cached} of {state.total}: {counts(state)}{left}", err=True)


class LiveDisplay:
    """A bar with counts, the time left and the cell in hand."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._bar = Progress(
            MofNCompleteColumn(),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[counts]}", markup=False),
            TextColumn("{task.fields[left]}", markup=False, style="cyan"),
            TextColumn("{task.fields[now]}", markup=False, style="dim"),
            console=Console(stderr=True, highlight=False),
            transient=True,
            refresh_per_second=8,
        )
        self._task = self._bar.add_task("", total=None, counts="", left="", now="")
        self._failures = Failures()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, event: RunEvent) -> None:
        """Move the bar."""
        state = event.state
        failure = self._failures.line(event)
        if failure:
            self._bar.console.print(failure, markup=False, style="red")
        for line in lines_for_user(event):
            self._bar.console.print(line, markup=False, style="yellow")
        shown: dict[str, Any] = {"counts": counts(state), "left": time_left(state), "now": _in_hand(state)}
        self._bar.update(self._task, total=state.total, completed=state.done + state.cached, **shown)


def _in_hand(state: RunState) -> str:
    """The first of the cells being computed, and how far it is."""
    for cell, point in state.running.items():
        share = f" {100 * point.iteration / point.iterations:.0f} %" if point and point.iterations else ""
        return f"{one_line(cell.solver, 24)} on {one_line(cell.dataset, 24)}{share}"
    return ""
