"""``prbench unseal``: publish the salt of a sealed run, so that anyone can repeat it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("unseal")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def command(folder: Path) -> None:
    """Publish the salt with which the test problems of a folder were drawn.

    It is written to FOLDER/salts.json. What is run with it from now on repeats the run, and is not sealed.
    """
    from prbench.running.salts import unseal

    for name, salt in unseal(folder).items():
        click.echo(f"salt:   {salt}\ndigest: {name}\nrepeat: the same `prbench run` with --salt {salt} and another folder")
