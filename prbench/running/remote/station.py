"""A station: the process in which a remote executor's worker computes cells, apart from that worker.

A worker of a cluster (Dask's, say) lives long, serves runs of several folders and may not be taken along by a solver. So it
computes nothing itself: for each run it keeps one station, a process started from scratch in the run's working folder, which
works through batches of cells in one watched worker process (:mod:`prbench.running.local.pool`) and writes their records. What
comes in is specs, what goes back is how each ended; both are JSON.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
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
from prbench.running.local.worker_process import environment_of
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record, now

IDLE_S = 60.0
"""Seconds without work after which a station ends; the next batch starts another."""


class RemoteHost:
    """A station as the worker that started it sees it.

    Attributes:
        setup: ``run`` (which run it serves), ``store``, ``folder`` (the working folder), ``marker``, ``threads``,
            ``memory_bytes``, ``hard_limit_s``, ``attempts`` (how often a cell is begun whose worker is lost each time) and
            ``variables``, which are set where the environment does not have them.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        self.setup = dict(setup)
        self._connection, theirs = multiprocessing.Pipe()
        call = f"from prbench.running.remote.station import main; main({theirs.fileno()}, {os.getpid()})"
        self._process = subprocess.Popen(  # noqa: S603 - our own module under the same interpreter
            [sys.executable, "-P", "-c", call],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            env={**setup["variables"], **environment_of(setup["threads"])},
        )
        theirs.close()
        self._connection.send_bytes(json.dumps(self.setup).encode())

    def compute(self, cells: list[Any]) -> list[Any]:
        """Compute a batch; see :func:`compute`.

        Raises:
            EOFError, OSError: where the station has ended.
            PrbenchError: where it cannot work, with its reason.
        """
        self._connection.send_bytes(json.dumps(cells).encode())
        reply: dict[str, Any] = json.loads(self._connection.recv_bytes())
        if "error" in reply:
            self.close()
            raise PrbenchError(reply["error"])
        return list(reply["ended"])

    @property
    def ending(self) -> str:
        """How the computation ended."""
        return f"exit code {self._process.returncode}"

    def close(self) -> None:
        """End it, and with it the worker process that it watches."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


_stations: dict[str, list[RemoteHost]] = {}
_idle: dict[str, list[RemoteHost]] = {}
_changing = threading.Lock()


def compute(setup: Mapping[str, Any], cells: list[Any]) -> list[Any]:
    """Compute cells at a station of this machine for the run that ``setup`` names; called by an executor's worker.

    Several threads may call it at a time; each is served by a station of its own.

    Args:
        setup: as :class:`RemoteHost` has it.
        cells: pairs of a cell's spec and the stamp of its record when the run began (:meth:`Store.stamp`);
            a cell whose stamp has changed since has ended, in a batch that was lost on its way back, and is not computed again.

    Returns:
        For each cell its status and seconds.

    Raises:
        PrbenchError: where records cannot be written, or the run was stopped.
    """
    for attempt in (0, 1):
        station = _take(setup)
        try:
            ended = station.compute(cells)
        except (EOFError, OSError) as failure:  # it had ended for want of work, or has been stopped
            station.close()
            if not _drop(station):
                raise PrbenchError("this run was stopped") from failure
            if attempt:
                raise PrbenchError(f"the process that computes its cells ended twice ({station.ending})") from failure
        except PrbenchError:
            _drop(station)
            raise
        else:
            with _changing:
                _idle.setdefault(setup["run"], []).append(station)
            return ended
    raise AssertionError


def _take(setup: Mapping[str, Any]) -> RemoteHost:
    with _changing:
        for run in [run for run in _stations if run != setup["run"]]:
            for other in _idle.pop(run, []):  # of a run that has ended, it seems
                other.close()
                _stations[run].remove(other)
            if not _stations[run]:
                del _stations[run]
        idle = _idle.setdefault(setup["run"], [])
        if idle:
            return idle.pop()
        station = RemoteHost(setup)
        _stations.setdefault(setup["run"], []).append(station)
        return station


def _drop(station: RemoteHost) -> bool:
    """Forget a station; False where it had been stopped."""
    with _changing:
        known = _stations.get(station.setup["run"], [])
        if station in known:
            known.remove(station)
            return True
        return False


def stop(run: str) -> None:
    """End the stations of a run, in the middle of a cell as well."""
    with _changing:
        _idle.pop(run, None)
        ending = _stations.pop(run, [])
    for station in ending:
        station.close()


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
