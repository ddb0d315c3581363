"""SLURM clusters: the file that describes one, the job script that it becomes, and a run through a stand-in for SLURM."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.errors import UsageError
from prbench.running.engine import run_matrix
from prbench.running.remote import jobs
from prbench.running.remote.cluster import Cluster, ClusterEngine, seconds_of
from prbench.running.remote.jobs import Jobs
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store

FILE = Path(__file__).with_name("misbehaving.py").as_posix()
GOOD = """
jobs: 2
cores: 4
processes: 2
memory: 4GB
walltime: "01:30:00"
queue: short
account: physics
interface: lo
job_extra_directives: ["--gres=gpu:1"]
job_script_prologue: ["module load cuda/12.4", "export PRBENCH_DATA=/data"]
log_directory: logs
death_timeout: 20
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "slurm.yaml"
    path.write_text(text)
    return path


def test_the_job_script_says_what_the_file_says(tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed; pip install -c constraints.txt -e '.[dask]'")
    monkeypatch.chdir(tmp_path)
    cluster = Cluster.read(written(tmp_path, GOOD)).build()
    try:
        script = cluster.job_script()
    finally:
        cluster.close()
    wanted = ("-p short", "-A physics", "-t 01:30:00", "--gres=gpu:1", "--cpus-per-task=4", "--mem=4G", " cuda/12.4")
    assert all(word in script for word in wanted), script
    assert "--nworkers 2" in script
    assert "--nthreads 1" in script


def test_two_front_ends_fit_on_one_machine(tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed; pip install -c constraints.txt -e '.[dask]'")
    monkeypatch.chdir(tmp_path)
    with contextlib.ExitStack() as stack:
        first, second = (Cluster.read(written(tmp_path, GOOD)).build() for _ in range(2))
        stack.callback(second.close)
        stack.callback(first.close)
        assert first.scheduler_address != second.scheduler_address


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cores: 4\nmemory: 4GB\n", "jobs: .*required"),
        ("jobs: 2\nmemory: 4GB\n", "cores: .*required"),
        ("jobs: 0\ncores: 4\nmemory: 4GB\n", r"jobs: .*\b1\b"),
        ("jobs: two\ncores: 4\nmemory: 4GB\n", "jobs: .*integer"),
        ("jobs: 2\ncores: 4\nmemory: much\n", "memory: .*pattern"),
        ("jobs: 2\ncores: 4\nmemory: 4GB\nqueues: x\n", "queues: .*jobs, cores, "),
        ("jobs: 2\ncores: 4\nmemory: 4GB\nwalltime: 5400\n", "walltime: .*string"),
        ('jobs: 2\ncores: 4\nmemory: 4GB\nqueue: "a\\nrm -rf x"\n', "queue: .*pattern"),
        ("jobs: 2\ncores: 4\nmemory: 4GB\njob_script_prologue: rm\n", "job_script_prologue: .*list"),
        ("!!python/object/apply:os.system ['touch executed']", "YAML"),
        ("jobs: !!python/name:os.system\n", "YAML"),
        ("- 1\n", r"jobs, cores.*\blist\b"),
        ("jobs: [\n", "YAML"),
        ("", r"jobs, cores.*\bNoneType\b"),
    ],
)
def test_a_file_that_is_no_cluster_is_told_in_one_line(tmp_path, monkeypatch, text, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=told) as caught:
        Cluster.read(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "slurm.yaml" in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["slurm.yaml"]


SBATCH = """#!/bin/sh
# Stands in for sbatch: runs a copy of the job script in the background, and tells its process id as the number of the job.
cp "$1" "$0.job"
setsid sh "$0.job" >"$0.log" 2>&1 &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/bin/sh
for job in "$@"; do kill -TERM -- "-$job" 2>/dev/null; done; true
"""


def test_a_run_through_jobs(tmp_path, monkeypatch):
    """SLURM's two commands are replaced by scripts that start a job here; everything else is as on a cluster."""
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed; pip install -c constraints.txt -e '.[dask]'")
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        script = tmp_path / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "scratch"))
    monkeypatch.chdir(tmp_path)
    text = f"jobs: 1\ncores: 1\nmemory: 2GB\ninterface: lo\ndeath_timeout: 30\npython: {sys.executable}\n"
    cluster = Cluster.read(written(tmp_path, text))
    cells = Matrix.of("t", solvers=f"{FILE}:Guess", datasets=f"{FILE}:Dots", samples=5, backend="numpy").cells()
    state = run_matrix(cells, Store("out"), engine=ClusterEngine(cluster, threads=1))
    assert state.statuses == {"ok": 5}
    assert {record.threads for record in Store("out").records()} == {1}


DYING = """#!/bin/sh
# Stands in for sbatch: a job whose script cannot even begin.
echo "slurmstepd: error: module: command not found" >"slurm-4242.out"
echo "Submitted batch job 4242"
"""


def test_jobs_that_die_at_once_end_the_run_with_the_end_of_their_log(tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed; pip install -c constraints.txt -e '.[dask]'")
    from prbench.running.remote import dask_engine

    for name, text in (("sbatch", DYING), ("scancel", "#!/bin/sh\n"), ("squeue", "#!/bin/sh\n")):
        script = tmp_path / "bin" / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(text)
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", str(tmp_path / "scratch"))
    monkeypatch.setattr(jobs, "LOOK_EVERY_S", 0.5)
    monkeypatch.setattr(dask_engine, "_WORKERS_EVERY_S", 0.5)
    monkeypatch.chdir(tmp_path)
    cluster = Cluster.read(written(tmp_path, "jobs: 2\ncores: 1\nmemory: 2GB\ninterface: lo\n"))
    cells = Matrix.of("t", solvers=f"{FILE}:Guess", datasets=f"{FILE}:Dots", samples=2, backend="numpy").cells()
    with pytest.raises(UsageError, match=r"slurm-4242\.out.*slurmstepd") as caught:
        run_matrix(cells, Store("out"), engine=ClusterEngine(cluster, threads=1))
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
    assert Store("out").keys() == []


@pytest.mark.parametrize(
    ("walltime", "seconds"),
    [("90", 5400), ("90:30", 5430), ("04:00:00", 14400), ("1-00", 86400), ("2-03:30", 185400), ("1-00:00:01", 86401)],
)
def test_walltimes_are_read_as_slurm_writes_them(walltime, seconds):
    assert seconds_of(walltime) == seconds


class Asked:
    """Jobs by name, and how often they were submitted again."""

    def __init__(self, monkeypatch, alive: set[str]) -> None:
        monkeypatch.setattr(jobs, "LOOK_EVERY_S", 0.0)
        monkeypatch.setattr(Jobs, "_alive", lambda self, numbers: alive & set(numbers))
        self.ids, self.again = {"job-0": "7", "job-1": "8"}, 0
        self.jobs = Jobs(lambda: self.ids, 2, self.resubmit)

    def resubmit(self) -> None:
        self.again += 1


def test_a_job_at_the_end_of_its_time_is_submitted_again_while_cells_end(monkeypatch):
    asked = Asked(monkeypatch, {"7", "8"})
    assert asked.jobs.poll(["job-0-1", "job-1"], 0) is None
    del asked.ids["job-1"]
    assert re.findall(r"\d+", asked.jobs.poll(["job-0-1"], 5)) == ["1", "2"]
    assert asked.again == 1
    asked.jobs.poll(["job-0-1"], 5)  # nothing has been computed since: another would not help
    assert asked.again == 1


def test_a_job_without_a_worker_that_slurm_still_has_is_waited_for(monkeypatch):
    asked = Asked(monkeypatch, {"7", "8"})
    assert asked.jobs.poll([], 0) is None


def test_a_job_that_dies_beside_one_that_works_is_told(monkeypatch):
    asked = Asked(monkeypatch, {"7"})
    assert "job 8" in asked.jobs.poll(["job-0"], 3)
    assert asked.jobs.poll(["job-0"], 4) is None
    assert asked.again == 0


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["--executor", "dask"], ["--executor dask", "--scheduler", "--cluster"]),
        (
            ["--executor", "dask", "--scheduler", "tcp://127.0.0.1:9", "--cluster", "slurm.yaml"],
            ["--executor dask", "--scheduler", "--cluster"],
        ),
        (["--executor", "local", "--scheduler", "tcp://127.0.0.1:9"], ["--executor local", "--scheduler"]),
        (["--scheduler", "tcp://127.0.0.1:9", "--jobs", "2"], ["--jobs"]),
        (["--cluster", "nothing.yaml"], ["nothing.yaml", os.strerror(errno.ENOENT)]),
        (["--cluster", "bad.yaml"], ["bad.yaml: jobs"]),
        (["--shard", "3"], ["i/N", "'3'"]),
        (["--shard", "3/2"], ["i/N", "'3/2'"]),
    ],
)
def test_options_that_contradict_each_other_are_one_line_and_write_nothing(tmp_path, monkeypatch, args, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("jobs: x\ncores: 1\nmemory: 1GB\n")
    result = CliRunner().invoke(app, ["run", "-s", f"{FILE}:Guess", "-d", f"{FILE}:Dots", "--backend", "numpy", *args])
    assert result.exit_code == 2, result.output
    assert [name for name in told if name not in result.stderr] == [], result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["bad.yaml"]
