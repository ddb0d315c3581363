"""Which examples a step learns from, and how they are cut and rotated: a function of the seed and the step alone.

Nothing about the order has to be stored for a training to go on exactly where it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from prbench.core import LearnedSolver, Recipe
from prbench.core.dihedral import SYMMETRIES_OF_THE_SQUARE, rotated
from prbench.errors import UsageError

from .examples import Examples

Batch = tuple[np.ndarray, np.ndarray, np.ndarray]


class Batches:
    """Batches of inputs, targets and weights by the number of the step.

    Args:
        solver: it knows how a target is rotated.
        examples: to draw from; each is seen once before any is seen again.
        recipe: size of batch and crop.
        seed: of order, crops and rotations.
    """

    def __init__(self, solver: LearnedSolver[Any], examples: Examples, recipe: Recipe, seed: int) -> None:
        self._solver, self._examples, self._recipe, self._seed = solver, examples, recipe, seed
        self._orders: dict[int, np.ndarray] = {}
        shape = examples.inputs.shape[2:]
        if recipe.crop is not None and min(shape) < recipe.crop:
            raise UsageError(f"crop must be at most the side of the examples, {min(shape)}, got {recipe.crop}")
        square = recipe.crop is not None or len(set(shape)) == 1
        self._elements = (SYMMETRIES_OF_THE_SQUARE if square else SYMMETRIES_OF_THE_SQUARE // 2) if recipe.dihedral else 1

    def at(self, step: int) -> Batch:
        """The batch of step ``step``: float32 arrays (batch, channels, ...)."""
        rng = np.random.default_rng(np.random.SeedSequence([self._seed, 1, step]))
        size = self._recipe.batch
        cut = [self._one(self._number(step * size + number), rng) for number in range(size)]
        inputs, targets, weights = (np.stack(arrays).astype(np.float32) for arrays in zip(*cut, strict=True))
        return np.asarray(self._solver.disturb(inputs, rng), np.float32), targets, weights

    def _number(self, position: int) -> int:
        epoch, index = divmod(position, len(self._examples))
        if epoch not in self._orders:
            rng = np.random.default_rng(np.random.SeedSequence([self._seed, 0, epoch]))
            self._orders = {e: order for e, order in self._orders.items() if e == epoch - 1}  # a batch may end in the next one
            self._orders[epoch] = rng.permutation(len(self._examples))
        return int(self._orders[epoch][index])

    def _one(self, number: int, rng: np.random.Generator) -> Batch:
        arrays = tuple(array[number] for array in (self._examples.inputs, self._examples.targets, self._examples.weights))
        side = self._recipe.crop
        if side is not None:
            corner = [int(rng.integers(0, n - side + 1)) for n in arrays[0].shape[1:]]
            window = tuple(slice(start, start + side) for start in corner)
            arrays = tuple(array[(slice(None), *window)] for array in arrays)
        element = int(rng.integers(self._elements))
        inputs, targets, weights = arrays
        return rotated(inputs, element), self._solver.transform_target(targets, element), rotated(weights, element)
