"""``prbench new``: the skeleton of a package that adds a solver, a dataset, a metric or a task."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click

from .groups import WholeSummaries

_CONTESTANT = "contestant"


class _Kinds(WholeSummaries):
    """The kinds of skeleton; a contestant's is written by ``prbench contestant new``, where that verb is installed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names of the kinds."""
        return [*self.commands, *([_CONTESTANT] if _has_contestants() else [])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one kind."""
        if cmd_name != _CONTESTANT or not _has_contestants():
            return super().get_command(ctx, cmd_name)
        group = importlib.import_module(f"{__package__}.{_CONTESTANT}").command
        return cast("click.Command | None", group.get_command(ctx, "new"))


def _has_contestants() -> bool:
    return importlib.util.find_spec(f"{__package__}.{_CONTESTANT}") is not None


@click.group("new", cls=_Kinds)
def command() -> None:
    """Write the skeleton of a package of your own.

    It holds an entry point, one module and tests, and keeps to prbench's laws as it is: install it with `pip install -e .` and
    run `pytest` there.
    """


def _options(verb: Callable[..., Any]) -> Callable[..., Any]:
    folder = click.Path(path_type=Path, file_okay=False)
    out = click.option("-o", "--out", type=folder, help="Folder; prbench-NAME if not given.")
    return click.argument("name")(out(verb))


def _task(verb: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--task", help="Task that it serves; far-field if not given.")(verb)


@command.command("solver")
@_options
@_task
def solver(name: str, out: Path | None, task: str | None) -> None:
    """A solver: measurement in, reconstruction out."""
    _write("solver", name, out, task)


@command.command("dataset")
@_options
@_task
def dataset(name: str, out: Path | None, task: str | None) -> None:
    """A dataset that yields problems."""
    _write("dataset", name, out, task)


@command.command("metric")
@_options
@_task
def metric(name: str, out: Path | None, task: str | None) -> None:
    """A metric that scores reconstructions."""
    _write("metric", name, out, task)


@command.command("task")
@_options
def task(name: str, out: Path | None) -> None:
    """A task with its measurement, dataset and solver."""
    _write("task", name, out, None)


def _write(kind: str, name: str, out: Path | None, task: str | None) -> None:
    from prbench.skeletons import Skeleton, write_skeleton

    skeleton = Skeleton(kind, name) if task is None else Skeleton(kind, name, task)
    folder = out or Path(skeleton.package)
    for path in write_skeleton(skeleton, folder):
        click.echo(path)
    click.echo(f"next:  pip install -e '{folder}[test]' && pytest {folder}")
