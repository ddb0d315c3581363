"""Where results are: a folder that the user names, or the newest below ``prbench-results``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from prbench.errors import UsageError, one_line

from . import selecting

if TYPE_CHECKING:
    import pandas as pd

    from prbench.running.store.folder import Store
    from prbench.running.store.results import ResultSet

RESULTS = Path("prbench-results")
_TOLD = 5

F = TypeVar("F", bound=Callable[..., Any])


def argument(command: F) -> F:
    """The folder of the commands that read results, and ``--trust``: without it nothing that records name is imported."""
    named = click.argument(
        "folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path, file_okay=False), shell_complete=None
    )
    trusted = click.option(
        "--trust",
        is_flag=True,
        expose_value=False,
        callback=_set_trust,
        help="Import solvers and datasets from the files that the results name.",
    )
    return named(trusted(command))


def write_bibliography(results: ResultSet, path: Path) -> bool:
    """Write the references of the solvers, datasets and metrics of results as BibTeX; False, and no file, if there are none."""
    from prbench.catalogue.citations import bibliography_of
    from prbench.metrics import metric_infos

    frame = results.frame
    scored = [name for name in metric_infos() if name in frame and frame[name].notna().any()]
    text = bibliography_of(frame["solver"].unique(), frame["dataset"].unique(), scored)
    if text:
        path.write_text(text, encoding="utf-8")
    return bool(text)


def _set_trust(ctx: click.Context, _option: click.Parameter, trust: bool) -> None:
    """Import no reference as long as the command runs, and say at its end which were not."""
    from prbench.core.trust import reading, take_refused, trusting

    if ctx.resilient_parsing:
        return
    take_refused()
    ctx.with_resource(trusting() if trust else reading())

    def tell() -> None:
        refused = take_refused()
        for name in refused[:_TOLD]:
            click.echo(f"{name}: unknown, not imported; --trust imports it", err=True)
        if len(refused) > _TOLD:
            click.echo(f"{len(refused) - _TOLD} more are unknown and were not imported", err=True)

    ctx.call_on_close(tell)


def ranking(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options ``--rank-by`` and ``--columns`` of the verbs that show boards."""
    command = click.option("--columns", metavar="A,B,...", help="Show these metrics and costs, in this order.")(command)
    return click.option("--rank-by", metavar="METRIC", help="Rank by this metric or cost, not by the task's goal.")(command)


def names_of(text: str | None) -> list[str] | None:
    """The names of a list as users type it, ``a,b,c``; None where nothing was typed."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def default_folder(matrix: str) -> Path:
    """Where the results of a matrix go unless the user says otherwise: a folder of its name, whatever characters that has."""
    return RESULTS / (re.sub(r"[^\w.-]+", "-", matrix).strip(".-") or "matrix")


def open_results(folder: Path | None, solvers: Sequence[str] = (), datasets: Sequence[str] = ()) -> ResultSet:
    """The results in ``folder``, of these solvers and datasets alone; without a folder the newest below :data:`RESULTS`.

    Raises:
        UsageError: where there are no results, or none of a name, or ``folder`` holds several stores.
    """
    from prbench.running.store.results import ResultSet

    store = find_store(folder)
    store.compact_if_many()
    results = ResultSet(store)
    if not solvers and not datasets:
        return results
    return ResultSet(store, list(selecting.selected(results.frame, solvers, datasets)["key"]))


def find_store(folder: Path | None) -> Store:
    """The store in ``folder``, as it is; raises as :func:`open_results`."""
    from prbench.running.store.folder import Store

    return Store(_find(folder))


def _find(folder: Path | None) -> Path:
    if folder is None:
        stores = _stores_below(RESULTS)
        if not stores:
            raise UsageError(f"no results below {RESULTS}/ here; `prbench run` makes some, or name their folder")
        return max(stores, key=_changed)
    if _is_store(folder):
        return folder
    stores = _stores_below(folder)
    if len(stores) == 1:
        return stores[0]
    if stores:
        raise UsageError(f"{folder} holds several results; name one: {', '.join(str(s) for s in sorted(stores))}")
    raise UsageError(f"no results in {folder}: it has neither runs/ nor records.parquet")


def _is_store(folder: Path) -> bool:
    return (folder / "runs").is_dir() or (folder / "records.parquet").exists()


def _stores_below(folder: Path) -> list[Path]:
    return [child for child in folder.iterdir() if _is_store(child)] if folder.is_dir() else []


def _changed(folder: Path) -> float:
    return max(p.stat().st_mtime for p in (folder / "runs", folder / "records.parquet") if p.exists())


def tell_corrupt(store: Store) -> None:
    """Name on stderr the files that could not be read, a few of them where there are many."""
    for path, reason in list(store.corrupt.items())[:_TOLD]:
        click.echo(f"not readable, counts as missing: {one_line(path)}: {reason}", err=True)
    if len(store.corrupt) > _TOLD:
        click.echo(f"and {len(store.corrupt) - _TOLD} more files that are not readable", err=True)
    for column in sorted(store.renamed)[:_TOLD]:
        name = one_line(column.partition(".")[2], 60)
        click.echo(
            f"the metric {name!r} has the name of a column of results; its scores are the column {one_line(column)!r}", err=True
        )


def tell_failed_metrics(frame: pd.DataFrame) -> None:
    """Name on stderr each metric that failed, once, with its reason."""
    from prbench.analysis.progress import count_failed_metrics

    counts = count_failed_metrics(frame)
    for told, cells in list(counts.items())[:_TOLD]:
        click.echo(f"metric {one_line(told)} ({cells} cell{'s' * (cells != 1)}; the other metrics were scored)", err=True)
    if len(counts) > _TOLD:
        click.echo(f"and {len(counts) - _TOLD} more reasons why metrics failed", err=True)
