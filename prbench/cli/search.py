"""``prbench search``: find the structure of a network by gradient descent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from . import selecting
from .train import on_card
from .training_options import training_options


@click.command("search")
@selecting.solver_argument
@training_options("What to search on, instead of what the solver's recipe says", "Of weights, order and noise.")
def command(
    solver: str,
    datasets: tuple[str, ...],
    out: Path,
    seed: int,
    device: str,
    jobs: int | None,
    time_limit: float | None,
    **changes: Any,
) -> None:
    """Search the structure of SOLVER's network, by its recipe for that, on the train split.

    Killed or stopped, the same command goes on. OUT gets structure.json, which a solver reads, its drawing structure.svg, the
    curve search.svg, and all that a training leaves.
    """
    from prbench.backend import keep_freed_memory, physical_cores
    from prbench.core import split_names
    from prbench.training.search import CURVE, PICTURE, STRUCTURE, search, search_plan

    from .training_display import TrainingDisplay, amount

    named = tuple(name for text in datasets for name in split_names(text)) or None
    options = {"seed": seed, "device": device, "jobs": jobs or physical_cores(), "time_limit_s": time_limit}
    plan = search_plan(solver, out, {**changes, "datasets": named}, **options)
    try:
        with TrainingDisplay() as display:
            keep_freed_memory()
            outcome = search(plan, machine=on_card(), on_event=display)
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command goes on from the last checkpoint in {out}", err=True)
        raise
    progress = outcome.state.progress
    click.echo(amount(outcome, plan.recipe))
    if progress.curve:
        click.echo(f"structure: {out / STRUCTURE}, drawn in {out / PICTURE}; curve: {out / CURVE}")
    if not outcome.finished:
        click.echo("the same command goes on")
