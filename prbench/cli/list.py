"""``prbench list``: what is installed."""

from __future__ import annotations

import click

from prbench.errors import UsageError


@click.command("list")
@click.option("--task", help="Only what serves this task.")
@click.option("--kind", type=click.Choice(["solver", "dataset", "metric"]), help="Only solvers, datasets or metrics.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(task: str | None, kind: str | None, form: str) -> None:
    """List solvers, datasets and metrics."""
    from prbench.catalogue.listing import KINDS, listing, task_names

    if task is not None and task not in task_names():
        raise UsageError(f"there is no task {task!r}; tasks are {', '.join(task_names())}")
    kinds = tuple(k for k in KINDS if kind in (None, k))
    entries = listing(kinds, task)
    if form == "json":
        import json

        click.echo(json.dumps([e.plain() for e in entries], indent=2, ensure_ascii=False))
        return
    from prbench.reporting.console import Column, console, table

    out = console()
    name_width = max((len(e.name) for e in entries), default=10)
    for k in kinds:
        rows = [(e.name, e.task, ", ".join(e.tags), e.broken or e.summary) for e in entries if e.kind == k]
        columns: list[Column] = [
            ("name", {"min_width": name_width}),
            ("task", {"max_width": 12}),
            ("tags", {"max_width": 24}),
            "what",
        ]
        out.print(table(f"{k}s ({len(rows)})", columns, rows))
        out.print()
    if any(e.kind in ("solver", "dataset") for e in entries):
        click.echo("`prbench show NAME` tells the reference and the settings of one.")
