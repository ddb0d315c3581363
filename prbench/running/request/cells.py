"""The cells of a matrix as a sequence that makes each when it is asked for: a hundred thousand take no more memory than one."""

from __future__ import annotations

import dataclasses
from array import array
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast, overload

from .cell import Cell


@dataclass(frozen=True)
class CellBlock:
    """A product: every sample with every seed with every one of some cells, the last running fastest.

    Attributes:
        cells: as they are with sample and seed 0.
        samples, seeds: the numbers.
    """

    cells: Sequence[Cell]
    samples: Sequence[int]
    seeds: Sequence[int]

    def __len__(self) -> int:
        return len(self.cells) * len(self.samples) * len(self.seeds)

    def at(self, number: int) -> tuple[Cell, int, int]:
        """The cell of that number as it is with sample and seed 0, its sample and its seed."""
        rest, which = divmod(number, len(self.cells))
        sample, seed = divmod(rest, len(self.seeds))
        return self.cells[which], self.samples[sample], self.seeds[seed]

    @cached_property
    def _lookups(self) -> tuple[set[Cell], Collection[int], Collection[int]]:
        return set(self.cells), _lookup(self.samples), _lookup(self.seeds)

    def has(self, cell: Cell, sample: int, seed: int) -> bool:
        """Whether it is one of these."""
        cells, samples, seeds = self._lookups
        return sample in samples and seed in seeds and cell in cells


def _lookup(numbers: Sequence[int]) -> Collection[int]:
    return numbers if isinstance(numbers, range) else frozenset(numbers)


class Cells(Sequence[Cell]):
    """Parts one after another, a cell that several have once, at its first index."""

    def __init__(self, parts: Sequence[CellBlock]) -> None:
        self._parts = [dataclasses.replace(part, cells=list(dict.fromkeys(part.cells))) for part in parts]
        self._starts = [0]
        for part in self._parts:
            self._starts.append(self._starts[-1] + len(part))
        self._numbers: Sequence[int] = range(self._starts[-1])
        if len(self._parts) > 1:
            self._numbers = array("q", (number for number in self._numbers if not self._met_before(number)))

    def _find(self, number: int) -> tuple[int, tuple[Cell, int, int]]:
        which = next(i for i, end in enumerate(self._starts[1:]) if number < end)
        return which, self._parts[which].at(number - self._starts[which])

    def _met_before(self, number: int) -> bool:
        which, result = self._find(number)
        return any(part.has(*result) for part in self._parts[:which])

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> Selection: ...
    def __getitem__(self, index: int | slice) -> Cell | Selection:
        """A cell, made now; or some of them."""
        if isinstance(index, slice):
            return Selection(self, range(len(self))[index])
        cell, sample, seed = self._find(self._numbers[index])[1]
        return dataclasses.replace(cell, sample=sample, seed=seed)

    def __iter__(self) -> Iterator[Cell]:
        return (self[index] for index in range(len(self)))


class Selection(Sequence[Cell]):
    """Some of a sequence of cells, by their indices in it."""

    def __init__(self, cells: Sequence[Cell], indices: Sequence[int]) -> None:
        self._cells, self._indices = cells, indices

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, index: int) -> Cell: ...
    @overload
    def __getitem__(self, index: slice) -> Selection: ...
    def __getitem__(self, index: int | slice) -> Cell | Selection:
        """A cell; or some of them."""
        if isinstance(index, slice):
            return Selection(self._cells, self._indices[index])
        return self._cells[self._indices[index]]

    def __iter__(self) -> Iterator[Cell]:
        return (self._cells[index] for index in self._indices)


def unique(cells: Sequence[Cell]) -> Sequence[Cell]:
    """The cells, each once: those of a matrix are, others are looked through."""
    return cells if isinstance(cells, Cells | Selection) else cast("Sequence[Cell]", list(dict.fromkeys(cells)))
