"""Killed, interrupted, run twice at once: the finished cells stand, and the end is that of an undisturbed run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prbench.running.engine import plan, run_matrix
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
from prbench.running.store.record import same_outcome

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
CODE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background inherits that it is ignored
from prbench.running.engine import run_matrix
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
m = Matrix.of("t", solvers=[sys.argv[2] + ":Walk[pause_s=0.002]", sys.argv[2] + ":Guess", sys.argv[2] + ":Raise"],
              datasets=sys.argv[2] + ":Dots", samples=8, backend="numpy")
run_matrix(m.cells(), Store(sys.argv[1]), jobs=2, threads=1,
           on_event=lambda e: e.kind == "ended" and print(e.cell.key, e.status, flush=True))
"""


def matrix() -> Matrix:
    solvers = [f"{FILE}:Walk[pause_s=0.002]", f"{FILE}:Guess", f"{FILE}:Raise"]
    return Matrix.of("t", solvers=solvers, datasets=f"{FILE}:Dots", samples=8, backend="numpy")


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CODE, str(folder), FILE], stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("undisturbed"))
    run_matrix(matrix().cells(), store, jobs=2, threads=1)
    return store


def assert_equal(store: Store, other: Store) -> None:
    ours, theirs = list(store.records()), list(other.records())
    assert len(ours) == len(theirs) == 24
    for a, b in zip(ours, theirs, strict=True):
        assert same_outcome(a, b)
        assert {n: x.tobytes() for n, x in store.arrays(a.key).items()} == {
            n: x.tobytes() for n, x in other.arrays(b.key).items()
        }
    assert not store.corrupt


def worker_ids(pid: int) -> list[int]:
    return [child.pid for child in psutil.Process(pid).children()]


def assert_gone(pids: list[int]) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        left = [p for p in pids if psutil.pid_exists(p) and psutil.Process(p).status() != psutil.STATUS_ZOMBIE]
        if not left:
            return
        time.sleep(0.05)
    raise AssertionError(left)


@pytest.mark.parametrize("ends", [1, 13])
def test_killed_and_resumed_equals_undisturbed(tmp_path, undisturbed, ends):
    process = start(tmp_path)
    told = [process.stdout.readline().split()[0] for _ in range(ends)]
    workers = worker_ids(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert_gone(workers)
    store = Store(tmp_path)
    before = {record.key: record.to_json() for record in store.records()}
    assert set(told) <= set(before)
    assert not store.corrupt
    state = run_matrix(matrix().cells(), store, jobs=2, threads=1)
    assert state.cached == len(before)
    assert_equal(store, undisturbed)
    assert all(store.read(key).to_json() == text for key, text in before.items())


def test_ctrl_c_stops_workers_and_keeps_what_is_finished(tmp_path, undisturbed):
    process = start(tmp_path)
    for _ in range(5):
        process.stdout.readline()
    workers = worker_ids(process.pid)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert_gone(workers)
    store = Store(tmp_path)
    assert 5 <= len(store.keys()) < 24
    assert set(store.frame()["status"]) <= {"ok", "error"}
    run_matrix(matrix().cells(), store, jobs=2, threads=1)
    assert_equal(store, undisturbed)


def test_two_runs_share_a_folder(tmp_path, undisturbed):
    processes = [start(tmp_path), start(tmp_path)]
    told = [process.communicate(timeout=300)[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert_equal(Store(tmp_path), undisturbed)
    assert any("cached" in text for text in told)


def test_finished_cells_are_not_run_again(tmp_path, undisturbed):
    shutil.copytree(undisturbed.path, tmp_path / "copy")
    store = Store(tmp_path / "copy")
    before = {record.key: record.to_json() for record in store.records()}
    state = run_matrix(matrix().cells(), store)
    assert (state.total, state.cached, state.done) == (24, 24, 0)
    assert {record.key: record.to_json() for record in store.records()} == before
    store.compact()
    shutil.rmtree(store.path / "runs")
    assert plan(matrix().cells(), store) == []


def test_what_is_run_again(tmp_path, undisturbed):
    shutil.copytree(undisturbed.path, tmp_path / "copy")
    store, cells = Store(tmp_path / "copy"), matrix().cells()
    failed = {cell for cell in cells if cell.solver.endswith(":Raise")}
    assert set(plan(cells, store, "failed")) == failed
    assert plan(cells, store, "stale") == []
    assert plan(cells, store, "all") == cells
    (store.path / "runs" / cells[0].key[:2] / f"{cells[0].key}.json").write_text("{")
    assert plan(cells, store) == [cells[0]]


def test_changed_source_makes_records_stale(tmp_path):
    source = tmp_path / "mine.py"
    source.write_text(Path(FILE).read_text())
    code = (
        "import sys, prbench; names = ('mine.py:Guess', 'mine.py:Dots')\n"
        "prbench.run(*names, out='out', backend='numpy', jobs=1, rerun=sys.argv[1])\n"
        "frame = prbench.load_results('out').frame; print(frame['stale'][0], frame['started'][0])"
    )

    def run(rerun: str) -> list[str]:
        call = [sys.executable, "-c", code, rerun]
        return subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()

    _, first = run("missing")
    source.write_text(source.read_text() + "\n# changed\n")
    assert run("stale") == ["False", first]
    source.write_text(source.read_text() + "\nCHANGED = 1\n")
    assert run("missing") == ["True", first]
    stale, second = run("stale")
    assert (stale, second != first) == ("False", True)
