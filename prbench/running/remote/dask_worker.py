"""What Dask's own processes call: a worker to compute a batch, a scheduler to say what it has in hand.

Imported by name in workers and schedulers, and where Dask is installed only.
"""

from __future__ import annotations

import json
from typing import Any

from distributed import get_worker

from prbench.errors import PrbenchError

from . import station

_UNFINISHED = {"waiting", "queued", "no-worker", "processing"}


def compute(job: str) -> str:
    """The task: a batch of cells in JSON to how each ended in JSON; see :func:`prbench.running.remote.station.compute`.

    A worker with several threads has several tasks at a time, which share its memory.

    Raises:
        PrbenchError: where cells on a GPU would have to share it.
    """
    worker, asked = get_worker(), json.loads(job)
    setup: dict[str, Any] = asked["setup"]
    at_a_time, limit = worker.state.nthreads, worker.memory_manager.memory_limit
    if at_a_time > 1 and any(spec["device_class"] != "cpu" for spec, _ in asked["cells"]):
        raise PrbenchError(
            f"the Dask worker {worker.address} computes {at_a_time} cells at a time, which would share its GPU; "
            "start one worker a GPU, with --nthreads 1"
        )
    setup["memory_bytes"] = setup["memory_bytes"] or (int(0.9 * limit / at_a_time) if limit else None)
    return json.dumps(station.compute(setup, asked["cells"]))


def stop(run: str) -> None:
    """End the stations of a run on this worker."""
    station.stop(run)


def in_hand(prefix: str, dask_scheduler: Any = None) -> list[str]:
    """The keys of a scheduler's unfinished tasks that begin with ``prefix``; runs in the scheduler."""
    return [key for key, task in dask_scheduler.tasks.items() if str(key).startswith(prefix) and task.state in _UNFINISHED]
