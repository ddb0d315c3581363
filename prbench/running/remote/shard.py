"""Shards: a matrix cut into parts that know nothing of each other, for machines where no scheduler of ours may run."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

from prbench.errors import UsageError, one_line
from prbench.running.request.cell import Cell
from prbench.running.request.cells import Chosen, unique

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


def shard_of(cells: Sequence[Cell], number: int, count: int) -> Sequence[Cell]:
    """Part ``number`` (from 1) of ``count``, in the order of ``cells``.

    Each cell is in exactly one part, the same whatever the order of ``cells`` and whatever has been run: cells are dealt by
    solver, dataset and key, so that parts have the same mixture of work and differ by one cell at most.

    Raises:
        UsageError: where there is no such part.
    """
    if not 1 <= number <= count:
        raise UsageError(f"there is no shard {number} of {count}")
    whole = unique(cells)
    dealt = sorted(range(len(whole)), key=lambda place: _deal(whole[place]))
    return Chosen(whole, array("q", sorted(dealt[number - 1 :: count])))


def _deal(cell: Cell) -> tuple[str, str, str]:
    return cell.solver_spelled, cell.dataset_spelled, cell.key
