"""``prbench submit``: check a folder of results and prepare the pull request that publishes it."""

from __future__ import annotations

import secrets
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from prbench.errors import UsageError

from . import folders

if TYPE_CHECKING:
    from prbench.gate.submission import Submission

_TOLD = 20


@click.command("submit")
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", help="Of the run on the site; the folder's name otherwise.")
@click.option("--submitter", required=True, help="Who ran it, as the site shows it.")
@click.option("--note", default="", help="A sentence on the run.")
@click.option("--seed", type=click.IntRange(min=0), metavar="SEED", help="Of the draw of cells; random otherwise.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; submission-NAME otherwise.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Workers at a time; one per core otherwise.")
@click.pass_context
def command(
    ctx: click.Context,
    folder: Path,
    name: str | None,
    submitter: str,
    note: str,
    seed: int | None,
    out: Path | None,
    jobs: int | None,
) -> None:
    """Check a folder of results, and prepare the pull request that publishes it. No network is used.

    Records and reconstructions must match their digests, and a random tenth of the cells is run again here: with the same status,
    and no score worse by more than a factor of two. Exits with 1, and prepares nothing, where a check fails.
    """
    from prbench.gate.submission import check_submission, prepare
    from prbench.reporting.site.sources import slug

    from .app import CELLS_FAILED
    from .display import choose_display

    results = folders.open_results(folder)
    label = slug(name or results.store.path.resolve().name)
    said = {"name": label, "submitter": submitter.strip(), "note": note.strip()}
    if not said["submitter"]:
        raise UsageError("--submitter must name a person or a group")
    with tempfile.TemporaryDirectory(prefix="prbench-submit-") as again, choose_display() as display:
        drawn_with = secrets.randbits(32) if seed is None else seed
        found = check_submission(results, Path(again), seed=drawn_with, jobs=jobs, on_event=display)
    for line in text(found, said).splitlines():
        click.echo(line)
    if found.faults:
        click.echo(f"not prepared: {len(found.faults)} faults", err=True)
        ctx.exit(CELLS_FAILED)
    target = out or Path(f"submission-{label}")
    path = prepare(results, found, target, said, lambda one: text(one, said))
    click.echo(
        f"\n{target / 'results'}\n{path}\nnext:    copy results/ into a clone, commit it, and open a pull request with this text"
    )


def text(found: Submission, said: dict[str, str]) -> str:
    """The text of the pull request, as Markdown."""
    lines = [f"# Results: {said['name']}", "", f"Submitted by {said['submitter']}. {said['note']}".rstrip(), ""]
    lines += [
        f"- records: {found.records}",
        f"- prbench: {_counts(found.versions)}",
        f"- machines: {_counts(found.machines)}",
        f"- problems: {_counts(found.sealed)}",
        f"- run again: {len(found.repeated)} cells drawn with seed {found.seed}, {found.equal} with the same scores",
    ]
    for heading, told in (("Faults", found.faults), ("Remarks", found.remarks), ("Run again", found.repeated)):
        if told:
            lines += ["", f"## {heading}", "", *(f"- {line}" for line in told[:_TOLD])]
            lines += [f"- and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    return "\n".join(lines) + "\n"


def _counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} ({count})" for name, count in counts.most_common()) or "unknown"
