"""``prbench contestant``: check programs that compete, and begin new ones."""

from __future__ import annotations

from pathlib import Path

import click

from .completion import plugin_completion

_MARKS = {"ok": "ok", "-": "- ", "!": "! "}


@click.group("contestant")
def command() -> None:
    """Check a program that competes, or begin a new one."""


@command.command("check")
@click.argument("names", nargs=-1, required=True, metavar="NAME...", shell_complete=plugin_completion("solver"))
@click.pass_context
def check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Let contestants solve the conformance problems of their tasks: axes, signs, units, centre.

    By name, folder or contestant.toml. Exit code 1 where one fails.
    """
    from prbench.contestants.checking import check_contestant

    from .app import CELLS_FAILED, OK

    failed = False
    for name in names:
        click.echo(name)
        for line in check_contestant(name):
            click.echo(f"  {_MARKS[line.verdict]} {line.what}: {line.found}")
            failed = failed or line.verdict == "!"
    ctx.exit(CELLS_FAILED if failed else OK)


@command.command("new")
@click.argument("name")
@click.option("--task", required=True, help="The task that it serves.")
@click.option("-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; NAME if not given.")
def new(name: str, task: str, out: Path | None) -> None:
    """A contestant: a program in an environment of its own.

    Writes a folder with a trivial method that passes its check.
    """
    from prbench.contestants.scaffold import write_contestant

    path = write_contestant(name, task, out or Path(name))
    click.echo(f"wrote {path.parent}: contestant.toml, adapter.py")
    click.echo(f"next:  prbench contestant check {path}")
