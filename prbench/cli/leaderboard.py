"""``prbench leaderboard``: solvers ranked within each dataset."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from . import folders, selecting


@click.command("leaderboard")
@folders.argument
@click.option("--task", help="Only this task.")
@selecting.of_results
@folders.ranking
@click.option(
    "--by", metavar="SETTING", help="Scores, successes and seconds against this setting of the datasets, such as images."
)
@click.option(
    "--show",
    type=click.Choice(["all", "scores", "success", "seconds"]),
    default="all",
    show_default=True,
    help="Which tables of --by.",
)
@click.option(
    "--format", "form", type=click.Choice(["table", "json", "csv", "markdown", "latex"]), default="table", show_default=True
)
@click.option("--bib", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write the references to FILE.")
def command(
    folder: Path | None,
    task: str | None,
    solvers: tuple[str, ...],
    datasets: tuple[str, ...],
    rank_by: str | None,
    columns: str | None,
    by: str | None,
    show: str,
    form: str,
    bib: Path | None,
) -> None:
    """Rank the solvers of stored results, with uncertainty.

    Without DIR the newest results below prbench-results are taken.
    """
    from prbench.analysis import leaderboards, pivots
    from prbench.reporting import leaderboards as ranked
    from prbench.reporting import pivots as pivot_tables
    from prbench.reporting.console import console

    results = folders.open_results(folder, solvers, datasets)
    boards = leaderboards(results.frame, task, rank_by=rank_by, columns=folders.names_of(columns))
    folders.tell_corrupt(results.store)
    about = None if by is None else pivots(boards, by)
    if bib is not None:
        folders.write_bibliography(results, bib)
    if form != "table":
        if about is not None:
            click.echo(pivot_tables.FORMATS[form](about, show))
        else:
            write = partial(ranked.as_latex, most=None) if form == "latex" and columns else ranked.FORMATS[form]
            click.echo(write(boards))
        return
    out = console()
    out.print(f"{results.store.path}\n", markup=False)
    for part in ranked.terminal(boards, out.width) if about is None else pivot_tables.terminal(about, show):
        out.print(part, markup=False)
