"""What Dask's own processes call: a worker to compute a batch, a scheduler to say what it has in hand.

Imported by name in workers and schedulers, and where Dask is installed only.
"""

from __future__ import annotations

import json
import time
from typing import Any

from distributed import Reschedule, get_worker
from distributed.core import Status

from prbench import __version__
from prbench.errors import PrbenchError

from . import stations
from .dask_worker_time import rest_s

_CLOSING_S = 30.0
_UNFINISHED = {"waiting", "queued", "no-worker", "processing"}


def compute(job: str) -> str:
    """The task: a batch of cells in JSON to how each ended in JSON; see :func:`prbench.running.remote.stations.compute`.

    A worker with several threads has several tasks at a time, which share its memory.

    Raises:
        PrbenchError: where cells on a GPU would have to share it, or another version of prbench has sent them.
        distributed.Reschedule: where the worker's job ends before the cells would; the worker then takes no more.
    """
    worker, asked = get_worker(), json.loads(job)
    setup: dict[str, Any] = asked["setup"]
    if setup["version"] != __version__:
        raise PrbenchError(
            f"{worker.address} has prbench {__version__}, the front end {setup['version']}; install one version on all machines"
        )
    if rest_s() < asked["needs_s"]:
        _retire(worker)
        raise Reschedule
    at_a_time, limit = worker.state.nthreads, worker.memory_manager.memory_limit
    if at_a_time > 1 and any(spec["device_class"] != "cpu" for spec, _ in asked["cells"]):
        raise PrbenchError(
            f"the Dask worker {worker.address} computes {at_a_time} cells at a time, which would share its GPU; "
            "start one worker a GPU, with --nthreads 1"
        )
    setup["memory_bytes"] = setup["memory_bytes"] or (int(0.9 * limit / at_a_time) if limit else None)
    return json.dumps(stations.compute(setup, asked["cells"]))


def _retire(worker: Any) -> None:
    """Have the worker leave its scheduler, so that what it gives back goes to another."""
    worker.loop.add_callback(worker.close_gracefully, restart=False)
    until = time.monotonic() + _CLOSING_S
    while worker.status == Status.running and time.monotonic() < until:
        time.sleep(0.05)


def stop(run: str) -> None:
    """End the stations of a run on this worker."""
    stations.stop(run)


def in_hand(prefix: str, dask_scheduler: Any = None) -> list[str]:
    """The keys of a scheduler's unfinished tasks that begin with ``prefix``; runs in the scheduler."""
    return [key for key, task in dask_scheduler.tasks.items() if str(key).startswith(prefix) and task.state in _UNFINISHED]


def threads_of_workers(dask_scheduler: Any = None) -> dict[str, int]:
    """The names of the workers that are there, and how many cells each computes at a time; runs in the scheduler."""
    return {str(worker.name): worker.nthreads for worker in dask_scheduler.workers.values()}
