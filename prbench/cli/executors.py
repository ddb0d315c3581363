"""Who executes a run: from the words of a command line to an engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from prbench.errors import UsageError

if TYPE_CHECKING:
    from prbench.running.engines import Engine

F = TypeVar("F", bound=Callable[..., Any])
EXECUTORS = ("local", "dask")


def executor_options(command: F) -> F:
    """``--jobs``, ``--threads``, ``--executor``, ``--scheduler`` and ``--cluster``, the same in every command that runs cells."""
    options = [
        click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", help="Workers at a time; one per core otherwise."),
        click.option(
            "--threads",
            type=click.IntRange(min=1),
            metavar="N",
            help="CPU threads of each worker; free cores / workers otherwise.",
        ),
        click.option(
            "--executor",
            type=click.Choice(EXECUTORS),
            help="Who computes: workers on this machine, or those of a Dask cluster.",
        ),
        click.option("--scheduler", metavar="ADDRESS", help="Of a running Dask scheduler, such as tcp://10.0.0.1:8786."),
        click.option(
            "--cluster",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="YAML",
            help="SLURM jobs to start as Dask workers.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def choose_engine(
    executor: str | None, scheduler: str | None, cluster: Path | None, jobs: int | None, threads: int | None
) -> Engine | None:
    """The engine that a command line asks for; None for workers on this machine.

    Raises:
        UsageError: for options that contradict each other.
    """
    remote = [name for name, value in (("--scheduler", scheduler), ("--cluster", cluster)) if value is not None]
    if executor == "local" or (executor is None and not remote):
        if remote:
            raise UsageError(f"--executor local and {remote[0]} contradict each other; leave one out")
        return None
    if len(remote) != 1:
        raise UsageError(
            "--executor dask needs either the address of a running scheduler (--scheduler) or a SLURM file (--cluster)"
        )
    if jobs is not None:
        raise UsageError("--jobs is for workers on this machine; a Dask cluster computes one cell on each of its workers")
    if cluster is not None:
        from prbench.running.remote.cluster import Cluster, ClusterEngine

        return ClusterEngine(Cluster.read(cluster), threads)
    from prbench.running.remote.dask_engine import DaskEngine

    assert scheduler is not None
    return DaskEngine(scheduler, threads)
