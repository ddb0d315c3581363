"""``prbench data``: measured data sets, where they are and how they get here."""

from __future__ import annotations

import click

from .completion import plugin_completion


@click.group("data")
def command() -> None:
    """List, download and verify the files of measured data sets."""


@command.command("list")
def list_files() -> None:
    """Show each file, whether it is on this machine, and its licence."""
    from prbench.core.data_files import data_folder
    from prbench.reporting.console import console, table
    from prbench.reporting.data import needs

    rows = [(n.dataset, n.file.name, "present" if n.present else _absent(n.file.urls), n.file.licence) for n in needs()]
    out = console()
    out.print(
        table(f"data folder: {data_folder()} (PRBENCH_DATA)", [("dataset", {"no_wrap": True}), "file", "here", "licence"], rows)
    )


@command.command("get")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=plugin_completion("dataset"))
@click.option("--offline", is_flag=True, help="Download nothing; only check that the files are there and whole.")
def get(names: tuple[str, ...], offline: bool) -> None:
    """Download the files of datasets, showing their licence and verifying their checksums."""
    from prbench.core.data_files import fetch
    from prbench.reporting.data import needs

    for need in needs(names):
        note = f"; {need.file.note}" if need.file.note else ""
        click.echo(f"{need.dataset}: {need.file.name}, licence {need.file.licence}{note}")
        click.echo(f"  {fetch(need.file, offline=offline)}")


@command.command("verify")
@click.argument("names", nargs=-1, metavar="[NAME]...", shell_complete=plugin_completion("dataset"))
@click.pass_context
def verify_files(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Compare checksums. Exits with 1 where a file is damaged, or missing though its dataset was named."""
    from prbench.core.data_files import verify
    from prbench.reporting.data import needs

    wrong = 0
    for need in needs(names):
        status = verify(need.file)
        hint = f"; delete {need.file.path} and get it again" if status == "damaged" else ""
        click.echo(f"{status:10} {need.dataset}: {need.file.name}{hint}")
        wrong += status == "damaged" or (status == "missing" and bool(names))
    ctx.exit(1 if wrong else 0)


def _absent(urls: tuple[str, ...]) -> str:
    return "absent; data get" if urls else "absent; by hand"
