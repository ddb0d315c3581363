"""Ending a run at the first cell that fails, whoever executes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .engines import Engine
from .local.pool import On
from .request.cell import Cell
from .store.folder import Store
from .store.record import FAILED


@dataclass
class FailFast:
    """An engine that begins no further cell once one has failed; those in hand are finished.

    Attributes:
        engine: who executes.
        stopped: whether a cell has failed.
    """

    engine: Engine
    stopped: bool = field(default=False, init=False)

    def run(self, cells: Iterator[Cell], store: Store, on: On) -> None:
        """See :class:`~prbench.running.engines.Engine`."""

        def watched(event: str, cell: Cell, values: Mapping[str, Any]) -> None:
            if event == "ended" and values["status"] in FAILED:
                self.stopped = True
            on(event, cell, values)

        def until_one_fails() -> Iterator[Cell]:
            while not self.stopped:  # asked before the next cell is drawn, which may claim it
                cell = next(cells, None)
                if cell is None:
                    return
                yield cell

        self.engine.run(until_one_fails(), store, watched)
