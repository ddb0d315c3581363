"""A Dask cluster of SLURM jobs, described by a YAML file.

::

    jobs: 8                                  # SLURM jobs
    cores: 16                                # of each job
    processes: 4                             # workers of each job, which share its cores; one a GPU
    memory: 64GB                             # of each job
    walltime: "04:00:00"
    queue: gpu
    job_extra_directives: ["--gres=gpu:1"]
    job_script_prologue: ["module load cuda"]

Every key but ``jobs`` is the keyword argument of the same name of :class:`dask_jobqueue.SLURMCluster`. A worker computes one
cell at a time, with ``cores / processes`` threads. It begins no cell whose limit is longer than the rest of its walltime: the job
ends early instead, and another is submitted while cells are left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prbench.core.yaml_text import read_yaml
from prbench.errors import MissingDependency, UsageError, one_line
from prbench.hints import install_hint
from prbench.running.local.pool import On
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store

from .dask_engine import DaskEngine, silence
from .dask_worker_time import ENDS
from .jobs import Jobs

_Line = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\r\n]*$")]


class Cluster(BaseModel):
    """What the YAML file may say; see :class:`dask_jobqueue.SLURMCluster` for the meaning of all but ``jobs``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    jobs: int = Field(ge=1, le=10_000)
    cores: int = Field(ge=1, le=4096)
    memory: str = Field(pattern=r"^\d+(\.\d+)? ?[kKMGT]i?B$")
    processes: int = Field(default=1, ge=1, le=4096)
    queue: _Line | None = None
    account: _Line | None = None
    walltime: str | None = Field(default=None, pattern=r"^(\d+-)?\d{1,3}(:\d{2}){0,2}$")
    job_cpu: int | None = Field(default=None, ge=1)
    job_mem: _Line | None = None
    job_name: _Line | None = None
    job_extra_directives: list[_Line] | None = None
    job_directives_skip: list[_Line] | None = None
    job_script_prologue: list[_Line] | None = None
    worker_extra_args: list[_Line] | None = None
    interface: _Line | None = None
    protocol: _Line | None = None
    python: _Line | None = None
    shebang: _Line | None = None
    local_directory: _Line | None = None
    log_directory: _Line | None = None
    shared_temp_directory: _Line | None = None
    death_timeout: int | None = Field(default=None, ge=1)
    nanny: bool = True
    scheduler_options: dict[str, str | int | float | bool | None] | None = None

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a YAML file.

        Raises:
            UsageError: one line naming the file, the key and what was expected.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{file} cannot be read: {one_line(error)}") from error
        data = read_yaml(text, str(file))
        if not isinstance(data, dict):
            raise UsageError(f"{file}: a cluster is a mapping with jobs, cores and memory, got {type(data).__name__}")
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            known = f"; known keys are: {', '.join(cls.model_fields)}" if first["type"] == "extra_forbidden" else ""
            raise UsageError(f"{file}: {one_line(key, 60)}: {one_line(first['msg'])}{known}") from error

    def build(self) -> Any:
        """The cluster with its scheduler in this process and no job yet.

        Raises:
            MissingDependency: where dask-jobqueue is not installed.
            UsageError: where it does not take these values.
        """
        try:
            from dask_jobqueue import SLURMCluster
        except ImportError as error:
            raise MissingDependency(f"{error}; {install_hint('dask')}") from error
        silence()
        arguments = {name: value for name, value in self.model_dump().items() if name != "jobs" and value is not None}
        arguments |= {"cores": self.processes, "job_cpu": self.job_cpu or self.cores}  # a Dask thread is a cell, not a core
        arguments["scheduler_options"] = {"dashboard_address": ":0"}  # any free port: several front ends run on one login node
        if self.walltime is not None:
            told = f"export {ENDS}=$(($(date +%s) + {seconds_of(self.walltime)}))"
            arguments["job_script_prologue"] = [told, *(self.job_script_prologue or [])]
        try:
            return SLURMCluster(**arguments)
        except (ValueError, TypeError, OSError, RuntimeError) as error:
            raise UsageError(f"dask-jobqueue refuses this cluster: {one_line(error)}") from error

    @contextlib.contextmanager
    def open(self) -> Iterator[tuple[str, Jobs]]:
        """Submit the jobs, give the scheduler's address and what watches the jobs, and cancel them at the end."""
        cluster = self.build()
        try:
            cluster.scale(jobs=self.jobs)
            watched = Jobs(
                ids=lambda: {str(name): str(job.job_id) for name, job in dict(cluster.workers).items()},
                wanted=self.jobs,
                resubmit=lambda: cluster.scale(jobs=self.jobs),
                log_directory=self.log_directory,
            )
            yield str(cluster.scheduler_address), watched
        finally:
            cluster.close()


def seconds_of(walltime: str) -> int:
    """Seconds of a time as SLURM writes it: ``minutes``, ``minutes:seconds``, ``hours:minutes:seconds``, ``days-hours[:..]``."""
    days, dash, clock = walltime.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if dash or len(parts) == 3:
        hours, minutes, seconds = [*parts, 0, 0][:3]
    else:
        hours, (minutes, seconds) = 0, [*parts, 0][:2]
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds


@dataclass(frozen=True)
class ClusterEngine:
    """Workers in SLURM jobs of this run's own; an :class:`~prbench.running.engines.Engine`.

    Attributes:
        cluster: which jobs.
        threads: CPU threads of each cell; a worker's share of its job's cores where None.
        memory_bytes, hard_limit_s: as :class:`~prbench.running.remote.dask_engine.DaskEngine` has them.
    """

    cluster: Cluster
    threads: int | None = None
    memory_bytes: int | None = None
    hard_limit_s: float | None = None

    def run(self, cells: Iterator[Cell], store: Store, on: On) -> None:
        """See :class:`~prbench.running.engines.Engine`; raises as :class:`~prbench.running.remote.dask_engine.DaskEngine`.

        Raises:
            UsageError: where all jobs have ended and no worker is left.
        """
        with self.persistent(store) as engine:
            engine.run(cells, store, on)

    @contextlib.contextmanager
    def persistent(self, store: Store) -> Iterator[DaskEngine]:  # noqa: ARG002 - jobs serve any folder
        """An engine whose jobs stay for several runs, as long as the context lasts."""
        with self.cluster.open() as (address, jobs):
            threads = self.threads or max(1, self.cluster.cores // self.cluster.processes)
            yield DaskEngine(address, threads, self.memory_bytes, self.hard_limit_s, watch=jobs.poll)
