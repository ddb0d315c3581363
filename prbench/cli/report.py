"""``prbench report``: results as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click

from . import folders, selecting

_PICTURES = 60


@click.command("report")
@folders.argument
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Where to; report.html in DIR otherwise."
)
@click.option(
    "--pictures", type=click.IntRange(min=0), default=_PICTURES, show_default=True, metavar="N", help="Reconstructions shown."
)
@selecting.of_results
@folders.ranking
def command(
    folder: Path | None,
    out: Path | None,
    pictures: int,
    solvers: tuple[str, ...],
    datasets: tuple[str, ...],
    rank_by: str | None,
    columns: str | None,
) -> None:
    """Write stored results as one HTML file that opens anywhere, without network or server.

    It holds leaderboards, quality against cost, convergence, robustness, a gallery, every cell, the failures with their
    tracebacks, the environment and how to reproduce. A BibTeX file of the same name holds the references of what was run.
    Without DIR the newest results below prbench-results are taken.
    """
    from prbench.reporting.html import write_report

    results = folders.open_results(folder, solvers, datasets)
    asked = folders.names_of(columns)
    target = out or results.store.path / "report.html"
    written = write_report(results, target, pictures=pictures, rank_by=rank_by, columns=asked)
    size = f"{written.bytes_ / 1e6:.1f} MB, of which {written.picture_bytes / 1e6:.1f} MB pictures"
    cited = target.with_suffix(".bib")
    folders.tell_corrupt(results.store)
    click.echo(f"{written.path}\n{written.records} records, {size}")
    if folders.write_bibliography(results, cited):
        click.echo(f"{cited}: the references of what was run")
