"""Options that every command has that fits networks: ``train`` and ``search``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from . import selecting

F = TypeVar("F", bound=Callable[..., Any])

_POSITIVE = click.FloatRange(min=0, min_open=True)
_COUNT = click.IntRange(min=1)


def training_options(datasets: str, seed: str) -> Callable[[F], F]:
    """What to learn from and where to, for how long and on what; ``datasets`` and ``seed`` say what these two are for."""
    options = [
        selecting.named("dataset", what=datasets),
        click.option(
            "-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of everything made."
        ),
        click.option("--samples", type=_COUNT, metavar="N", help="Training problems of each dataset."),
        click.option("--tune-samples", type=_COUNT, metavar="N", help="Validation problems of each dataset."),
        click.option("--steps", type=_COUNT, metavar="N", help="Optimisation steps."),
        click.option(
            "--processor-hours",
            type=_POSITIVE,
            metavar="H",
            help="End after so much processor time, whatever the steps; the same command with more goes on.",
        ),
        click.option("--batch", type=_COUNT, metavar="N", help="Examples per step."),
        click.option("--crop", type=_COUNT, metavar="PX", help="Side of the squares cut from the examples."),
        click.option("--learning-rate", type=_POSITIVE, metavar="RATE", help="The highest."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=seed),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
        click.option("-j", "--jobs", type=_COUNT, metavar="N", help="Processes that make examples; one per core otherwise."),
        click.option("--time-limit", type=_POSITIVE, metavar="SECONDS", help="Stop here; the same command goes on."),
    ]

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
