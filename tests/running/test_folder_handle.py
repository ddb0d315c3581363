"""A folder of results that is renamed, removed or replaced while a run writes into it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prbench.errors import CannotWrite, PrbenchError, UsageError
from prbench.running.engine import run_matrix
from prbench.running.request.cell import Cell
from prbench.running.store import task_files
from prbench.running.store.folder import Store
from prbench.running.store.record import Record

FILE = Path(__file__).with_name("misbehaving.py").as_posix()


def record(sample: int) -> Record:
    return Record(Cell("hio", {}, "dots", {}, "far-field", sample=sample), "ok", "hio", "dots")


def test_a_record_of_a_renamed_folder_is_written_where_that_is_now(tmp_path):
    store = Store(tmp_path / "out")
    store.hold()
    store.write(record(0))
    (tmp_path / "out").rename(tmp_path / "moved")
    with pytest.raises(CannotWrite, match=rf"{tmp_path / 'out'}\b.* {tmp_path / 'moved'}\b"):
        store.write(record(1))
    with pytest.raises(CannotWrite, match="renamed"):
        store.check_location()
    assert not (tmp_path / "out").exists()
    assert set(Store(tmp_path / "moved").keys()) == {record(0).key, record(1).key}
    (tmp_path / "moved").rename(tmp_path / "out")
    store.write(record(2))
    assert len(Store(tmp_path / "out").keys()) == 3


def test_a_folder_of_the_same_name_is_not_the_folder(tmp_path):
    store = Store(tmp_path / "out")
    store.hold()
    (tmp_path / "out").rename(tmp_path / "moved")
    (tmp_path / "out").mkdir()
    with pytest.raises(CannotWrite, match=rf"{tmp_path / 'out'}\b.* {tmp_path / 'moved'}\b"):
        store.write(record(1))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_removed_folder_is_told_and_the_record_kept(tmp_path):
    store = Store(tmp_path / "out")
    store.hold()
    shutil.rmtree(tmp_path / "out")
    with pytest.raises(CannotWrite, match="removed"):
        store.write(record(1))
    assert Store(tmp_path / "out").keys() == [record(1).key]


@pytest.mark.parametrize("how", ["renamed", "removed", "records removed"])
def test_a_run_whose_folder_goes_ends_with_one_line_and_2(tmp_path, how):
    code = "from prbench.cli import main; main()"
    call = [sys.executable, "-c", code, "run", "-s", f"{FILE}:Walk[pause_s=0.01]", "-d", f"{FILE}:Dots", "--samples", "12"]
    out = tmp_path / "out"
    run = subprocess.Popen(
        [*call, "--backend", "numpy", "-j", "1", "-o", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 300
    while len(list(out.glob("runs/??/*.json"))) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    run.send_signal(signal.SIGSTOP)  # it sees the folder as it was, or gone, and nothing between the two
    if how == "renamed":
        out.rename(tmp_path / "moved")
    elif how == "removed":
        out.rename(tmp_path / "gone")
        shutil.rmtree(tmp_path / "gone")
    else:
        shutil.rmtree(out / "runs" / next(out.glob("runs/??")).name)
    run.send_signal(signal.SIGCONT)
    _, told = run.communicate(timeout=120)
    assert run.returncode == 2, told
    last = told.strip().splitlines()[-1]
    assert {"renamed": "moved", "removed": "removed", "records removed": "gone"}[how] in last, told
    assert "Traceback" not in told
    if how == "renamed":
        assert len(Store(tmp_path / "moved").keys()) >= 3
        assert not out.exists()


class Refusing:
    """An engine that fails once it has taken some cells."""

    def __init__(self, failure: BaseException, taken: int = 0) -> None:
        self.failure, self.taken = failure, taken

    def run(self, cells, store, on):
        for _ in range(self.taken):
            next(cells)
        raise self.failure


FAILURES = [UsageError("no scheduler"), PrbenchError("it has gone"), OSError("refused"), TimeoutError(), KeyboardInterrupt()]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("taken", [0, 1])
def test_a_run_that_writes_nothing_leaves_no_folder(tmp_path, failure, taken):
    """Nor one above it that was made for it; whatever ended the run, and whether or not it had claimed a cell."""
    store = Store(tmp_path / "above" / "out")
    for _ in range(2):
        with pytest.raises(type(failure)):
            run_matrix([record(0).cell], store, engine=Refusing(failure, taken))
        assert list(tmp_path.iterdir()) == []
    (tmp_path / "above").mkdir()
    with pytest.raises(type(failure)):
        run_matrix([record(0).cell], store, engine=Refusing(failure, taken))
    assert list(tmp_path.rglob("*")) == [tmp_path / "above"]  # somebody else's


def test_a_folder_is_left_where_something_has_been_written(tmp_path):
    store = Store(tmp_path / "out")
    store.hold()
    store.write(record(0))
    with pytest.raises(UsageError):
        run_matrix([record(1).cell], store, engine=Refusing(UsageError("no scheduler")))
    assert Store(tmp_path / "out").keys() == [record(0).key]


def test_tasks_are_described_once_a_cell_is_taken(tmp_path, monkeypatch):
    """Of a task that is not prbench's own: where nobody computes, its description is not left behind either."""
    monkeypatch.setattr(task_files, "_OWN", "another package")
    for taken in (0, 1):
        with pytest.raises(UsageError):
            run_matrix([record(0).cell], Store(tmp_path / "out"), engine=Refusing(UsageError("no scheduler"), taken))
        assert [path.name for path in (tmp_path / "out").rglob("*")] == ["tasks.json"] * taken
