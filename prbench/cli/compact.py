"""``prbench compact``: one table of all records."""

from __future__ import annotations

from pathlib import Path

import click

from . import folders


@click.command("compact")
@folders.argument
def command(folder: Path | None) -> None:
    """Gather all records into Parquet tables, so that reading a million takes seconds.

    Every record is looked at, so that one edited or cut off in place is told. The tables are derived from the records, which stay
    as they are; they can be made anew at any time.
    """
    store = folders.find_store(folder)
    count = store.compact()
    click.echo(f"{count} records in {store.path / 'records.parquet'}")
    folders.tell_corrupt(store)
