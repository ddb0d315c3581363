"""``prbench search``: find the structure of a network by gradient descent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .completion import plugin_completion
from .train import on_card


@click.command("search")
@click.argument("solver", shell_complete=plugin_completion("solver"))
@click.option(
    "-d",
    "--dataset",
    "datasets",
    multiple=True,
    shell_complete=plugin_completion("dataset"),
    help="What to search on; repeatable. That of the solver's recipe otherwise.",
)
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of everything made.")
@click.option("--samples", type=click.IntRange(min=1), metavar="N", help="Training problems of each dataset.")
@click.option("--tune-samples", type=click.IntRange(min=1), metavar="N", help="Validation problems of each dataset.")
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Optimisation steps.")
@click.option("--batch", type=click.IntRange(min=1), metavar="N", help="Examples a step.")
@click.option("--crop", type=click.IntRange(min=1), metavar="PX", help="Side of the squares cut from the examples.")
@click.option("--learning-rate", type=click.FloatRange(min=0, min_open=True), metavar="RATE", help="The highest.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of weights, order and noise.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Processes that make examples; one a core otherwise.")
@click.option(
    "--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS", help="Stop here; the same command goes on."
)
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
    from prbench.backend import physical_cores
    from prbench.core import split_names
    from prbench.training.search import CURVE, PICTURE, STRUCTURE, search, search_plan

    from .training_display import TrainingDisplay

    named = tuple(name for text in datasets for name in split_names(text)) or None
    options = {"seed": seed, "device": device, "jobs": jobs or physical_cores(), "time_limit_s": time_limit}
    plan = search_plan(solver, out, {**changes, "datasets": named}, **options)
    try:
        with TrainingDisplay() as display:
            outcome = search(plan, machine=on_card(), on_event=display)
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command goes on from the last checkpoint in {out}", err=True)
        raise
    progress = outcome.state.progress
    click.echo(f"{progress.step} of {plan.recipe.steps} steps")
    if progress.curve:
        click.echo(f"structure: {out / STRUCTURE}, drawn in {out / PICTURE}; curve: {out / CURVE}")
    if not outcome.finished:
        click.echo("the same command goes on")
