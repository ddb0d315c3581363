"""``prbench figures``: figures and tables of results for a paper."""

from __future__ import annotations

from pathlib import Path

import click

from . import folders, selecting

_STYLES = ("paper", "talk")
_PUBLISHED = Path("results/published")


@click.command("figures")
@folders.argument
@click.option(
    "--style", type=click.Choice(_STYLES), default="paper", show_default=True, help="Sizes for a journal or for slides."
)
@click.option("--format", "forms", default="pdf", show_default=True, metavar="LIST", help="Some of pdf,svg,png.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; figures in DIR otherwise.")
@click.option(
    "--published",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help=f"CSV files of figures quoted from papers; {_PUBLISHED} where it is there.",
)
@click.option(
    "--apart", multiple=True, metavar="NAME", help="Solver that counts for no front of quality against cost; repeatable, or A,B."
)
@selecting.of_results
@folders.ranking
def command(
    folder: Path | None,
    style: str,
    forms: str,
    out: Path | None,
    published: Path | None,
    apart: tuple[str, ...],
    solvers: tuple[str, ...],
    datasets: tuple[str, ...],
    rank_by: str | None,
    columns: str | None,
) -> None:
    """Draw what stored results have the records for: quality by solver, robustness, quality against cost, profiles, convergence,
    every run of several seeds, galleries; LaTeX tables; and the references of what was run as BibTeX. Running it again gives the
    same bytes.

    Without DIR the newest results below prbench-results are taken.
    """
    from prbench.reporting.figures import draw_figures

    results = folders.open_results(folder, solvers, datasets)
    quoted = published or (_PUBLISHED if _PUBLISHED.is_dir() else None)
    formats = tuple(dict.fromkeys(form.strip() for form in forms.split(",") if form.strip()))
    target = out or results.store.path / "figures"
    drawn = draw_figures(
        results,
        target,
        style=style,
        formats=formats,
        published=quoted,
        rank_by=rank_by,
        columns=folders.names_of(columns),
        apart=sorted(selecting.selected(results.frame, apart, ())["solver"].unique()) if apart else (),
    )
    for path in drawn:
        click.echo(path)
    cited = target / "references.bib"
    if folders.write_bibliography(results, cited):
        click.echo(cited)
    folders.tell_corrupt(results.store)
