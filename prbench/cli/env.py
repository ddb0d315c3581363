"""``prbench env``: environments of contestants, apart from prbench's own."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("env")
def command() -> None:
    """Build, list and remove the environments of contestants.

    They are in the folder that PRBENCH_ENVS names, or in the user's cache, one for each list of pinned packages.
    """


@command.command("build")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option(
    "--wheels", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Install from this folder, offline."
)
@click.option(
    "--source", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER", help="Source of a program not on PyPI."
)
def build(names: tuple[str, ...], wheels: Path | None, source: Path | None) -> None:
    """Make the environments of contestants, by name, folder or contestant.toml.

    By uv where it is installed, else by venv and pip. What is there already is kept.
    """
    from prbench.contestants.environments import build_environment
    from prbench.contestants.folders import declaration_of

    for name in names:
        made = build_environment(declaration_of(name), wheels=wheels, source=source)
        click.echo(f"{made.name}: Python {made.python}, {made.path}")


@command.command("list")
def list_() -> None:
    """List contestants, their environments and what is missing."""
    from prbench.contestants.environments import contestant_facts, environments_folder, list_environments
    from prbench.contestants.folders import declaration_of, installed_declarations
    from prbench.errors import UsageError, one_line

    for name in installed_declarations():
        try:
            state = contestant_facts(declaration_of(name))["environment"]
        except UsageError as error:
            state = one_line(error)
        click.echo(f"{name:24} {state}")
    others = [made for made in list_environments() if made.name not in installed_declarations()]
    for made in others:
        click.echo(f"{made.name:24} Python {made.python}, {made.path.name}")
    click.echo(f"folder: {environments_folder()}")


@command.command("remove")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Remove the environments of contestants, by name."""
    from prbench.contestants.environments import remove_environments
    from prbench.errors import UsageError

    for name in names:
        gone = remove_environments(name)
        if not gone:
            raise UsageError(f"there is no environment of {name!r}; `prbench env list` shows them")
        for path in gone:
            click.echo(f"removed {path}")
