"""The cells of a run that other runs into the same folder are not at: each is computed once, whoever comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from .claims import Claims
from .remote.shard import Shard
from .request.cell import Cell
from .store.folder import Store

WAIT_S = 0.5
"""Seconds between two looks at the cells that only other runs still have in hand."""
_ALIVE_S = 5.0


@dataclass
class SharedCells:
    """Hands out cells, each once it is claimed; those that another run has are put aside until that has ended them or itself.

    Attributes:
        store: where records go.
        claims: of this run.
        ended_elsewhere: called with a cell that another run has ended meanwhile.
        before_first: called once, before the first cell that is to be done is claimed. What takes time belongs here: between the
            claim and whoever gets the cell nothing may, for a record that came then would be taken for one to be made again.
        helped: keys of the cells of other shards that this run has taken.
    """

    store: Store
    claims: Claims
    ended_elsewhere: Callable[[Cell], object]
    before_first: Callable[[], object] = lambda: None
    helped: set[str] = field(default_factory=set)
    _aside: list[tuple[Cell, str | None]] = field(default_factory=list)

    def first(self, todo: Iterable[Cell], outcomes: Collection[str] | None) -> Iterator[Cell]:
        """The cells to do, those in other hands put aside.

        Args:
            todo: what was chosen.
            outcomes: keys of the records that there were then, so that one that came since is not made again; None where cells
                are to be done whether or not there is a record.
        """
        for cell in todo:
            stamp = self.store.stamp(cell.key)  # first, so that a record that comes from now on is seen to have come
            if outcomes is not None and self._has_come(cell, outcomes):
                self.ended_elsewhere(cell)
                continue
            self._begin()
            if not self.claims.take(cell.key):
                self._aside.append((cell, stamp))
            elif self.store.stamp(cell.key) != stamp:
                self.claims.release(cell.key)
                self.ended_elsewhere(cell)
            else:
                yield cell

    def _begin(self) -> None:
        begin, self.before_first = self.before_first, lambda: None
        begin()

    def _has_come(self, cell: Cell, outcomes: Collection[str]) -> bool:
        return cell.key not in outcomes and self.store.has(cell.key) and self.store.read(cell.key) is not None

    @property
    def waiting(self) -> bool:
        """Whether there are cells in other hands."""
        return bool(self._aside)

    def given_up(self) -> list[Cell]:
        """Of the cells in other hands those that have been given up without a record, claimed now; ended ones are told."""
        free = []
        waiting, self._aside = self._aside, []
        for cell, stamp in waiting:
            if self.store.stamp(cell.key) != stamp:
                self.ended_elsewhere(cell)
            elif not self.claims.take(cell.key):
                self._aside.append((cell, stamp))
            elif self.store.stamp(cell.key) != stamp:
                self.claims.release(cell.key)
                self.ended_elsewhere(cell)
            else:
                free.append(cell)
        return free

    def of_other_shards(self, shard: Shard) -> Iterator[Cell]:
        """Cells that other shards under way have not come to, from their ends; a shard that is not running keeps its own."""
        for number in self._siblings(shard):
            last_check = time.monotonic()
            for cell in reversed(shard.part(number)):
                if time.monotonic() - last_check > _ALIVE_S:
                    last_check = time.monotonic()
                    if number not in self._siblings(shard):
                        break
                if self.store.has(cell.key):
                    continue
                self._begin()
                if not self.claims.take(cell.key):
                    continue
                if self.store.has(cell.key):
                    self.claims.release(cell.key)
                    continue
                self.helped.add(cell.key)
                yield cell

    def _siblings(self, shard: Shard) -> list[int]:
        numbers = (shard.sibling(note) for note in self.claims.others())
        return sorted({number for number in numbers if number is not None})
