"""``prbench data``: measured data sets, where they are and how they get here; simulated ones made ahead of their use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .completion import plugin_completion
from .groups import WholeSummaries

if TYPE_CHECKING:
    from prbench.core import Split
    from prbench.core.data_files import DataFile


@click.group("data", cls=WholeSummaries)
def command() -> None:
    """List, download and verify the files of measured data sets; make simulated problems into a folder."""


@command.command("list")
def list_files() -> None:
    """Show each file, whether it is on this machine, and its licence."""
    from prbench.catalogue.data import needs
    from prbench.core.data_files import data_folder
    from prbench.reporting.console import console, table

    rows = [(n.dataset, n.file.name, "present" if n.present else _absent(n.file), n.file.licence) for n in needs()]
    out = console()
    out.print(
        table(f"data folder: {data_folder()} (PRBENCH_DATA)", [("dataset", {"no_wrap": True}), "name", "here", "licence"], rows)
    )


@command.command("get")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=plugin_completion("dataset"))
@click.option("--offline", is_flag=True, help="Download nothing; only check that the files are there and whole.")
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Take the public files from here; download nothing.",
)
def get(names: tuple[str, ...], offline: bool, folder: Path | None) -> None:
    """Download the files of datasets, showing their licence and verifying their checksums.

    Files that are made of others are made from them. With --from they are looked for in FOLDER, at any depth and in tar archives,
    under the names that they have at their public address.
    """
    from prbench.catalogue.data import adopted, needs
    from prbench.core.data_fetching import fetch

    listed = []
    for name in names:
        taken = adopted(name, folder)
        for line in taken or ():
            click.echo(f"{name}: {line}")
        listed += [] if taken is not None else [name]
    for need in needs(tuple(listed)) if listed else ():
        note = f"; {need.file.note}" if need.file.note else ""
        click.echo(f"{need.dataset}: {need.file.name}, licence {need.file.licence}{note}")
        click.echo(f"  {fetch(need.file, offline=offline, folder=folder)}")


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=plugin_completion("dataset"))
@click.pass_context
def verify_files(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Compare checksums. Exits with 1 where a file is damaged, or missing though its dataset was named."""
    from prbench.catalogue.data import needs
    from prbench.core.data_files import verify

    wrong = 0
    for need in needs(names):
        status = verify(need.file)
        hint = f"; delete {need.file.path} and get it again" if status == "damaged" else ""
        click.echo(f"{status:10} {need.dataset}: {need.file.name}{hint}")
        wrong += status == "damaged" or (status == "missing" and bool(names))
    ctx.exit(1 if wrong else 0)


@command.command("make")
@click.argument("dataset", shell_complete=plugin_completion("dataset"))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the files.")
@click.option("--samples", type=click.IntRange(min=1), default=600, show_default=True, metavar="N", help="The first N problems.")
@click.option("--split", type=click.Choice(["train", "tune", "test"]), default="train", show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the dataset.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes; one per core otherwise.")
def make(dataset: str, out: Path, samples: int, split: Split, seed: int, jobs: int | None) -> None:
    """Make problems of DATASET, one NPZ file each, with measurement and truth; problems.json says what they are.

    Stopped or killed, the same command goes on; more --samples add to what is there. For programs outside prbench: its own
    verbs make what they need.
    """
    from prbench.backend import physical_cores
    from prbench.running.making import ProblemRequest, make_problems

    from .making_display import MakingDisplay

    with MakingDisplay() as display:
        count = make_problems(out, ProblemRequest(dataset, split, seed), samples, jobs=jobs or physical_cores(), on_made=display)
    click.echo(f"{samples} problems in {out}, {count} of them made now")


def _absent(file: DataFile) -> str:
    return "absent; data get" if file.is_public else "absent; get --from"
