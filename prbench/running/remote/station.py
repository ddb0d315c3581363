"""A station: the process in which a remote executor's worker computes cells, apart from that worker.

A worker of a cluster (Dask's, say) lives long, serves runs of several folders and may not be taken along by a solver. So it
computes nothing itself: for each run it keeps one station, a process started from scratch in the run's working folder, which
works through batches of cells in one watched worker process (:mod:`prbench.running.local.pool`) and writes their records. What
comes in is specs, what goes back is how each ended; both are JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator, Mapping
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from prbench.errors import PrbenchError, one_line
from prbench.running.code_id import code_id
from prbench.running.endings import error_of
from prbench.running.environment import available_memory, environment
from prbench.running.local.pool import Limits, Pool
from prbench.running.local.worker import die_with
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record, now

IDLE_S = 60.0
"""Seconds without work after which a station ends; the next batch starts another."""


def main(connection_fd: int, parent: int) -> None:
    """Be a station: compute the batches that arrive until the connection closes or none has come for a minute."""
    os.set_inheritable(connection_fd, False)
    die_with(parent, connection_fd, of_thread=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(connection_fd)
    with contextlib.suppress(EOFError, BrokenPipeError):
        setup = json.loads(connection.recv_bytes())
        try:
            _work(connection, setup)
        except (PrbenchError, OSError) as failure:
            connection.send_bytes(json.dumps({"error": f"{os.uname().nodename}: {one_line(failure)}"}).encode())


def _work(connection: Connection, setup: Mapping[str, Any]) -> None:
    store = Store(setup["store"])
    if not Path(setup["marker"]).exists():
        raise PrbenchError(
            f"{store.path} is not the folder that the run writes to; results need a file system that all workers share"
        )
    os.chdir(setup["folder"])  # where files named from there are found
    memory = setup["memory_bytes"] or int(0.9 * available_memory())
    with Pool(store, 1, Limits(setup["threads"], memory, setup["hard_limit_s"])) as pool:
        while connection.poll(IDLE_S):
            ended = _compute(pool, store, setup, json.loads(connection.recv_bytes()))
            connection.send_bytes(json.dumps({"ended": ended}).encode())


def _compute(pool: Pool, store: Store, setup: Mapping[str, Any], pairs: list[Any]) -> list[Any]:
    cells = [(Cell.from_plain(spec), stamp) for spec, stamp in pairs]
    ended: dict[str, list[Any]] = {}

    def on(event: str, cell: Cell, values: Mapping[str, Any]) -> None:
        if event == "ended":
            store.attempt_path(cell.key, setup["run"]).unlink(missing_ok=True)
            store.flush_soon()
            ended[cell.key] = [values["status"], values["seconds"]]

    def unfinished_cells() -> Iterator[Cell]:
        for cell, stamp in cells:
            if store.stamp(cell.key) == stamp:
                if _begins(store, cell, setup["run"]) > setup["attempts"]:
                    _record_lost(store, cell, setup)
                else:
                    yield cell

    pool.run(unfinished_cells(), on)
    return [ended.get(cell.key) or _ended_before(store, cell) for cell, _ in cells]


def _begins(store: Store, cell: Cell, run: str) -> int:
    """How often this run has begun the cell, now included: a byte each in a file that goes when the cell has ended."""
    attempt = store.attempt_path(cell.key, run)
    attempt.parent.mkdir(parents=True, exist_ok=True)
    with attempt.open("ab") as file:
        file.write(b".")
        return file.tell()


def _record_lost(store: Store, cell: Cell, setup: Mapping[str, Any]) -> None:
    text = f"its worker was lost {setup['attempts']} times while it was at this cell: the machine went down, or was made to"
    record = Record.of(
        cell,
        "killed",
        environment=store.write_environment(environment()),
        code_id=code_id(*map(type, (cell.build_solver(), cell.build_dataset()))),
        threads=setup["threads"],
        error=error_of("solving", "LostWorker", text),
        started=now(),
        ended=now(),
    )
    store.write(record, {})
    store.attempt_path(cell.key, setup["run"]).unlink(missing_ok=True)


def _ended_before(store: Store, cell: Cell) -> list[Any]:
    record = store.read(cell.key)
    if record is None:
        raise PrbenchError(f"the record {cell.key} has changed and cannot be read; the same command runs it again")
    seconds = (datetime.fromisoformat(record.ended) - datetime.fromisoformat(record.started)).total_seconds()
    return [record.status, max(seconds, 0.0)]
