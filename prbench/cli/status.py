"""``prbench status``: how far results are, and what went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import folders, selecting

if TYPE_CHECKING:
    import pandas as pd


@click.command("status")
@folders.argument
@selecting.of_results
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@click.option("--verify", is_flag=True, help="Check all digests as well; exits with 1 where one does not match.")
@click.pass_context
def command(
    ctx: click.Context, folder: Path | None, solvers: tuple[str, ...], datasets: tuple[str, ...], form: str, *, verify: bool
) -> None:
    """Count the cells of stored results by task, solver and status, and give the reasons of failures.

    Without DIR the newest results below prbench-results are taken.
    """
    from prbench.analysis.progress import count_cells, count_reasons, count_warnings

    results = folders.open_results(folder)
    frame, store = selecting.selected(results.tally(), solvers, datasets), results.store
    counts, reasons, said = count_cells(frame), count_reasons(frame), count_warnings(frame)
    if form == "json":
        import json

        corrupt = {str(path): reason for path, reason in store.corrupt.items()}
        result = {"path": str(store.path), "cells": _rows(counts), "failures": _rows(reasons), "corrupt": corrupt}
        result["warnings"] = _rows(said)
        click.echo(json.dumps(result, indent=2, ensure_ascii=False))
        return
    from prbench.reporting.console import Column, console, table

    out = console()
    filled = [str(name) for name in counts.columns if name in ("task", "solver", "cells", "ok") or counts[name].any()]
    columns: list[Column] = [name if name in ("task", "solver") else (name, {"justify": "right"}) for name in filled]
    out.print(table(f"{store.path}: {int(frame['cells'].sum())} cells", columns, counts[filled].itertuples(index=False)))
    if len(reasons):
        out.print()
        out.print(table("failures", list(reasons.columns), reasons.itertuples(index=False)))
    if len(said):
        out.print()
        out.print(table("warnings", list(said.columns), said.itertuples(index=False)))
    folders.tell_failed_metrics(frame)
    folders.tell_corrupt(store)
    if verify:
        from .verify import tell_verification

        ctx.exit(0 if tell_verification(store) else 1)


def _rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
