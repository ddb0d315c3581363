"""``prbench list``: what is installed."""

from __future__ import annotations

import gc
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from prbench.errors import UsageError, one_line

if TYPE_CHECKING:
    from prbench.catalogue.listing import Line

_TASK_WIDTH, _TAGS_WIDTH = 12, 24
_NO_TERMINAL_WIDTH, _LEAST_WIDTH = 100, 80


@click.command("list")
@click.option("--task", help="Only what serves this task.")
@click.option("--kind", type=click.Choice(["solver", "dataset", "metric"]), help="Only solvers, datasets or metrics.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(task: str | None, kind: str | None, form: str) -> None:
    """List solvers, datasets and metrics."""
    from prbench.catalogue.kinds import KINDS
    from prbench.catalogue.listing import listing, task_names

    if task is not None and task not in task_names():
        raise UsageError(f"there is no task {task!r}; tasks are {', '.join(task_names())}")
    kinds = tuple(k for k in KINDS if kind in (None, k))
    gc.disable()  # the command reads syntax trees, many objects and no garbage, and ends: a collection costs a tenth of it
    entries = listing(kinds, task)
    gc.freeze()
    if form == "json":
        import json

        click.echo(json.dumps([e.plain() for e in entries], indent=2, ensure_ascii=False))
        return
    name_width = max((len(e.name) for e in entries), default=10)
    total = shutil.get_terminal_size((_NO_TERMINAL_WIDTH, 24)).columns
    if total < _LEAST_WIDTH:
        _stacked(entries, total)
        return
    widths = (name_width, _TASK_WIDTH, _TAGS_WIDTH, max(total - name_width - _TASK_WIDTH - _TAGS_WIDTH - 3, 10))
    for k in kinds:
        rows = [(e.name, e.task, ", ".join(e.tags), e.broken or e.summary) for e in entries if e.kind == k]
        click.secho(f"{k}s ({len(rows)})", bold=True)
        click.echo("\n".join([*_row(("name", "task", "tags", "what"), widths), "─" * (sum(widths) + 3)]))
        click.echo("\n".join(line for row in rows for line in _row(row, widths)))
        click.echo()
    if any(e.kind in ("solver", "dataset") for e in entries):
        click.echo("`prbench show NAME` tells the reference and the settings of one.")


def _stacked(entries: Sequence[Line], width: int) -> None:
    """An entry per paragraph, for terminals too narrow for a table."""
    for entry in entries:
        head = f"{entry.kind} {entry.name}: {entry.task}; {', '.join(entry.tags)}"
        for text, indent in ((head, ""), (entry.broken or entry.summary, "  ")):
            lines = textwrap.wrap(one_line(text, 2000), max(width, 20), initial_indent=indent, subsequent_indent="  ")
            click.echo("\n".join(lines))


def _row(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The lines of a row, each cell wrapped to its width; plain text, for a library of tables costs more than the whole list."""
    wrapped = [textwrap.wrap(one_line(cell, 2000), width) or [""] for cell, width in zip(cells, widths, strict=True)]
    for line in zip_longest(*wrapped, fillvalue=""):
        yield " ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
