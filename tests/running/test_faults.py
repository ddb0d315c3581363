"""The machine fails: full and read-only disks, clocks that jump, solvers that fork. Nothing is lost, blamed or left behind."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.errors import CannotWrite
from prbench.running.engine import plan, run_matrix
from prbench.running.engines import LocalEngine
from prbench.running.executing import execute
from prbench.running.local import pool
from prbench.running.local.pool import Limits, Pool
from prbench.running.request.spec import Matrix
from prbench.running.store import record
from prbench.running.store.folder import Store
from prbench.running.store.record import Record, same_outcome

FILE = Path(__file__).with_name("misbehaving.py").as_posix()


def matrix(*solvers: str, samples: int = 1, dataset: str = "Dots") -> Matrix:
    names = [f"{FILE}:{solver}" for solver in solvers]
    return Matrix.of("t", solvers=names, datasets=f"{FILE}:{dataset}", samples=samples, backend="numpy")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 160 KiB, and a way to change how it is mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160k", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a file system needs more rights than this user has")
    yield disk, lambda how: subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)
    subprocess.run(["umount", "-l", str(disk)], check=True)


def assert_whole(store: Store) -> None:
    """Every file is what its name says, and nothing else is there."""
    keys = store.keys()
    assert not store.corrupt
    assert all(store.arrays(key) for key in keys)
    files = {path.name for path in store.path.rglob("*") if path.is_file() and path.parent.name != "environments"}
    assert files == {f"{key}.{suffix}" for key in keys for suffix in ("json", "npz")}


def test_a_full_disk_stops_the_run_and_blames_no_solver(small_disk, tmp_path):
    disk, remount = small_disk
    cells = matrix("Guess", samples=30, dataset="Dots[size=32]").cells()
    with pytest.raises(CannotWrite, match=rf"{disk / 'out'}.*{os.strerror(errno.ENOSPC)}") as caught:
        run_matrix(cells, Store(disk / "out"), jobs=2, threads=1)
    assert "\n" not in str(caught.value)
    first = Store(disk / "out")
    before = {one.key: one.to_json() for one in first.records()}
    assert 0 < len(before) < 30
    assert set(first.frame()["status"]) == {"ok"}
    assert {path.name.rpartition(".")[2] for path in disk.rglob("*") if path.is_file()} <= {"json", "npz"}
    remount("size=8m")
    state = run_matrix(cells, Store(disk / "out"), jobs=2, threads=1)
    assert (state.cached, state.statuses) == (len(before), {"ok": 30 - len(before)})
    assert all(Store(disk / "out").read(key).to_json() == text for key, text in before.items())
    assert_whole(Store(disk / "out"))


def test_a_read_only_disk_is_told_before_anything_is_computed(small_disk):
    disk, remount = small_disk
    log = disk.parent / "log"
    dataset = f"{FILE}:CountedDots[log={log}]"
    args = ["run", "-s", f"{FILE}:Guess", "-d", dataset, "--backend", "numpy", "-j", "1", "-o", str(disk / "out")]
    remount("ro")
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 2, result.output
    assert os.strerror(errno.EROFS) in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not log.exists()
    remount("rw,size=8m")
    assert CliRunner().invoke(app, args).exit_code == 0
    remount("ro")
    for verb in ("status", "leaderboard"):
        assert CliRunner().invoke(app, [verb, str(disk / "out")]).exit_code == 0
    again = CliRunner().invoke(app, [*args, "--samples", "2"])
    assert again.exit_code == 2
    assert os.strerror(errno.EROFS) in again.stderr
    assert str(disk / "out") in again.stderr
    compact = CliRunner().invoke(app, ["compact", str(disk / "out")])
    assert (compact.exit_code, len(compact.stderr.strip().splitlines())) == (2, 1)


def test_a_folder_without_rights_is_told(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(CannotWrite, match=os.strerror(errno.EACCES)):
        run_matrix(matrix("Guess").cells(), Store(tmp_path / "out"), jobs=1)


def test_a_limit_on_the_size_of_files_stops_the_run_too(tmp_path):
    """What a quota does, without a file system of one's own; the limit passes on to the workers."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    cells = matrix("Guess", dataset="Dots[size=64]").cells()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, hard))
        with pytest.raises(CannotWrite, match=rf"\.npz .*{os.strerror(errno.EFBIG)}"):
            run_matrix(cells, Store(tmp_path), jobs=1, threads=1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "environments"] == []
    assert run_matrix(cells, Store(tmp_path), jobs=1, threads=1).statuses == {"ok": 1}


def backwards(start: datetime):
    """A clock that loses an hour at every look."""
    looks = iter(range(10**6))
    return lambda: (start - timedelta(hours=next(looks))).isoformat(timespec="microseconds")


def test_a_clock_that_runs_backwards_changes_no_outcome(tmp_path, monkeypatch):
    cells = matrix("Walk", "Guess", "Raise").cells()
    there = [execute(cell, Store(tmp_path / "right")) for cell in cells]
    with monkeypatch.context() as patched:
        clock = backwards(datetime.now(UTC))
        for module in ("executing", "local.pool", "local.worker_process", "store.record"):
            patched.setattr(f"prbench.running.{module}.now", clock)
        here = [execute(cell, Store(tmp_path / "wrong")) for cell in cells]
        run_matrix(matrix("Exit").cells(), Store(tmp_path / "wrong"), jobs=1, threads=1)
    assert all(same_outcome(a, b) for a, b in zip(here, there, strict=True))
    store = Store(tmp_path / "wrong")
    assert all(one.started > one.ended for one in store.records())
    assert plan([*cells, *matrix("Exit").cells()], store) == []
    assert store.compact() == 4
    assert len(store.frame()) == 4


def test_a_record_that_its_dying_worker_had_written_stands_whatever_the_clock_said(tmp_path):
    """The worker's clock was a day behind its parent's, and it died between its record and its last word."""
    (cell,) = matrix("Guess").cells()
    store = Store(tmp_path)
    written = execute(cell, store)
    past = "2001-01-01T00:00:00.000000+00:00"
    store.write(Record(**{**written.__dict__, "started": past, "ended": past}))
    told = []
    with Pool(store, 1, Limits()) as workers:
        worker = SimpleNamespace(cell=cell, stamp=None, assigned_at=0.0, printed=lambda: "", ahead=None)
        workers._record(worker, "crashed", "Exit", "died", "", lambda *event: told.append(event))
        assert told[0][2]["status"] == "ok"
        before = SimpleNamespace(
            cell=cell, stamp=store.stamp(cell.key), assigned_at=0.0, printed=lambda: "", curve=[], problem={}
        )
        before.phase, before.assigned = "solving", record.now()
        workers._record(before, "crashed", "Exit", "died", "", lambda *event: told.append(event))
    assert told[1][2]["status"] == store.read(cell.key).status == "crashed"


def test_records_from_the_future_are_renewed_like_others(tmp_path):
    store, cells = Store(tmp_path), matrix("Guess", samples=3).cells()
    run_matrix(cells, store, jobs=1, threads=1)
    ahead = datetime.now().timestamp() + 86_400  # written before the clock was set back
    for path in [*tmp_path.rglob("*")]:
        os.utime(path, (ahead, ahead))
    store.compact()
    old = store.read(cells[1].key)
    run_matrix(cells[1:2], store, jobs=1, threads=1, rerun="all")
    new = store.read(cells[1].key)
    assert new.started != old.started
    assert list(store.frame().set_index("key").loc[[cells[1].key], "started"]) == [new.started]


def alive(log: Path) -> list[int]:
    pids = [int(line) for line in log.read_text().split()]
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("then", ["returns", "raises", "sleeps", "leaves"])
def test_a_solver_that_forks_has_one_record_and_leaves_no_process(tmp_path, then):
    """The second process neither writes nor tells anything, and does not survive its cell."""
    cells = matrix(f"Fork[then={then},log={tmp_path}/log]", "Guess").cells()
    store, told = Store(tmp_path / "out"), []
    state = run_matrix(cells, store, jobs=1, threads=1, on_event=lambda e: e.kind == "ended" and told.append(e.cell.key))
    assert state.statuses == {"ok": 2}
    assert sorted(told) == sorted(cell.key for cell in cells)
    assert (tmp_path / "log").read_text()
    assert alive(tmp_path / "log") == []


@pytest.mark.parametrize("what", ["nothing", "array", "objects", "text"])
def test_what_is_no_reconstruction_is_an_error_in_one_line(tmp_path, what):
    (cell,) = matrix(f"NoReconstruction[what={what}]").cells()
    ended = execute(cell, Store(tmp_path))
    assert (ended.status, ended.error["type"]) == ("error", "PrbenchError")
    assert "\n" not in ended.error["message"]
    assert Store(tmp_path).arrays(cell.key) == {}


def test_the_last_words_are_those_of_the_cell_that_died(tmp_path):
    """Also where cells before it, of the same worker, have printed."""
    cells = matrix("Chatty", "Exit", samples=2).cells()
    run_matrix(cells, Store(tmp_path), jobs=1, threads=1)
    died = [one for one in Store(tmp_path).records() if one.status == "crashed"]
    assert [one.error["output"] for one in died] == ["about to leave"] * 2


def test_quick_cells_given_ahead_end_once_each_also_when_their_worker_dies(tmp_path, monkeypatch):
    """Workers are killed while they have a cell in hand and another waiting."""
    monkeypatch.setattr(pool, "_QUICK_S", 100.0)
    cells = matrix("Walk[pause_s=0.005]", samples=30).cells()
    told: list[str] = []

    def on(event) -> None:
        if event.kind == "ended":
            told.append(event.cell.key)
            if len(told) in (5, 12):
                for child in psutil.Process().children():
                    if "prbench.running.local.worker" in " ".join(child.cmdline()):
                        child.kill()

    state = run_matrix(cells, Store(tmp_path), jobs=2, threads=1, on_event=on)
    assert sorted(told) == sorted(cell.key for cell in cells)
    assert state.statuses["ok"] + state.statuses["killed"] == 30
    assert state.statuses["killed"] <= 4
    assert len(Store(tmp_path).keys()) == 30


def test_python_itself_is_where_the_workers_are(tmp_path):
    """A folder with files named as Python's own modules does not get into the workers."""
    (tmp_path / "json.py").write_text("raise SystemExit('executed')")
    (tmp_path / "numpy.py").write_text("raise SystemExit('executed')")
    args = ["run", "-s", f"{FILE}:Guess", "-d", f"{FILE}:Dots", "--backend", "numpy", "-j", "1", "-o", "out"]
    call = [sys.executable, "-P", "-c", "from prbench.cli import main; main()", *args]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "executed" not in done.stdout + done.stderr


def test_each_worker_has_a_gpu_of_its_own(tmp_path, monkeypatch):
    """Two GPUs, as far as the environment says so: no more workers than those, and each sees one."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    cells, store = matrix("NoReconstruction[what=gpu]", samples=12).cells(), Store(tmp_path)
    run_matrix(cells, store, engine=LocalEngine(jobs=4, threads=1, gpu=True))
    assert {str(store.arrays(cell.key)["aux.gpu"]) for cell in cells} == {"3", "5"}
