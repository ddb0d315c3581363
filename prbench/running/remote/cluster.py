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

Every key but ``jobs`` is the keyword argument of the same name of :class:`dask_jobqueue.SLURMCluster`. A worker computes one cell
at a time, with ``cores / processes`` threads.
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
        try:
            return SLURMCluster(**arguments)
        except (ValueError, TypeError, OSError, RuntimeError) as error:
            raise UsageError(f"dask-jobqueue refuses this cluster: {one_line(error)}") from error

    @contextlib.contextmanager
    def open(self) -> Iterator[str]:
        """Submit the jobs, give the scheduler's address, and cancel the jobs at the end."""
        cluster = self.build()
        try:
            cluster.scale(jobs=self.jobs)
            yield str(cluster.scheduler_address)
        finally:
            cluster.close()


@dataclass(frozen=True)
class ClusterEngine:
    """Workers in SLURM jobs of this run's own; an :class:`~prbench.running.engine.Engine`.

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
        """See :class:`~prbench.running.engine.Engine`; raises as :class:`~prbench.running.remote.dask_engine.DaskEngine`."""
        with self.cluster.open() as address:
            threads = self.threads or max(1, self.cluster.cores // self.cluster.processes)
            DaskEngine(address, threads, self.memory_bytes, self.hard_limit_s).run(cells, store, on)
