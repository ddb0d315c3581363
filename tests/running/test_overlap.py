"""The record of a quick cell is made while the next is being solved: each still ends once, in order, with what is its own."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from prbench.running.bench import InProcess
from prbench.running.billing import Spent, Times, with_outside
from prbench.running.engine import run_matrix
from prbench.running.engines import LocalEngine
from prbench.running.executing import Executor
from prbench.running.local.worker_process import OutputTail
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
from prbench.running.store.record import same_outcome

FILE = Path(__file__).with_name("picky.py").as_posix()
DOTS = f"{Path(__file__).with_name('misbehaving.py').as_posix()}:Dots"
SAMPLES = 8


def matrix(solver: str) -> Matrix:
    return Matrix.of("t", solvers=f"{FILE}:{solver}", datasets=DOTS, samples=SAMPLES, backend="numpy")


@pytest.fixture(scope="module")
def bright():
    """The first pixel of the brightest problem that neither begins nor ends the run, and its number."""
    cells = matrix("Picky").cells()
    pixels = [float(cell.problem().measurement.intensity.flat[0]) for cell in cells]
    number = max(range(3, SAMPLES - 2), key=pixels.__getitem__)
    return pixels, pixels[number], {n for n in range(SAMPLES) if pixels[n] >= pixels[number]}


def run(solver: str, folder: Path) -> tuple[dict[int, object], list[tuple[str, int]]]:
    """The records by sample, and what was told of the cells."""
    events: list[tuple[str, int]] = []

    def note(event):
        if event.kind in ("started", "ended"):
            events.append((event.kind, event.cell.sample))

    run_matrix(matrix(solver).cells(), Store(folder), engine=LocalEngine(jobs=1, threads=1), on_event=note)
    return {record.cell.sample: record for record in Store(folder).records()}, events


def test_cells_begin_and_end_once_in_order_with_the_records_of_their_own(tmp_path):
    records, events = run("Picky", tmp_path / "workers")
    assert events == [(kind, sample) for sample in range(SAMPLES) for kind in ("started", "ended")]
    executor = Executor(Store(tmp_path / "here"))
    for cell in matrix("Picky").cells():
        assert same_outcome(executor.execute(cell), records[cell.sample])
        assert records[cell.sample].cost["repeats"] == 3


@pytest.mark.parametrize(("how", "status"), [("die", "killed"), ("raise", "error"), ("leave", "ok")])
def test_a_cell_that_fails_takes_none_of_its_neighbours_along(tmp_path, bright, how, status):
    _, limit, samples = bright
    records, _ = run(f"Picky[how={how},above={limit!r}]", tmp_path)
    assert {n: record.status for n, record in records.items()} == {n: status if n in samples else "ok" for n in range(SAMPLES)}
    noted = {n for n, record in records.items() if "thread" in record.notes.get("process", "")}
    assert noted == (samples if how == "leave" else set())
    assert all(Store(tmp_path).arrays(record.key) for record in records.values() if record.status == "ok")


@pytest.mark.parametrize(("how", "status"), [("die", "killed"), ("raise", "error")])
def test_a_problem_that_cannot_be_made_is_its_own_cells_failure(tmp_path, how, status):
    """Whether it was made beside the solve before, or before that one's record was."""
    at = SAMPLES // 2
    datasets = f"{FILE}:Brittle[how={how},at={at}]"
    matrix = Matrix.of("t", solvers=f"{FILE}:Picky", datasets=datasets, samples=SAMPLES, backend="numpy")
    run_matrix(matrix.cells(), Store(tmp_path), engine=LocalEngine(jobs=1, threads=1))
    records = {record.cell.sample: record for record in Store(tmp_path).records()}
    assert {n: record.status for n, record in records.items()} == {n: status if n == at else "ok" for n in range(SAMPLES)}


def test_the_next_problem_is_made_ahead_once(tmp_path):
    log = tmp_path / "log"
    datasets = f"{DOTS.replace('Dots', 'CountedDots')}[log={log}]"
    cells = Matrix.of("t", solvers=f"{FILE}:Picky", datasets=datasets, samples=3, backend="numpy").cells()
    executor, called = Executor(Store(tmp_path / "results"), InProcess()), []
    for cell, following in zip(cells, [*cells[1:], None], strict=True):

        def make(following=following):
            called.append(following.sample)
            assert executor.makes_quickly(following)
            executor.make_ahead(following)
            executor.make_ahead(following)

        executor.finish(executor.solve(cell, ahead=make if following else lambda: None))
    assert called == [2]  # beside the second solve: nobody knew that the first would be quick
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["0", "1", "2"]


def test_output_tells_which_cell_its_writer_is_at():
    tail = OutputTail()
    for text, at in (("", ""), ("\0a1\nwords", "a1"), ("\0+b2\nof b", "b2"), ("\0-\n more", "a1"), ("\0b2\n", "b2")):
        os.write(tail.writer, text.encode())
        tail.drain()
        assert tail.at_work() == at
    assert tail.text() == "wordsof b more"
    tail.close()
    os.close(tail.writer)


def test_what_is_left_to_do_is_done_once_beside_the_next_solve(tmp_path):
    """Also where the next problem cannot be made."""
    executor, cells, done = Executor(Store(tmp_path), InProcess()), matrix("Picky").cells(), []
    attempts = [executor.solve(cells[0])]
    assert attempts[0].may_wait
    for cell in (cells[1], dataclasses.replace(cells[2], dataset="no-such-dataset"), cells[3]):
        before = attempts[-1]
        attempts.append(executor.solve(cell, meanwhile=lambda one=before: done.append(executor.finish(one).status)))
    assert done == ["ok", "ok", "error"]
    assert executor.finish(attempts[-1]).status == "ok"
    assert len(Store(tmp_path).keys()) == 4


def test_time_seen_from_outside_is_divided_among_repeats():
    solves = [Times(Spent(1.0, 0.5), Spent(0.1, 0.1), Spent(0.2, 0.1)), Times(Spent(2.0, 1.0))]
    times = with_outside(solves, Spent(4.0, 2.0), 100)
    assert sum((one.outside for one in times), Spent()).wall_s == pytest.approx(4.0)
    assert [one.outside.processor_s for one in times] == pytest.approx([0.7 + 0.15, 1.0 + 0.15])
    assert [one.moved_bytes for one in times] == [50, 50]
    assert [one.clocked for one in times] == [one.clocked for one in solves]
