"""The examples of a training, made once and kept as memory-mapped arrays.

To simulate a problem costs as much as to learn from it many times; a folder of examples is filled by several processes and, once
interrupted, filled further by the same call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from prbench.backend import each, get_backend
from prbench.core import LearnedSolver, Split, build_plugin
from prbench.errors import BadInput, UsageError

from .files import first_difference, read_json, write_json

OnExample = Callable[[int, int], None]
"""Called with the number of examples ready and the number of all."""

_NAMES = ("inputs", "targets", "weights")
_DESCRIPTION = "examples.json"
_TOGETHER = 64


@dataclass(frozen=True, eq=False)
class Examples:
    """What a network is taught with, on the host.

    Attributes:
        inputs: (N, channels, ...), what the network sees.
        targets: (N, channels, ...), what it should answer.
        weights: (N, 1, ...), how much each pixel of the answer counts.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Source:
    """Where examples come from: plain text and numbers, so that another process can make them.

    Attributes:
        solver: its name with settings; it decides what is input and target.
        datasets: their names with settings.
        samples: the first so many problems of each.
        split: ``train`` or ``tune``.
        canvas: side of the squares that examples are brought to; each as large as it comes where None.
    """

    solver: str
    datasets: tuple[str, ...]
    samples: int
    split: Split
    canvas: int | None = None

    def __len__(self) -> int:
        return len(self.datasets) * self.samples

    def example(self, number: int) -> tuple[np.ndarray, ...]:
        """Example ``number``: input, target, weights, without a leading axis; the datasets take turns."""
        solver, datasets = _plugins(self.solver, self.datasets)
        problem = datasets[number % len(datasets)].problem(number // len(datasets), split=self.split)
        if problem.truth is None:
            raise UsageError(f"{problem.id} has no truth to learn from; train on a simulated dataset")
        backend = get_backend("torch")
        result = solver.network_input(problem.measurement.to(backend))
        arrays = (backend.to_numpy(result)[0], *(np.asarray(array) for array in solver.target(problem)))
        return arrays if self.canvas is None else tuple(_on_canvas(array, self.canvas) for array in arrays)


@cache
def _plugins(solver: str, datasets: tuple[str, ...]) -> tuple[LearnedSolver[Any], tuple[Any, ...]]:
    return build_plugin("solver", solver), tuple(build_plugin("dataset", name) for name in datasets)


def make_examples(folder: Path, source: Source, *, jobs: int = 1, on_example: OnExample = lambda _done, _all: None) -> Examples:
    """Make the examples that a folder does not hold yet, and open them.

    Args:
        folder: made where it is not there.
        source: what to make.
        jobs: processes; one means this one.
        on_example: told after every example, or after every few dozen where there are thousands.

    Raises:
        UsageError: where a dataset has too few problems, another task than the solver, no truth, or the folder holds others.
        BadInput: where two problems differ in shape.
    """
    _check(source)
    folder.mkdir(parents=True, exist_ok=True)
    described: dict[str, Any] = {
        "solver": source.solver,
        "datasets": list(source.datasets),
        "samples": source.samples,
        "split": source.split,
    }
    if source.canvas is not None:
        described["canvas"] = source.canvas
    path = folder / _DESCRIPTION
    if path.exists():
        difference = first_difference(read_json(path), described)
        if difference:
            raise UsageError(f"{folder} holds other examples ({difference}); choose another folder")
    else:
        arrays = source.example(0)
        for name, array in zip(_NAMES, arrays, strict=True):
            np.lib.format.open_memmap(folder / f"{name}.npy", "w+", array.dtype, (len(source), *array.shape)).flush()
        np.lib.format.open_memmap(folder / "made.npy", "w+", np.uint8, (len(source),)).flush()
        write_json(path, described)
    ready = _open(folder, "made", "r")
    todo = np.flatnonzero(ready == 0).tolist()
    count = len(source) - len(todo)
    on_example(count, len(source))
    # To wait for the disk after every example costs a third more, and many times as much where others write to it.
    size = min(max(len(todo) // (8 * jobs), 1), _TOGETHER)
    blocks = [todo[first : first + size] for first in range(0, len(todo), size)]
    for made in each(partial(_make, str(folder), source), blocks, min(jobs, len(blocks))):
        count += made
        on_example(count, len(source))
    return Examples(*(_open(folder, name, "r") for name in _NAMES))


def _on_canvas(array: np.ndarray, side: int) -> np.ndarray:
    """An array (channels, ...) mirrored out at its edges, or cut, to squares of ``side`` about its middle."""
    for axis in range(1, array.ndim):
        n = array.shape[axis]
        first = (side - n) // 2
        at = np.abs((np.arange(side) - first + 0.5) % (2 * n) - n)  # distance, half-way between pixels, from the far edge
        array = np.take(array, np.clip((n - 0.5 - at).astype(np.intp), 0, n - 1), axis=axis)
    return array


def _check(source: Source) -> None:
    solver, datasets = _plugins(source.solver, source.datasets)
    for name, dataset in zip(source.datasets, datasets, strict=True):
        if dataset.info.task != solver.info.task:
            raise UsageError(f"{solver.plugin_name} solves {solver.info.task} problems, {name} has {dataset.info.task} ones")
        if dataset.samples is not None and dataset.samples < source.samples:
            raise UsageError(f"{name} has {dataset.samples} problems in a split, asked for {source.samples}")


def _make(folder: str, source: Source, numbers: Sequence[int]) -> int:
    """Make some examples and say how many; they count as made once all of them are on the disk."""
    arrays = [_open(Path(folder), name, "r+") for name in _NAMES]
    for number in numbers:
        for name, stored, array in zip(_NAMES, arrays, source.example(number), strict=True):
            if array.shape != stored.shape[1:]:
                raise BadInput(
                    f"example {number} has {name} of shape {array.shape}, the first {stored.shape[1:]}; they must be equal"
                )
            stored[number] = array
    for stored in arrays:
        stored.flush()
    ready = _open(Path(folder), "made", "r+")
    ready[list(numbers)] = 1
    ready.flush()
    return len(numbers)


@cache
def _open(folder: Path, name: str, mode: Any) -> np.memmap[Any, Any]:
    path = folder / f"{name}.npy"
    try:
        return cast("np.memmap[Any, Any]", np.load(path, mmap_mode=mode, allow_pickle=False))
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} is not an array of examples; delete {folder} to make them anew") from error
