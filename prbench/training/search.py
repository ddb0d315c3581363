"""The search for the structure of a network: a training of one that holds all structures, and what it has come to.

The engine knows no network: a solver that derives from :class:`prbench.core.searchable.SearchableSolver` says what is trained,
how it is made to settle, and what was found. The curve holds what the solver observes at every validation.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prbench.core import build_plugin, format_name, parse_name, setting_defaults
from prbench.core.searchable import SearchableSolver
from prbench.errors import UsageError

from .curve import TOLD
from .files import write_json
from .loop import OnEvent, Outcome
from .training import CARD, Plan, train

STRUCTURE, PICTURE, CURVE = "structure.json", "structure.svg", "search.svg"


def search_plan(solver: str, out: Path, changes: Mapping[str, Any], **options: Any) -> Plan:
    """The plan of a search by the solver's own recipe for it, with changes, of which those that are None are none.

    Raises:
        UsageError: where the solver is unknown or has no structure to search.
    """
    asked = searchable(solver)
    wanted = {name: value for name, value in changes.items() if value is not None}
    recipe = dataclasses.replace(asked.search_recipe, **wanted)
    defaults = setting_defaults(type(asked))
    changed = {key: value for key, value in asked.searching().params().items() if value != defaults[key]}
    return Plan(format_name(parse_name(solver)[0], changed), recipe, out, **options)


def searchable(name: str) -> SearchableSolver[Any]:
    """The solver of a name.

    Raises:
        UsageError: where its structure is fixed.
    """
    solver = build_plugin("solver", name)
    if not isinstance(solver, SearchableSolver):
        raise UsageError(f"{solver.plugin_name} has no structure to search; solvers that have derive from SearchableSolver")
    return solver


def search(plan: Plan, *, machine: Mapping[str, Any], on_event: OnEvent = lambda _event: None) -> Outcome:
    """Train the network with all structures, and write what is left of it; the same call resumes.

    Besides what :func:`prbench.training.train` writes ``out`` then holds ``structure.json`` (what was found, after the last step
    so far, and how), ``structure.svg``, and ``search.svg``: what was observed against epochs.

    Args:
        plan: from :func:`search_plan`.
        machine: processor, packages and the like, for the card.
        on_event: told of examples, steps and validations.
    """
    outcome = train(plan, machine=machine, on_event=on_event)
    solver = searchable(plan.solver)
    state = outcome.state
    result = solver.structure(state.network)
    if not state.progress.curve:
        return outcome
    card = json.loads((plan.out / CARD).read_text(encoding="utf-8"))
    told = {**plan.request(), **{name: card[name] for name in ("steps_done", "finished", "training_seconds", "machine")}}
    write_json(plan.out / STRUCTURE, {**result, "search": told})
    _draw_structure(solver, result, plan.out / PICTURE)
    epoch = plan.recipe.batch / (plan.recipe.samples * len(plan.recipe.datasets))
    draw_search(plan.out / CURVE, state.progress.curve, epoch, f"{plan.solver}, seed {plan.seed}")
    return outcome


def draw_search(path: Path, rows: Sequence[Mapping[str, float]], epochs_per_step: float, title: str) -> None:
    """Draw what a search observed, and its validation, against epochs: an SVG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    observed = [name for name in rows[0] if name not in TOLD]
    figure = Figure(figsize=(5.5, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True)
    epochs = [row["step"] * epochs_per_step for row in rows]
    for name in observed:
        above.plot(epochs, [row[name] for row in rows], linewidth=1.2, label=name.replace("_", " "))
    above.set_ylim(bottom=0)
    above.legend(fontsize=8)
    above.set_title(title, fontsize=9, parse_math=False)
    below.plot(epochs, [row["validation"] for row in rows], color="0.3", linewidth=1)
    below.set_ylabel("validation", fontsize=8)
    below.set_xlabel("epochs", fontsize=9)
    _save(figure, path)


def _draw_structure(solver: SearchableSolver[Any], result: Mapping[str, Any], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2, 5.4), layout="constrained")
    solver.draw_structure(result, figure)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    temporary = path.with_name(f".new.{path.name}")
    figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})
    temporary.replace(path)
