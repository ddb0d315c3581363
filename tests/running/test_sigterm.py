"""SIGTERM to the front end, as batch systems send it, ends a run as Ctrl-C does: workers, jobs, markers and claims go."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from prbench.running.store.folder import Store

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
CODE = "from prbench.cli import main; main()"
SBATCH = """#!/bin/sh
# Stands in for sbatch: runs a copy of the job script in the background, and tells its process id as the number of the job.
cp "$1" "$0.job"
setsid sh "$0.job" >"$0.log" 2>&1 &
echo "$!" >>"$0.submitted"
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
echo "$@" >>"$0.cancelled"
for job in "$@"; do kill -TERM -- "-$job" 2>/dev/null; done; true
"""


def begin(folder: Path, *words: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A run of forty cells, once two of them are there."""
    call = [sys.executable, "-c", CODE, "run", "-s", f"{FILE}:Walk[pause_s=0.02]", "-d", f"{FILE}:Dots", "--samples", "40"]
    run = subprocess.Popen(
        [*call, "--backend", "numpy", "-o", str(folder / "out"), *words],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while len(list(folder.glob("out/runs/??/*.json"))) < 2 and time.monotonic() < until and run.poll() is None:
        time.sleep(0.05)
    return run


def gone(pid: int) -> bool:
    """Whether a process ends within a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def assert_nothing_left(folder: Path) -> None:
    assert not (folder / "out" / "claims").exists()
    assert list((folder / "out").glob(".run-*")) == []
    store = Store(folder / "out")
    assert 2 <= len(store.keys()) < 40
    assert not store.corrupt


def test_a_run_on_this_machine(tmp_path):
    run = begin(tmp_path, "-j", "1")
    workers = [child.pid for child in psutil.Process(run.pid).children()]
    run.send_signal(signal.SIGTERM)
    _, told = run.communicate(timeout=300)
    assert run.returncode == 130, told
    assert "Traceback" not in told
    assert workers
    assert all(gone(pid) for pid in workers)
    assert_nothing_left(tmp_path)


def test_a_run_in_jobs_of_a_cluster(tmp_path):
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed; pip install -c constraints.txt -e '.[dask]'")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (commands / name).write_text(text)
        (commands / name).chmod((commands / name).stat().st_mode | stat.S_IXUSR)
    cluster = tmp_path / "slurm.yaml"
    cluster.write_text(f"jobs: 1\ncores: 1\nmemory: 2GB\ninterface: lo\ndeath_timeout: 60\npython: {sys.executable}\n")
    env = {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "DASK_TEMPORARY_DIRECTORY": str(tmp_path / "scratch")}
    run = begin(tmp_path, "--cluster", str(cluster), env=env)
    run.send_signal(signal.SIGTERM)
    _, told = run.communicate(timeout=300)
    assert run.returncode == 130, told
    jobs = (commands / "sbatch.submitted").read_text().split()
    assert (commands / "scancel.cancelled").read_text().split() == jobs
    assert all(gone(int(job)) for job in jobs)
    assert_nothing_left(tmp_path)
