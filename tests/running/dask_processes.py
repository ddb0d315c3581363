"""Processes of a Dask cluster and of front ends, which tests start, and waiting for what they do."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

FRONT = """
import sys
from prbench.running.remote.dask_engine import DaskEngine
from prbench.running.engine import run_matrix
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store
m = Matrix.of("t", solvers=sys.argv[3], datasets=sys.argv[4], samples=int(sys.argv[5]), backend="numpy")
s = run_matrix(m.cells(), Store(sys.argv[2]), engine=DaskEngine(sys.argv[1], threads=1))
print(s.total, s.cached, s.done, dict(s.statuses))
"""


def address_in(file: Path) -> str:
    """The address in a scheduler's file, once it is written to its end."""

    def written() -> str:
        try:
            return json.loads(file.read_text())["address"]
        except (OSError, ValueError):
            return ""

    return wait_for(written, 60)


@contextlib.contextmanager
def lone_scheduler(folder: Path, **variables: str):
    """A scheduler of a test's own, without workers: its process and its address."""
    file = folder / "scheduler.json"
    call = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--no-dashboard", "--port", "0"]
    with (folder / "scheduler.log").open("wb") as log:
        process = subprocess.Popen([*call, "--scheduler-file", str(file)], env={**os.environ, **variables}, stderr=log)
    try:
        yield process, address_in(file)
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextlib.contextmanager
def lone_worker(scheduler: str, folder: Path, name: str, **variables: str):
    """A worker of a test's own, one cell at a time: its process."""
    call = [sys.executable, "-m", "dask", "worker", scheduler, "--host", "127.0.0.1", "--no-dashboard", "--nthreads", "1"]
    environment = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(folder), "OMP_NUM_THREADS": "1", **variables}
    with (folder / name).open("wb") as log:
        process = subprocess.Popen([*call, "--name", name], env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def begun(log: Path) -> list[tuple[int, int]]:
    """Sample and process of every cell begun so far."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(int(line.split()[0]), int(line.split()[1])) for line in lines]


def wait_for(condition, seconds=120.0):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


@contextlib.contextmanager
def front(scheduler: str, store: Path, solver: str, dataset: str, samples: int):
    """A front end in a process of its own, which takes its cells back where the test ends before it does."""
    call = [sys.executable, "-c", FRONT, scheduler, str(store), solver, dataset, str(samples)]
    process = subprocess.Popen(call, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)
