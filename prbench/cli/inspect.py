"""``prbench inspect``: what is in a user's file, what is suspicious, and the dataset that reads it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from prbench.errors import PrbenchError, one_line

if TYPE_CHECKING:
    from prbench.core.inspection import ArrayNote, Inspection


@click.command("inspect")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("prbench-inspect"),
    show_default=True,
    help="Folder of the pictures.",
)
@click.option("--no-picture", is_flag=True, help="Write no picture.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], pictures: Path, no_picture: bool, form: str) -> None:
    """Look at measured files: arrays, what is suspicious, and the -d to use.

    FILE is a file, an array inside one (scan.h5::/entry/data), a folder of images, or a pattern in quotes. The exit code is 2
    where one of them cannot be read.
    """
    from prbench.reporting.inspected import save_inspected
    from prbench.running.request.inspecting import inspect_file

    from .app import OK, USAGE

    failed, result = False, []
    for file in files:
        try:
            inspection = inspect_file(file)
        except PrbenchError as error:
            failed = True
            click.echo(f"prbench inspect: {one_line(error, 600)}", err=True)
            continue
        drawn = None if no_picture else save_inspected(inspection, pictures / f"{_plain(file)}.png")
        if form == "json":
            result.append(_described(file, inspection, drawn))
        else:
            _tell(file, inspection, drawn)
    if form == "json":
        click.echo(json.dumps(result, indent=2, ensure_ascii=False))
    ctx.exit(USAGE if failed else OK)


def _plain(file: str) -> str:
    """A name for the picture of a file."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", file).strip("_.")[-80:] or "picture"


def _tell(file: str, inspection: Inspection, drawn: Path | None) -> None:
    click.echo(f"{file}: {inspection.task}")
    for note in inspection.arrays:
        click.echo(f"  array     {_array(note, file)}")
    for name, fact in inspection.facts.items():
        click.echo(f"  {name:9} {fact}")
    for line in inspection.warnings:
        click.echo(f"  warning   {line}")
    if drawn is not None:
        click.echo(f"  picture   {drawn}")
    if inspection.missing:
        click.echo(f"  fill in   {', '.join(inspection.missing)}")
    click.echo(f"  use       -d {shlex.quote(inspection.dataset)}")


def _array(note: ArrayNote, file: str) -> str:
    name = note.path.removeprefix(file).lstrip(": ") or Path(note.path).name
    shape = " x ".join(str(n) for n in note.shape)
    extent = "" if note.low is None or note.high is None else f", {note.low:.6g} to {note.high:.6g}"
    return f"{name}  {shape} {note.dtype}{extent}{f', {note.special}' if note.special else ''}"


def _described(file: str, inspection: Inspection, drawn: Path | None) -> dict[str, Any]:
    return {
        "path": file,
        "task": inspection.task,
        "dataset": inspection.dataset,
        "missing": list(inspection.missing),
        "arrays": [vars(note) for note in inspection.arrays],
        "facts": inspection.facts,
        "warnings": list(inspection.warnings),
        "picture": None if drawn is None else str(drawn),
    }
