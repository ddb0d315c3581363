"""``prbench compact``: one table of all records."""

from __future__ import annotations

from pathlib import Path

import click

from . import folders


@click.command("compact")
@folders.argument
def command(folder: Path | None) -> None:
    """Gather all records into one Parquet table, so that reading a hundred thousand takes a moment.

    The table is derived from the records, which stay as they are; it can be made anew at any time.
    """
    store = folders.open_results(folder).store
    count = store.compact()
    click.echo(f"{count} records in {store.path / 'records.parquet'}")
    folders.tell_corrupt(store)
