"""``prbench verify``: whether stored results are what was written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import folders

if TYPE_CHECKING:
    from prbench.running.store.folder import Store

_TOLD = 20


@click.command("verify")
@folders.argument
@click.pass_context
def command(ctx: click.Context, folder: Path | None) -> None:
    """Check every record and reconstruction against the digest written with it.

    Exits with 1 where one does not match. Without DIR the newest results below prbench-results are taken.
    """
    ctx.exit(0 if tell_verification(folders.find_store(folder)) else 1)


def tell_verification(store: Store) -> bool:
    """Verify and print what was found; True where all is as it was written."""
    from prbench.errors import one_line
    from prbench.running.store.verifying import verify

    result = verify(store)
    click.echo(
        f"{store.path}: {result.records} records, {result.rows} rows of tables and {result.arrays} reconstructions verified, "
        f"{len(result.faults)} faults"
    )
    if result.undigested:
        click.echo(f"{result.undigested} records are of schema 1, which had no digest; their form was checked alone")
    for path, reason in list(result.faults.items())[:_TOLD]:
        click.echo(f"{one_line(path)}: {reason}", err=True)
    if len(result.faults) > _TOLD:
        click.echo(f"and {len(result.faults) - _TOLD} more faults", err=True)
    return not result.faults
