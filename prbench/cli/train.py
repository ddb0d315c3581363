"""``prbench train``: teach a learned solver, and write weights with a card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import selecting
from .training_options import training_options

if TYPE_CHECKING:
    from prbench.training import Plan


_ON_CARD = ("python", "packages", "processor", "cores", "gpu")


@click.command("train")
@selecting.solver_argument
@training_options("What to learn from, instead of what the solver's recipe says", "Of weights, order and rotations.")
@click.option("--from", "start", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Weights to begin from.")
@click.option(
    "--score", type=click.IntRange(min=0), default=20, show_default=True, metavar="N", help="Test problems to score at the end."
)
def command(
    solver: str,
    datasets: tuple[str, ...],
    out: Path,
    seed: int,
    device: str,
    jobs: int | None,
    start: str | None,
    time_limit: float | None,
    score: int,
    **changes: Any,
) -> None:
    """Train a learned solver by its recipe, on the train split; the tune split chooses, the test split scores.

    Killed or stopped, the same command goes on. OUT gets weights.safetensors, card.json, curve.jsonl and curve.png; use them as
    SOLVER[weights=OUT/weights.safetensors].
    """
    from prbench.backend import keep_freed_memory, physical_cores
    from prbench.core import split_names
    from prbench.training import Plan, train

    from .training_display import TrainingDisplay, amount

    named = tuple(name for text in datasets for name in split_names(text)) or None
    changes = {**changes, "datasets": named}
    options = {"seed": seed, "device": device, "jobs": jobs or physical_cores(), "time_limit_s": time_limit, "start": start}
    plan = Plan.of(solver, out, changes, **options)
    try:
        with TrainingDisplay() as display:
            keep_freed_memory()
            outcome = train(plan, machine=on_card(), on_event=display)
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command goes on from the last checkpoint in {out}", err=True)
        raise
    progress = outcome.state.progress
    click.echo(f"{amount(outcome, plan.recipe)}; {out / 'curve.png'}")
    if not outcome.finished:
        click.echo("the same command goes on")
        return
    click.echo(f"best validation {progress.best:.4g} at step {progress.best_step}")
    if score:
        _score(plan, score)
    click.echo(f"weights: {out / 'weights.safetensors'}, card: {out / 'card.json'}")


def on_card() -> dict[str, Any]:
    """What the card of a training says of the machine."""
    from prbench.running.environment import environment

    result = environment()
    return {name: result[name] for name in _ON_CARD}


def _score(plan: Plan, samples: int) -> None:
    """Solve test problems with the weights as a user would, and put the medians on the card."""
    from prbench.core import format_name, parse_name, plugin_names
    from prbench.running.engine import run_matrix
    from prbench.running.request.spec import Matrix
    from prbench.running.store.folder import Store
    from prbench.running.store.results import ResultSet
    from prbench.training.training import WEIGHTS, add_scores

    from .display import choose_display

    name, params = parse_name(plan.solver)
    solver = format_name(name, {**params, "weights": str(plan.out / WEIGHTS)})
    matrix = Matrix.of("train", name="score", solvers=[solver], datasets=list(plan.recipe.datasets), samples=samples)
    cells, store = matrix.cells(), Store(plan.out / "scores")
    with choose_display() as display:
        run_matrix(cells, store, jobs=1, rerun="failed", on_event=display)
    frame = ResultSet(store, [cell.key for cell in cells]).frame
    scores = {}
    for dataset, rows in frame.groupby("dataset"):
        medians = rows[[name for name in plugin_names("metric") if name in rows]].median(numeric_only=True).dropna()
        rounded = {str(name): float(f"{value:.4g}") for name, value in medians.items()}
        scores[str(dataset)] = {"samples": samples, "ok": int((rows["status"] == "ok").sum()), "median": rounded}
        click.echo(f"{dataset}, {samples} test problems, medians: " + ", ".join(f"{k} {v:g}" for k, v in rounded.items()))
    add_scores(plan.out, scores)
