"""Batches of cells: as many as take about half a second together, so that what a task costs does not count."""

from __future__ import annotations

import statistics
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass

from prbench.running.request.cell import Cell

_BATCH_S = 0.5
_BATCH_CELLS = 64
_LAST, _SETTLED = 9, 5


@dataclass(frozen=True)
class PendingCell:
    """A cell with the stamp of the record that it had when it was first handed over."""

    cell: Cell
    stamp: str | None


class Durations:
    """The seconds of the last cells of each kind, of which the median counts: the first ones find workers that start up."""

    def __init__(self) -> None:
        self._last: dict[tuple[object, ...], deque[float]] = defaultdict(lambda: deque(maxlen=_LAST))

    def add(self, cell: Cell, seconds: float) -> None:
        """Note what a cell has taken."""
        self._last[cell.kind].append(seconds)

    def of(self, cell: Cell) -> float | None:
        """What a cell may be expected to take; None where nobody knows."""
        last = self._last.get(cell.kind)
        return statistics.median(last) if last else None

    def are_settled(self, cell: Cell) -> bool:
        """Whether so many of its kind have ended that those which found a worker cold do not count any more."""
        return len(self._last.get(cell.kind, ())) >= _SETTLED


class CellBatches:
    """Cells, taken in batches.

    Attributes:
        first: the next one, None at the end.
    """

    def __init__(self, cells: Iterator[PendingCell], durations: Durations) -> None:
        self._cells, self._durations = cells, durations
        self.first = next(cells, None)

    def take(self) -> list[PendingCell]:
        """The next batch, where there is a next cell; of one where nobody knows how long it takes."""
        result, seconds = list[PendingCell](), 0.0
        while self.first is not None and seconds < _BATCH_S and len(result) < _BATCH_CELLS:
            expected_s = self._durations.of(self.first.cell)
            if expected_s is None and result:
                break
            seconds += _BATCH_S if expected_s is None else expected_s
            result.append(self.first)
            self.first = next(self._cells, None)
        return result
