"""What must hold for every solver that was trained, and for the weights that come with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import prbench
from prbench.backend import get_backend
from prbench.core import load_plugin
from prbench.core.data_files import sha256_of
from prbench.core.learned import fresh_network
from prbench.core.network_size import parameter_count
from prbench.core.weights import read_weights
from prbench.errors import UsageError

from .laws import Laws
from .problems import simulated_datasets, small_problem
from .solver_laws import example


class LearnedSolverLaws(Laws):
    """The laws of trained solvers, besides those of all solvers; the weights that come with one are found beside its file."""

    limit_bytes: ClassVar[int] = 15_000_000
    """Size of a file of weights that a package may carry."""

    def cases(self) -> dict[tuple[str, ...], list[tuple[Any, ...]]]:
        """Names, and each with the names of its files of weights."""
        shipped = [
            (name, path.name)
            for name in self.names
            for path in load_plugin("solver", name).shipped_files()
            if path.suffix == ".safetensors"
        ]
        return {**super().cases(), ("name", "weights"): shipped}

    def shipped(self, name: str, weights: str) -> tuple[Any, Path, Any]:
        """A solver with its own weights, their file and the card beside it."""
        plugin = load_plugin("solver", name)
        path = next(path for path in plugin.shipped_files() if path.name == weights)
        return plugin(), path, json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))

    def test_its_architecture_is_made_of_settings(self, name: str) -> None:
        """Weights name the network that they belong to by settings."""
        learned = example(name)
        assert set(learned.architecture) <= set(learned.params())
        assert learned.libraries == ("torch",)

    def test_its_recipe_names_datasets_of_its_task(self, name: str) -> None:
        """So that training again is one command."""
        learned = example(name)
        for dataset in learned.recipe.datasets:
            assert prbench.get_dataset(dataset).info.task == learned.info.task

    def test_its_network_answers_in_the_targets_shape(self, name: str) -> None:
        """On the first small problem of its size."""
        learned = example(name)
        backend = get_backend("torch")
        for dataset in simulated_datasets(learned.info.task):
            problem = small_problem(dataset)
            try:
                target, weight = learned.target(problem)
            except UsageError:
                continue  # not of the size that the network is made for
            answer = learned.answer(problem.measurement.to(backend), np.random.default_rng(0))
            first = answer[0] if isinstance(answer, tuple | list) else answer
            assert tuple(first.shape[1:]) == target.shape
            assert weight.shape == (1, *target.shape[1:])
            return
        pytest.skip(f"{learned.plugin_name} takes none of the small problems")

    def test_its_weights_are_small_and_as_published(self, name: str, weights: str) -> None:
        """By the checksum of their card."""
        _, path, card = self.shipped(name, weights)
        assert path.stat().st_size <= self.limit_bytes
        assert sha256_of(path) == card["sha256"]

    def test_its_card_says_how_they_were_made_and_how_good_they_are(self, name: str, weights: str) -> None:
        """Recipe, seed, cost, licence, machine, and scores on data that training did not see."""
        solver, path, card = self.shipped(name, weights)
        within = read_weights(path).card
        assert {key: card.get(key) for key in within} == within
        assert {"recipe", "seed", "start", "flops", "licence", "machine", "validation", "scores"} <= set(card)
        assert card["machine"]["packages"]["prbench"]
        assert card["parameters"] == parameter_count(fresh_network(solver, 0))
        assert card["settings"] == {key: value for key, value in solver.params().items() if key != "weights"}
        for scores in card["scores"].values():
            assert scores["ok"] == scores["samples"]
            assert scores["median"]

    def test_its_weights_are_better_than_none(self, name: str, weights: str) -> None:
        """On a problem of the kind that it was trained on, against random weights and against an answer of zero."""
        import torch

        solver, _, card = self.shipped(name, weights)
        problem = prbench.get_dataset(card["recipe"]["datasets"][0]).problem(0)
        target, weight = (torch.from_numpy(np.asarray(part, np.float32))[None] for part in solver.target(problem))
        y = problem.measurement.to(get_backend("torch"))
        rng = np.random.default_rng(0)
        trained, untrained = (type(solver)(weights=w).answer(y, rng) for w in ("shipped", "random"))
        misfit, without, of_zero = (
            float(solver.validation(one, target, weight)) for one in (trained, untrained, torch.zeros_like(trained))
        )
        assert misfit < min(without, of_zero)
