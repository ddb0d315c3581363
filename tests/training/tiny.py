"""A learned solver and a dataset of a few pixels, for tests of the training: named by their reference into this file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from prbench.core import Dataset, LearnedSolver, Problem, Provenance, Recipe, Reconstruction, register, setting
from prbench.core.dihedral import rotated_vectors
from prbench.core.searchable import SearchableSolver
from prbench.tasks.speckle import SpeckleStack


@register("tiny", task="speckle", cite="none", tags=("trained",))
@dataclass(frozen=True)
class Tiny(LearnedSolver[SpeckleStack]):
    """Two convolutions, batch norm and dropout: everything that a training has to remember."""

    width: int = setting(4, valid="[1, 64]", doc="channels")
    recipe: ClassVar[Recipe] = Recipe(
        datasets=(f"{__file__}:Shifts",), samples=6, tune_samples=2, steps=12, batch=4, crop=12, validate_every=5, warmup=2
    )

    def network(self):
        from torch import nn

        hidden = (nn.Conv2d(2, self.width, 3, padding=1), nn.BatchNorm2d(self.width), nn.ReLU(), nn.Dropout(0.2))
        return nn.Sequential(*hidden, nn.Conv2d(self.width, 2, 3, padding=1))

    def network_input(self, y):
        import torch

        return torch.stack([y.reference[0], y.sample[0]])[None]

    def target(self, problem):
        return problem.truth.displacement.astype(np.float32), np.ones((1, *problem.measurement.shape), np.float32)

    def transform_target(self, target, element):
        return rotated_vectors(target, element)

    def features(self, inputs):
        return {"brightest pixel": float(inputs.max())}

    def observations(self, network):
        return {"size": float(network[0].weight.abs().mean())}

    def solve(self, y, rng):
        y.counters.operators += 1
        found = self.answer(y, rng)[0]
        return Reconstruction(displacement=found, transmission=found[0], phase=found[1])


@register("choosing", task="speckle", cite="none", tags=("trained",))
@dataclass(frozen=True)
class Choosing(Tiny, SearchableSolver[SpeckleStack]):
    """A network with an extra number that a second loss drives to zero."""

    form: str = setting("plain", doc="plain or search")
    architecture: ClassVar[tuple[str, ...]] = ("width", "form")
    search_recipe: ClassVar[Recipe] = Recipe(
        datasets=(f"{__file__}:Shifts",),
        samples=6, tune_samples=2, steps=9, batch=3, optimiser="sgd", learning_rate=0.1, average=0.0, validate_every=3,
    )  # fmt: skip

    def searching(self):
        return type(self)(form="search", width=self.width)

    def network(self):
        import torch

        found = super().network()
        found.chosen = torch.nn.Parameter(torch.ones(3))
        return found

    def objective(self, network, inputs, targets, weights):
        return super().objective(network, inputs, targets, weights) + network.chosen.square().sum()

    def after_step(self, network):
        network.chosen.clamp_(min=0.0)

    def observations(self, network):
        return {"left": float(network.chosen.sum())}

    def structure(self, network):
        return {"left": [round(float(x), 6) for x in network.chosen.detach()]}

    def draw_structure(self, structure, figure):
        figure.subplots().bar(range(len(structure["left"])), structure["left"])


@register("shifts", task="speckle", cite="none", tags=("simulated",))
@dataclass(frozen=True)
class Shifts(Dataset):
    """Noise of 16x16 pixels moved by one pixel along the rows or not at all."""

    side: int = setting(16, valid="[4, 64]", doc="pixels")
    known: bool = setting(True, doc="whether the truth is told")
    uneven: bool = setting(False, doc="whether the second problem is larger")

    def make(self, index, seed, split):
        (rng,) = self.streams(1, index, seed, split)
        side = self.side + 2 * (self.uneven and index == 1)
        reference = (1 + rng.random((1, side, side))).astype(np.float32)
        step = int(rng.integers(2))
        displacement = np.zeros((2, side, side), np.float32)
        displacement[0] = step
        y = SpeckleStack(reference, np.roll(reference, step, axis=1), energy_ev=1e4, distance_m=1.0, pixel_m=1e-6)
        flat = np.ones((side, side), np.float32)
        truth = Reconstruction(displacement=displacement, transmission=flat, phase=0 * flat) if self.known else None
        return Problem(y, truth, f"shifts-{split}-{seed}-{index}", split, Provenance("made", "BSD-3-Clause"))
