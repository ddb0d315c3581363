"""``prbench rescore``: metrics anew, without solving anything again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import folders

if TYPE_CHECKING:
    from prbench.running.store.record import Record


@click.command("rescore")
@folders.argument
@click.pass_context
def command(ctx: click.Context, folder: Path | None) -> None:
    """Recompute all metrics from the stored reconstructions, after a metric was added or corrected.

    Exits with 1 where a metric failed or a problem could not be made again.
    """
    from prbench.running.rescoring import rescore

    store = folders.open_results(folder).store
    outcomes: Counter[str] = Counter()

    def note(_record: Record, what: str) -> None:
        outcomes[what] += 1

    rescore(store, note)
    for what, count in outcomes.most_common():
        click.echo(f"{count} {what}")
    folders.tell_corrupt(store)
    ctx.exit(1 if set(outcomes) - {"scored", "no reconstruction"} else 0)
