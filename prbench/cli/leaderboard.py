"""``prbench leaderboard``: solvers ranked within each dataset."""

from __future__ import annotations

from pathlib import Path

import click

from . import folders


@click.command("leaderboard")
@folders.argument
@click.option("--task", help="Only this task.")
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "markdown", "latex"]), default="table", show_default=True
)
def command(folder: Path | None, task: str | None, form: str) -> None:
    """Rank the solvers of stored results, with uncertainty.

    Without DIR the newest results below prbench-results are taken.
    """
    from prbench.analysis import leaderboards
    from prbench.reporting.leaderboards import FORMATS

    results = folders.open_results(folder)
    boards = leaderboards(results.frame, task)
    if form != "table":
        click.echo(FORMATS[form](boards))
        return
    from prbench.reporting.console import console
    from prbench.reporting.leaderboards import terminal

    out = console()
    out.print(f"{results.store.path}\n", markup=False)
    for part in terminal(boards, out.width):
        out.print(part, markup=False)
