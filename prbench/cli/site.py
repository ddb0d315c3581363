"""``prbench site``: a static site from folders of results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import folders

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet


@click.command("site")
@click.argument("paths", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path, file_okay=False))
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), default="site", show_default=True, help="Folder.")
@click.option("--pictures", type=click.IntRange(min=0), default=12, show_default=True, metavar="N", help="In each run's report.")
def command(paths: tuple[Path, ...], out: Path, pictures: int) -> None:
    """Build a static site from folders of results: of machines, versions and submitters.

    It has an overview across tasks, a page per task, dataset, solver and run, the history over runs, comparisons of two runs,
    what is missing or stale, downloads and references. The folder can be served as it is, and opens without a server.
    """
    from prbench.core.trust import reading
    from prbench.reporting.site import build_site

    with reading():  # nothing that records name is imported
        results = [folders.open_results(path) for path in paths]
        written = build_site(results, out, bibliography=_bibliography, kinds=_contestants(), pictures=pictures)
    for one in results:
        folders.tell_corrupt(one.store)
    pages = sum(path.suffix == ".html" for path in written)
    click.echo(f"{out / 'index.html'}\n{pages} pages of {len(results)} runs")


def _bibliography(results: Sequence[ResultSet]) -> str:
    from prbench.catalogue.citations import bibliography_of
    from prbench.metrics import metric_infos

    frames = [one.frame for one in results]
    scored = [name for name in metric_infos() if any(name in frame and frame[name].notna().any() for frame in frames)]
    solvers, datasets = (sorted({str(n) for frame in frames for n in frame[kind].unique()}) for kind in ("solver", "dataset"))
    return bibliography_of(solvers, datasets, scored)


def _contestants() -> dict[str, str]:
    from prbench.contestants.folders import installed_declarations

    return dict.fromkeys(installed_declarations(), "contestant")
