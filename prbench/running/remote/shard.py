"""Shards: a matrix cut into parts, for machines where no scheduler of ours may run.

A part that is done helps those that are still under way, as the claims in the folder show (:mod:`prbench.running.claims`).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from prbench.errors import UsageError, one_line
from prbench.running.request.cell import Cell
from prbench.running.request.cells import Selection, unique

_SHARD = re.compile(r"(\d{1,6})/(\d{1,6})")


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``3/8``, the third of eight parts.

    Raises:
        UsageError: for anything else.
    """
    match = _SHARD.fullmatch(text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"a shard is i/N with i from 1 to N, such as 3/8, got {one_line(text, 40)!r}")
    return int(match[1]), int(match[2])


class Shard:
    """Part ``number`` (from 1) of ``count`` of a matrix.

    Raises:
        UsageError: where there is no such part.
    """

    def __init__(self, cells: Sequence[Cell], number: int, count: int) -> None:
        if not 1 <= number <= count:
            raise UsageError(f"there is no shard {number} of {count}")
        self._whole = unique(cells)
        self.number, self.count = number, count

    @cached_property
    def _dealt(self) -> array[int]:
        return array("q", sorted(range(len(self._whole)), key=lambda index: _deal(self._whole[index])))

    def part(self, number: int) -> Sequence[Cell]:
        """A part, in the order of the matrix."""
        return Selection(self._whole, array("q", sorted(self._dealt[number - 1 :: self.count])))

    @property
    def note(self) -> dict[str, Any]:
        """What other shards of the same matrix know this one by."""
        return {"shard": self.number, "of": self.count, "cells": len(self._whole)}

    def sibling(self, note: Mapping[str, Any]) -> int | None:
        """The number of another part of the same matrix, None for the note of any other run."""
        number = note.get("shard")
        same = note.get("of") == self.count and note.get("cells") == len(self._whole)
        return number if same and type(number) is int and 1 <= number <= self.count and number != self.number else None


def shard_of(cells: Sequence[Cell], number: int, count: int) -> Sequence[Cell]:
    """Part ``number`` (from 1) of ``count``, in the order of ``cells``.

    Each cell is in exactly one part, the same whatever the order of ``cells`` and whatever has been run: cells are dealt by
    solver, dataset and key, so that parts have the same mixture of work and differ by one cell at most.

    Raises:
        UsageError: where there is no such part.
    """
    return Shard(cells, number, count).part(number)


def _deal(cell: Cell) -> tuple[str, str, str]:
    return cell.solver_spelled, cell.dataset_spelled, cell.key
