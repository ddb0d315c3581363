"""A Dask scheduler and workers as processes: killed, abandoned and interrupted, the end is that of a local run."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from dask_processes import address_in, begun, front, lone_scheduler, lone_worker, wait_for

from prbench.errors import PrbenchError, UsageError
from prbench.running.engine import run_matrix
from prbench.running.remote import dask_engine
from prbench.running.remote.dask_engine import DaskEngine
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
from prbench.running.store.record import same_outcome

pytest.importorskip("distributed", reason="Dask is not installed; pip install -c constraints.txt -e '.[dask]'")

from prbench.running.remote.dask_worker import threads_of_workers

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
WALK = f"{FILE}:Walk[pause_s=0.015]"  # 0.3 s: too long to be repeated


def matrix(solvers, dataset=f"{FILE}:Dots", samples=8) -> Matrix:
    return Matrix.of("t", solvers=solvers, datasets=dataset, samples=samples, backend="numpy")


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler on loopback with two workers, each of which is started again when it dies."""
    folder = tmp_path_factory.mktemp("dask")
    environment = {
        **os.environ,
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        "DASK_TEMPORARY_DIRECTORY": str(folder),
        "OMP_NUM_THREADS": "1",
    }
    dask, loopback = [sys.executable, "-m", "dask"], ["--host", "127.0.0.1", "--no-dashboard"]
    file = folder / "scheduler.json"
    workers = ["--nworkers", "2", "--nthreads", "1", "--memory-limit", "3GB", "--death-timeout", "30"]
    calls = [
        [*dask, "scheduler", *loopback, "--port", "0", "--scheduler-file", str(file)],
        [*dask, "worker", *loopback, *workers, "--scheduler-file", str(file)],
    ]
    with (folder / "log").open("wb") as log:
        processes = [subprocess.Popen(call, env=environment, cwd=folder, stdout=log, stderr=log) for call in calls]
        yield address_in(file)
        for process in reversed(processes):
            process.terminate()
            process.wait(timeout=60)


def assert_equal(store: Store, other: Store, count: int) -> None:
    ours, theirs = list(store.records()), list(other.records())
    assert len(ours) == len(theirs) == count
    for a, b in zip(ours, theirs, strict=True):
        assert same_outcome(a, b)
        assert a.code_id == b.code_id
        assert {n: x.tobytes() for n, x in store.arrays(a.key).items()} == {
            n: x.tobytes() for n, x in other.arrays(b.key).items()
        }
    assert not store.corrupt
    assert not list(store.path.glob(".run-*"))


def test_records_are_those_of_a_local_run(scheduler, tmp_path, monkeypatch):
    """Also where solvers are named from a working folder that the workers do not have."""
    (tmp_path / "mine.py").write_text(Path(FILE).read_text())
    monkeypatch.chdir(tmp_path)
    solvers = [f"mine.py:{name}" for name in ("Walk", "Guess", "Raise", "Segfault", "Walk[nan_at=3]")]
    cells = matrix(solvers, "mine.py:Dots", 3).cells()
    told = []
    run_matrix(cells, Store("local"), jobs=2, threads=1)
    engine = DaskEngine(scheduler, threads=1)
    state = run_matrix(cells, Store("remote"), engine=engine, on_event=lambda e: told.append((e.kind, e.cell and e.cell.key)))
    assert (state.done, state.cached) == (15, 0)
    assert sorted(key for kind, key in told if kind == "ended") == sorted(cell.key for cell in cells)
    assert_equal(Store("remote"), Store("local"), 15)
    assert run_matrix(cells, Store("remote"), engine=engine).cached == 15


def test_a_worker_killed_during_a_cell_costs_that_cell_a_second_start(scheduler, tmp_path):
    log, dataset = tmp_path / "log", f"{FILE}:CountedDots[log={tmp_path}/log]"
    killed: list[int] = []

    def kill() -> None:
        pid = wait_for(lambda: len(begun(log)) > 4 and begun(log)[-1][1])
        killed.extend(p.pid for p in psutil.Process(pid).parents()[:2])
        os.kill(killed[1], signal.SIGKILL)  # the Dask worker, above the station

    killer = threading.Thread(target=kill)
    killer.start()
    state = run_matrix(matrix(WALK, dataset, 16).cells(), Store(tmp_path / "remote"), engine=DaskEngine(scheduler, threads=1))
    killer.join()
    assert state.statuses == {"ok": 16}
    assert not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in killed)
    counts = Counter(sample for sample, _ in begun(log))
    assert set(counts) == set(range(16))
    assert sum(counts.values()) in (16, 17)
    run_matrix(matrix(WALK, dataset, 16).cells(), Store(tmp_path / "local"), jobs=2, threads=1)
    assert_equal(Store(tmp_path / "remote"), Store(tmp_path / "local"), 16)


def test_the_run_goes_on_without_its_front_end_and_the_same_command_joins_it(scheduler, tmp_path):
    log, dataset = tmp_path / "log", f"{FILE}:CountedDots[log={tmp_path}/log]"
    store = Store(tmp_path / "remote")
    with front(scheduler, store.path, WALK, dataset, 24) as process:
        wait_for(lambda: len(begun(log)) > 2)
        process.kill()
        process.communicate()
    before = len(store.keys())
    wait_for(lambda: len(store.keys()) > before + 3)
    with front(scheduler, store.path, WALK, dataset, 24) as again:
        told = again.communicate(timeout=120)[0]
    total, cached, done = (int(word) for word in told.split()[:3])
    assert (again.returncode, total, cached + done) == (0, 24, 24)
    assert sorted(sample for sample, _ in begun(log)) == list(range(24))
    run_matrix(matrix(WALK, dataset, 24).cells(), Store(tmp_path / "local"), jobs=2, threads=1)
    for marker in store.path.glob(".run-*"):  # of the front end that was killed
        marker.unlink()
    assert_equal(store, Store(tmp_path / "local"), 24)


def test_ctrl_c_ends_cells_in_hand(scheduler, tmp_path):
    log, dataset = tmp_path / "log", f"{FILE}:CountedDots[log={tmp_path}/log]"
    with front(scheduler, tmp_path / "remote", f"{FILE}:Hang", dataset, 9) as process:
        pid = wait_for(lambda: begun(log) and begun(log)[0][1])
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode != 0
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert Store(tmp_path / "remote").keys() == []
    time.sleep(0.5)
    assert len(begun(log)) <= 2


def test_a_cell_that_takes_its_worker_along_each_time_is_a_record(scheduler, tmp_path):
    cells = matrix([f"{FILE}:Assassin", f"{FILE}:Guess"], samples=1).cells()
    store = Store(tmp_path)
    state = run_matrix(cells, store, engine=DaskEngine(scheduler, threads=1, attempts=1))
    assert state.statuses == {"killed": 1, "ok": 1}
    (record,) = [record for record in store.records() if record.status == "killed"]
    assert record.error["type"] == "LostWorker"
    assert not list(tmp_path.rglob("*.begun.*"))


def test_a_folder_that_workers_do_not_share_is_told(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_engine.Path, "touch", lambda *args, **more: None)
    with pytest.raises(PrbenchError, match=rf"{tmp_path}.*workers"):
        run_matrix(matrix(WALK).cells(), Store(tmp_path), engine=DaskEngine(scheduler, threads=1))


@pytest.mark.cluster
def test_where_no_scheduler_answers_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_engine, "_CONNECT_S", 0.3)
    for address in ("tcp://127.0.0.1:9", "nonsense", "tcp://"):
        with pytest.raises(UsageError, match=f"scheduler.* {address}: ") as caught:
            run_matrix(matrix(WALK).cells(), Store(tmp_path / "above" / "out"), engine=DaskEngine(address))
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", [OSError("refused"), TimeoutError(), RuntimeError("closed")])
def test_a_scheduler_that_goes_once_it_has_answered_is_one_line(tmp_path, monkeypatch, failure):
    class Client:
        def run_on_scheduler(self, *arguments):
            raise failure

        def cancel(self, futures, **more):
            raise failure

    @contextlib.contextmanager
    def connected(scheduler):
        yield Client()

    monkeypatch.setattr(dask_engine, "connected", connected)
    with pytest.raises(PrbenchError, match=rf"\bDask\b.*\({failure}\)"):
        run_matrix(matrix(WALK).cells(), Store(tmp_path / "out"), engine=DaskEngine("tcp://127.0.0.1:9"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("states", [["lost", "finished"], ["pending", "lost", "finished"]])
def test_an_answer_that_went_with_its_worker_is_waited_for_again(tmp_path, monkeypatch, states):
    """Its task had finished, and another worker computes it again: the run goes on."""
    left = list(states)

    class Future:
        def __init__(self, key):
            self.key = key

        @property
        def status(self):
            return left[0]

        def add_done_callback(self, call):
            call(self)

        def result(self, timeout):
            return json.dumps([["ok", 0.1]])

    class Client:
        def run_on_scheduler(self, function, *arguments):
            return function(*arguments, dask_scheduler=SimpleNamespace(tasks={}, workers={}))

        def submit(self, *arguments, key, **more):
            return Future(key)

    class Handing(dask_engine._HandingOver):
        def _wait_again(self, key, future, batch):
            left.pop(0)
            super()._wait_again(key, future, batch)

    monkeypatch.setattr("distributed.fire_and_forget", lambda future: None)
    told = []
    cells = matrix(f"{FILE}:Guess", samples=1).cells()
    setup = {"run": "prbench-1", "memory_bytes": None, "hard_limit_s": None, "attempts": 1, "threads": 1}
    Handing(Client(), Store(tmp_path), setup, lambda *event: told.append(event), lambda *known: None).run(iter(cells))
    assert [(kind, info["status"]) for kind, _, info in told] == [("ended", "ok")]
    assert left == ["finished"]


@pytest.mark.cluster
def test_a_worker_whose_job_ends_before_a_cell_would_leaves_it_to_others(scheduler, tmp_path):
    """Its job has ten seconds left, each cell a limit of a minute: it computes none, and ends by itself."""
    from distributed import Client

    log, dataset = tmp_path / "log", f"{FILE}:CountedDots[log={tmp_path}/log]"
    cells = Matrix.of("t", solvers=WALK, datasets=dataset, samples=8, backend="numpy", time_limit_s=60.0).cells()
    with lone_worker(scheduler, tmp_path, "ending", PRBENCH_JOB_ENDS=str(time.time() + 10)) as ending:
        with Client(scheduler, set_as_default=False) as client:
            wait_for(lambda: "ending" in client.run_on_scheduler(threads_of_workers), 60)
        state = run_matrix(cells, Store(tmp_path / "out"), engine=DaskEngine(scheduler, threads=1))
        assert ending.wait(timeout=60) == 0
    assert state.statuses == {"ok": 8}
    assert sorted(sample for sample, _ in begun(log)) == list(range(8))


@pytest.mark.cluster
def test_a_stalled_worker_is_given_up_and_its_cells_are_run_by_others(tmp_path):
    """SIGSTOP to one of two workers; the scheduler gives it up after ``worker-ttl``."""
    log, dataset = tmp_path / "log", f"{FILE}:CountedDots[log={tmp_path}/log]"
    stopped: list[int] = []

    def stall() -> None:
        pid = wait_for(lambda: len({pid for _, pid in begun(log)}) == 2 and begun(log)[-1][1], 60)
        for each in [psutil.Process(pid), *psutil.Process(pid).parents()[:2]]:  # the worker, its station, Dask's worker
            stopped.append(each.pid)
            each.suspend()

    with (
        lone_scheduler(tmp_path, DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="3s") as (_, address),
        lone_worker(address, tmp_path, "one"),
        lone_worker(address, tmp_path, "two"),
    ):
        staller = threading.Thread(target=stall)
        staller.start()
        try:
            state = run_matrix(matrix(WALK, dataset, 12).cells(), Store(tmp_path / "out"), engine=DaskEngine(address, threads=1))
        finally:
            staller.join()
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        assert stopped
        assert state.statuses == {"ok": 12}
        assert len(Store(tmp_path / "out").keys()) == 12


@pytest.mark.cluster
def test_a_scheduler_that_goes_ends_the_run_with_one_line_and_the_same_command_resumes(tmp_path, scheduler):
    store, cells = Store(tmp_path / "out"), matrix(WALK, samples=12).cells()
    with lone_scheduler(tmp_path) as (process, address), lone_worker(address, tmp_path, "one"):

        def kill() -> None:
            wait_for(lambda: len(store.keys()) > 2, 60)
            process.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(PrbenchError, match="scheduler") as caught:
            run_matrix(cells, store, engine=DaskEngine(address, threads=1))
        killer.join()
    assert "\n" not in str(caught.value)
    assert 3 <= len(store.keys()) < 12
    assert run_matrix(cells, store, engine=DaskEngine(scheduler, threads=1)).statuses.keys() == {"ok"}
    assert len(store.keys()) == 12


def test_a_worker_of_another_version_is_told(scheduler, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_engine, "__version__", "9.9.9")
    with pytest.raises(PrbenchError, match=r"9\.9\.9"):
        run_matrix(matrix(WALK).cells(), Store(tmp_path), engine=DaskEngine(scheduler, threads=1))


def test_a_scheduler_without_workers_is_told_and_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_engine, "_WORKERS_EVERY_S", 0.3)
    monkeypatch.setattr(dask_engine, "_NO_WORKER_S", 0.5)
    with contextlib.ExitStack() as stack:
        _, address = stack.enter_context(lone_scheduler(tmp_path))
        late = []

        def on_event(event):
            if event.kind == "notice" and not late:
                late.append(stack.enter_context(lone_worker(address, tmp_path, "late")))

        cells = matrix(f"{FILE}:Guess", samples=2).cells()
        state = run_matrix(cells, Store(tmp_path / "out"), engine=DaskEngine(address), on_event=on_event)
        assert late
        assert state.statuses == {"ok": 2}


@pytest.mark.cluster
def test_tuning_through_dask_finds_what_tuning_here_finds(scheduler, tmp_path):
    pytest.importorskip("optuna", reason="optuna is not installed; pip install -c constraints.txt -e '.[tune]'")
    words = ["tune", "er", "-d", "crystal2d[size=16]", "--trials", "3", "--samples", "2", "--backend", "numpy"]
    folders = {name: tmp_path / name for name in ("here", "dask")}
    for folder in folders.values():
        folder.mkdir()
    for name, who in (("here", ("-j", "1")), ("dask", ("--scheduler", scheduler))):
        call = [sys.executable, "-m", "prbench", *words, *who, "--threads", "1", "-o", "out"]
        subprocess.run(call, cwd=folders[name], check=True, capture_output=True, timeout=300)
    stores = [Store(folder / "out") for folder in folders.values()]
    assert len(stores[0].keys()) == 6
    for a, b in zip(*(list(store.records()) for store in stores), strict=True):
        assert same_outcome(a, b)
