"""A training from its request to its files: examples, the loop, weights with a card."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from prbench.backend import get_backend, get_threads
from prbench.core import LearnedSolver, Recipe, build_plugin
from prbench.core.network_size import network_flops, parameter_count
from prbench.core.weights import Weights, read_weights, write_weights
from prbench.errors import UsageError

from .curve import draw_curve
from .examples import Examples, Source, make_examples
from .files import first_difference, read_json, write_json
from .loop import Event, OnEvent, Outcome, fit

WEIGHTS, LAST, CARD, REQUEST = "weights.safetensors", "last.safetensors", "card.json", "training.json"


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Attributes:
        solver: its name with settings.
        recipe: how; the solver's own with the user's changes.
        out: folder of everything.
        seed: of the training.
        device: ``auto``, ``cpu`` or ``cuda``.
        jobs: processes that make examples.
        time_limit_s: of this run; the same plan goes on.
        start: a file of weights to begin from.
    """

    solver: str
    recipe: Recipe
    out: Path
    seed: int = 0
    device: str = "auto"
    jobs: int = 1
    time_limit_s: float | None = None
    start: str | None = None

    @classmethod
    def of(cls, solver: str, out: Path, changes: Mapping[str, Any], **options: Any) -> Self:
        """The plan of a solver's own recipe with changes, of which those that are None are none.

        Raises:
            UsageError: where the solver is unknown or does not learn, or a change is out of range.
        """
        wanted = {name: value for name, value in changes.items() if value is not None}
        return cls(solver, dataclasses.replace(_learned(solver).training, **wanted), out, **options)

    def built(self) -> LearnedSolver[Any]:
        """The solver that is trained."""
        return _learned(self.solver)

    def request(self) -> dict[str, Any]:
        """What makes two trainings the same, in plain values."""
        solver = self.built()
        checksum = "" if self.start is None else _sha256(Path(self.start))
        settings = {name: value for name, value in solver.params().items() if name != "weights"}
        recipe = self.recipe.plain()
        return {"solver": solver.plugin_name, "settings": settings, "seed": self.seed, "start": checksum, "recipe": recipe}


def _learned(name: str) -> LearnedSolver[Any]:
    solver = build_plugin("solver", name)
    if not isinstance(solver, LearnedSolver):
        raise UsageError(f"{solver.plugin_name} has nothing to train; in `prbench list` those that have are marked trained")
    return solver


def train(plan: Plan, *, machine: Mapping[str, Any], on_event: OnEvent = lambda _event: None) -> Outcome:
    """Make examples, train, and write weights with their card; the same call resumes.

    A training to which processor time sets the end also goes on when it is given more of it: at the learning rate that belongs
    to the part of the new time that is used.

    ``out`` then holds ``weights.safetensors`` (best by validation, half precision), ``last.safetensors`` (full precision),
    ``card.json``, ``curve.jsonl``, ``curve.png``, ``checkpoint.safetensors`` and ``examples/``.

    Args:
        plan: what to do.
        machine: processor, packages and the like, for the card.
        on_event: told of examples, steps and validations.

    Raises:
        UsageError: where the request makes no sense, or ``out`` holds another training.
    """
    solver, request = plan.built(), plan.request()
    backend = get_backend({"cpu": "torch", "cuda": "torch:cuda"}.get(plan.device, "auto"))
    plan.out.mkdir(parents=True, exist_ok=True)
    told = plan.out / REQUEST
    if told.exists():
        difference = first_difference(_stored_request(told, request), request)
        if difference:
            raise UsageError(f"{plan.out} holds another training ({difference}); choose another folder or the same settings")
    start = None if plan.start is None else read_weights(Path(plan.start))
    learn, tune = (_examples(plan, split, on_event) for split in ("train", "tune"))
    write_json(told, request)
    outcome = fit(
        solver, learn, tune, plan.recipe, plan.out,
        seed=plan.seed, backend=backend, start=start, time_limit_s=plan.time_limit_s, on_event=on_event,
    )  # fmt: skip
    if outcome.state.best:
        draw_curve(plan.out / "curve.png", outcome.state.progress.curve, f"{plan.solver}, seed {plan.seed}")
        seen = _ranges(solver, learn)
        device = {"device": backend.device_class, "threads": get_threads(), **machine}
        origin = {} if start is None else {"started_from": dict(start.card)}
        told_of = {**origin, **({"seen": seen} if seen else {}), "machine": device}
        _write_results(plan, outcome, told_of, learn.inputs.shape[1:])
    return outcome


def _ranges(solver: LearnedSolver[Any], learn: Examples) -> dict[str, list[float]]:
    """The least and the largest of each feature of the inputs learned from; of those that count."""
    rows = [solver.features(x) for x, weight in zip(learn.inputs, learn.weights, strict=True) if weight.any()]
    names = rows[0] if rows else {}
    return {name: [float(f"{bound(row[name] for row in rows):.4g}") for bound in (min, max)] for name in names}


def _examples(plan: Plan, split: Any, on_event: OnEvent) -> Any:
    count = plan.recipe.samples if split == "train" else plan.recipe.tune_samples
    source = Source(plan.solver, plan.recipe.datasets, count, split, plan.recipe.canvas)

    def tell(done: int, total: int) -> None:
        on_event(Event("examples", done, total))

    return make_examples(plan.out / "examples" / split, source, jobs=plan.jobs, on_example=tell)


def _stored_request(path: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The request of an earlier training, with the former name of a recipe's augmentation read, and what it did not have yet.

    More processor hours asked for are a continuation, no difference.
    """
    request = read_json(path)
    recipe = request.get("recipe")
    if isinstance(recipe, dict):
        if "turns" in recipe:
            recipe["dihedral"] = recipe.pop("turns")
        recipe.setdefault("canvas", None)
        before, now = recipe.get("processor_hours"), asked["recipe"]["processor_hours"]
        if before is not None and now is not None and now > before:
            recipe["processor_hours"] = now
    return request


def _write_results(plan: Plan, outcome: Outcome, told: Mapping[str, Any], shape: Sequence[int]) -> None:
    state, progress = outcome.state, outcome.state.progress
    card = {
        **plan.request(),
        "parameters": parameter_count(state.network),
        "flops": {"input": [1, *shape], "count": network_flops(state.mean, (1, *shape))},
        "steps_done": progress.step,
        "finished": outcome.finished,
        "training_seconds": round(progress.seconds, 1),
        "processor_seconds": round(progress.processor_seconds, 1),
        "validation": {"value": progress.best, "step": progress.best_step, "split": "tune"},
        **told,
        "licence": "BSD-3-Clause",
    }
    write_weights(plan.out / WEIGHTS, Weights(state.best, {**card, "precision": "half"}), half=True)
    write_weights(plan.out / LAST, Weights(state.mean.state_dict(), {**card, "precision": "single"}))
    write_json(plan.out / CARD, {**card, "precision": "half", "sha256": _sha256(plan.out / WEIGHTS), **_scores(plan.out)})


def _scores(folder: Path) -> dict[str, Any]:
    """Scores that an earlier run of the same plan has put on the card, where the weights are still those."""
    path = folder / CARD
    if not path.exists():
        return {}
    card = read_json(path)
    return {"scores": card["scores"]} if "scores" in card and card.get("sha256") == _sha256(folder / WEIGHTS) else {}


def add_scores(folder: Path, scores: Mapping[str, Any]) -> None:
    """Put scores of the weights on their card."""
    write_json(folder / CARD, {**read_json(folder / CARD), "scores": dict(scores)})


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
