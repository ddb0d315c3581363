"""Batches for a cluster: alone as long as nobody knows, then as many as take half a second, whatever the first ones took."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from prbench.running.remote.batches import CellBatches, Durations, PendingCell
from prbench.running.request.spec import Matrix

FILE = Path(__file__).with_name("misbehaving.py").as_posix()


def pending(count: int) -> list[PendingCell]:
    one = next(iter(Matrix.of("t", solvers=f"{FILE}:Guess", datasets=f"{FILE}:Dots", samples=1, backend="numpy").cells()))
    return [PendingCell(dataclasses.replace(one, sample=sample), None) for sample in range(count)]


def sizes(durations: Durations, count: int) -> list[int]:
    batches, result = CellBatches(iter(pending(count)), durations), []
    while batches.first is not None:
        result.append(len(batches.take()))
    return result


def test_cells_of_an_unknown_kind_go_one_by_one():
    assert sizes(Durations(), 3) == [1, 1, 1]


def test_cells_that_found_a_worker_cold_do_not_keep_batches_small():
    durations, (cell, *_) = Durations(), (one.cell for one in pending(1))
    for seconds in (3.0, 3.5, 0.0625, 0.0625, 0.0625):
        assert not durations.are_settled(cell)
        durations.add(cell, seconds)
    assert durations.are_settled(cell)
    assert sizes(durations, 25) == [8, 8, 8, 1]


def test_a_batch_holds_every_cell_once_in_order():
    durations, cells = Durations(), pending(200)
    durations.add(cells[0].cell, 1e-4)
    batches, taken = CellBatches(iter(cells), durations), []
    while batches.first is not None:
        taken += batches.take()
    assert taken == cells


def test_slow_cells_stand_alone():
    durations = Durations()
    durations.add(pending(1)[0].cell, 60.0)
    assert sizes(durations, 2) == [1, 1]
