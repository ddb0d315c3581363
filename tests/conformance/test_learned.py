"""What must hold for every registered solver that was trained, and for the weights that come with it."""

from __future__ import annotations

import json

import numpy as np
import pytest

import prbench
from prbench.backend import get_backend
from prbench.core import LearnedSolver, load_plugin, plugin_names
from prbench.core.data_files import sha256_of
from prbench.core.learned import fresh_network, parameter_count
from prbench.core.weights import read_weights
from prbench.errors import UsageError

LEARNED = [name for name in plugin_names("solver") if issubclass(load_plugin("solver", name), LearnedSolver)]
SHIPPED = [
    (name, path) for name in LEARNED for path in load_plugin("solver", name).shipped_files() if path.suffix == ".safetensors"
]
LIMIT_BYTES = 15_000_000


@pytest.fixture(params=LEARNED)
def learned(request) -> LearnedSolver:
    plugin = load_plugin("solver", request.param)
    return plugin.from_params(plugin.example)


@pytest.fixture(params=SHIPPED, ids=[path.stem for _, path in SHIPPED])
def shipped(request):
    """A solver with its own weights, their file and the card beside it."""
    name, path = request.param
    return load_plugin("solver", name)(), path, json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


def test_its_architecture_is_made_of_settings(learned):
    assert set(learned.architecture) <= set(learned.params())
    assert learned.libraries == ("torch",)


def test_its_recipe_names_datasets_of_its_task(learned):
    for dataset in learned.recipe.datasets:
        assert prbench.get_dataset(dataset).info.task == learned.info.task


def test_its_network_answers_in_the_targets_shape(learned, small_problem, simulated_datasets):
    backend = get_backend("torch")
    for dataset in simulated_datasets(learned.info.task):
        made = small_problem(dataset)
        try:
            target, weight = learned.target(made)
        except UsageError:
            continue  # not of the size that the network is made for
        found = learned.answer(made.measurement.to(backend), np.random.default_rng(0))
        first = found[0] if isinstance(found, tuple | list) else found
        assert tuple(first.shape[1:]) == target.shape
        assert weight.shape == (1, *target.shape[1:])
        return
    pytest.skip(f"{learned.plugin_name} takes none of the small problems")


def test_its_weights_are_small_and_whole(shipped):
    _, path, card = shipped
    assert path.stat().st_size <= LIMIT_BYTES
    assert sha256_of(path) == card["sha256"]


def test_its_card_says_how_they_were_made_and_how_good_they_are(shipped):
    solver, path, card = shipped
    within = read_weights(path).card
    assert {name: card.get(name) for name in within} == within
    assert {"recipe", "seed", "start", "flops", "licence", "machine", "validation", "scores"} <= set(card)
    assert card["machine"]["packages"]["prbench"]
    assert card["parameters"] == parameter_count(fresh_network(solver, 0))
    assert card["settings"] == {name: value for name, value in solver.params().items() if name != "weights"}
    for scores in card["scores"].values():
        assert scores["ok"] == scores["samples"]
        assert scores["median"]


def test_its_weights_are_better_than_none(shipped):
    """On a problem of the kind that it was trained on, against random weights and against an answer of zero."""
    solver, _, card = shipped
    made = prbench.get_dataset(card["recipe"]["datasets"][0]).problem(0)
    target, weight = solver.target(made)
    y = made.measurement.to(get_backend("torch"))

    def misfit(answer: np.ndarray) -> float:
        return float((weight * (answer - target) ** 2).sum())

    rng = np.random.default_rng(0)
    known, unknown = (type(solver)(weights=w).answer(y, rng)[0].numpy() for w in ("shipped", "random"))
    assert misfit(known) < min(misfit(unknown), misfit(np.zeros_like(target)))
