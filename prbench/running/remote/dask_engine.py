"""Cells computed by the workers of a Dask cluster.

Cells go out in batches of about half a second, a bounded number at a time, as tasks that hold nothing but specs; a worker
computes as many at a time as it was started with threads, each within its share of the worker's memory, and writes the records
itself. The scheduler keeps what it has been handed although this process may vanish; the same command then waits for that and
hands over the rest.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import queue
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prbench import __version__
from prbench.errors import MissingDependency, PrbenchError, UsageError, one_line
from prbench.hints import install_hint
from prbench.running.local.pool import On
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store
from prbench.running.store.plain import digest

from .batches import CellBatches, Durations, PendingCell

_AHEAD = 1000
_AHEAD_UNKNOWN, _AHEAD_UNKNOWN_PER_THREAD = 32, 2
"""Batches handed over at a time; and cells one by one as long as nobody knows how long they take, which costs."""
_POLL_EVERY_S = 0.5
_ENDING_S = 5.0
"""Seconds beyond a solve's limit: to make the problem, to score, to write the record."""
_CONNECT_S = 15
_GATHER_S = 5
_WORKERS_EVERY_S = 2.0
_NO_WORKER_S = 10.0
"""Seconds without any worker after which the user is told."""
_SUSPECTED = 10
_AGAIN = ("lost", "pending")
"""States of a task whose answer went with its worker: it is computed again."""
_SHORT = 12
_VARIABLES = ("PRBENCH_DATA",)
Watch = Callable[[Collection[str], int], str | None]
"""Told the names of the workers and how many cells have ended; returns a line for the user, or raises where nobody will come."""


@dataclass(frozen=True)
class DaskEngine:
    """Workers of a Dask cluster; an :class:`~prbench.running.engines.Engine`.

    Attributes:
        scheduler: address, such as ``tcp://10.0.0.1:8786``.
        threads: CPU threads of each cell; one where None.
        memory_bytes: what each cell may allocate; its share of nine tenths of its worker's memory limit where None.
        hard_limit_s: see :class:`~prbench.running.local.pool.Limits`.
        attempts: how often a cell is begun whose worker is lost each time; then its record says ``killed``.
        watch: who knows more of the workers than the scheduler, such as the jobs that they are in.
    """

    scheduler: str
    threads: int | None = None
    memory_bytes: int | None = None
    hard_limit_s: float | None = None
    attempts: int = 3
    watch: Watch | None = None

    def run(self, cells: Iterator[Cell], store: Store, on: On) -> None:
        """See :class:`~prbench.running.engines.Engine`.

        Raises:
            UsageError: where no scheduler answers, or ``watch`` says that no worker will come.
            PrbenchError: where the scheduler goes, or its workers cannot work.
        """
        limits = {name: getattr(self, name) for name in ("memory_bytes", "hard_limit_s", "attempts")}
        limits["threads"] = self.threads or 1
        with connected(self.scheduler) as client, _marked(store) as marker:
            setup = {"run": marker.name, "store": str(store.path.absolute()), "folder": str(Path.cwd()), "marker": str(marker)}
            variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
            setup["version"] = __version__
            handing = _HandingOver(client, store, {**setup, **limits, "variables": variables}, on, self.watch or self._say)
            try:
                handing.run(cells)
            except BaseException:
                handing.stop()
                raise

    def _say(self, workers: Collection[str], _finished: int) -> str | None:
        """What to do where a scheduler has no worker."""
        if workers:
            return None
        return f"{self.scheduler} has no worker; `dask worker {self.scheduler} --nthreads 1` starts one; cells wait"


@contextlib.contextmanager
def connected(scheduler: str) -> Iterator[Any]:
    """A client of the scheduler at an address.

    Raises:
        MissingDependency: where Dask is not installed.
        UsageError: where nobody answers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingDependency(f"Dask is not installed ({error}); {install_hint('dask')}") from error
    silence()
    failure = None
    try:
        client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        failure = one_line(error, 120)
    if failure is not None:
        gc.collect()  # a client that failed closes itself when it is collected, which locks up within the start of another
        raise UsageError(
            f"no Dask scheduler answers at {one_line(scheduler, 80)}: {failure}; "
            "`dask scheduler` starts one and tells its address"
        )
    try:
        yield client
    finally:
        with contextlib.suppress(OSError, TimeoutError):
            client.close(timeout=5)


def silence() -> None:
    """Keep Dask's own messages off the terminal: what goes wrong is told in one line."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _marked(store: Store) -> Iterator[Path]:
    """A file in the folder of results by which workers on other machines recognise it; it stays where this process is killed."""
    store.path.mkdir(parents=True, exist_ok=True)
    marker = store.path.absolute() / f".run-{secrets.token_hex(8)}"
    marker.touch(exist_ok=False)
    try:
        yield marker
    finally:
        marker.unlink(missing_ok=True)


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """Whatever Dask raises where its scheduler has gone, as one line."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # a closed connection is an OSError, a closed client a RuntimeError
        raise PrbenchError(f"the Dask scheduler has gone; the same command resumes ({one_line(error, 120)})") from error


class _HandingOver:
    """One run's conversation with a scheduler."""

    def __init__(self, client: Any, store: Store, setup: Mapping[str, Any], on: On, watch: Watch) -> None:
        self._client, self._store, self._setup, self._on, self._watch = client, store, dict(setup), on, watch
        self._finished = 0
        self._counted = self._came = time.monotonic()
        self._told: str | None = None
        self._prefix = f"prbench-{digest(str(store.path.resolve()))[:_SHORT]}-"
        self._flying: dict[str, tuple[Any, list[PendingCell]]] = {}
        self._ended = queue.SimpleQueue[str]()
        self._durations = Durations()
        self._aside: list[PendingCell] = []
        self._suspected = Counter[str]()
        self._number = self._threads = 0
        self._others = self._in_other_hands()
        self._last_poll = time.monotonic()

    def run(self, cells: Iterator[Cell]) -> None:
        """Hand over every cell and return when all have ended."""
        self._count_workers()
        wanted = (pending_cell for cell in cells if (pending_cell := self._unless_pending(cell)) is not None)
        pending = CellBatches(wanted, self._durations)
        while True:
            while pending.first is not None and len(self._flying) < self._most_flying(pending.first):
                self._submit(pending.take())
            if not self._flying and not self._aside:
                return
            with contextlib.suppress(queue.Empty):
                self._collect(self._ended.get(timeout=_POLL_EVERY_S))
            if self._aside and time.monotonic() - self._last_poll > _POLL_EVERY_S:
                self._poll_others()
            if time.monotonic() - self._counted > _WORKERS_EVERY_S:
                self._count_workers()

    def stop(self) -> None:
        """Take back what has been handed over, cells in hand included."""
        from .dask_worker import stop

        with contextlib.suppress(OSError, TimeoutError, RuntimeError, ValueError):
            self._client.cancel([future for future, _ in self._flying.values()], force=True)
            self._client.run(stop, self._setup["run"], on_error="ignore")

    def _count_workers(self) -> None:
        """Say where no worker has come for some seconds, and ask whoever knows of them."""
        from .dask_worker import threads_of_workers

        with _asking():
            workers = self._client.run_on_scheduler(threads_of_workers)
        self._threads = sum(workers.values())
        self._counted = time.monotonic()
        if workers:
            self._came = self._counted
        told = self._watch(workers, self._finished)
        if told is None and not workers and self._counted - self._came > _NO_WORKER_S:
            told = f"no worker has come for {_NO_WORKER_S:.0f} s"
        if workers or self._counted - self._came > _NO_WORKER_S:
            if told is not None and told != self._told:
                self._on("notice", None, {"text": told})
            self._told = told

    def _unless_pending(self, cell: Cell) -> PendingCell | None:
        """The cell, unless a run whose front end is gone has handed it over already."""
        pending_cell = PendingCell(cell, self._store.stamp(cell.key))
        if cell.key[:_SHORT] not in self._others:
            return pending_cell
        self._aside.append(pending_cell)
        return None

    def _in_other_hands(self) -> set[str]:
        """The beginnings of the keys of cells that the scheduler holds for other runs into this folder."""
        from .dask_worker import in_hand

        with _asking():
            keys = self._client.run_on_scheduler(in_hand, self._prefix)
        others = [key for key in keys if key not in self._flying]
        return {short for key in others for short in key.removeprefix(self._prefix).partition("-")[0].split(".")}

    def _poll_others(self) -> None:
        """Take note of cells that others have ended, and take over those that they have lost."""
        self._others, self._last_poll = self._in_other_hands(), time.monotonic()
        waiting, self._aside = self._aside, []
        for pending_cell in waiting:
            if self._store.stamp(pending_cell.cell.key) != pending_cell.stamp:
                self._on("ended", pending_cell.cell, {"status": "cached", "seconds": None})
            elif pending_cell.cell.key[:_SHORT] in self._others:
                self._aside.append(pending_cell)
            else:
                self._submit([pending_cell])

    def _most_flying(self, first: PendingCell) -> int:
        """How many batches the scheduler may hold when ``first`` is the next cell: few as long as each would be of one cell."""
        unknown = max(_AHEAD_UNKNOWN, _AHEAD_UNKNOWN_PER_THREAD * self._threads)
        return _AHEAD if self._durations.are_settled(first.cell) else unknown

    def _submit(self, batch: list[PendingCell]) -> None:
        from distributed import fire_and_forget

        from .dask_worker import compute

        cells = [(one.cell.to_plain(), one.stamp) for one in batch]
        job = json.dumps({"setup": self._setup, "cells": cells, "needs_s": self._needs_s(batch)})
        self._number += 1
        key = f"{self._prefix}{'.'.join(one.cell.key[:_SHORT] for one in batch)}-{self._setup['run'][5:]}-{self._number}"
        with _asking():
            future = self._client.submit(compute, job, key=key, pure=False, priority=-self._number)
            fire_and_forget(future)
        self._flying[key] = future, batch
        future.add_done_callback(lambda done: self._ended.put(done.key))

    def _needs_s(self, batch: list[PendingCell]) -> float:
        """Seconds that the rest of a worker's time must cover: the longest limit, or thrice what such cells have taken so far."""
        needs = []
        for cell in (one.cell for one in batch):
            expected_s = self._durations.of(cell) or 0.0
            limit_s = self._setup["hard_limit_s"] or cell.time_limit_s
            needs.append(3 * expected_s if limit_s is None else limit_s + _ENDING_S)
        return max(needs)

    def _collect(self, key: str) -> None:
        future, batch = self._flying.pop(key)
        if future.status in _AGAIN:
            self._wait_again(key, future, batch)
            return
        if future.status == "finished":
            text = self._answer_of(future)
            if text is None:
                self._wait_again(key, future, batch)
                return
            for pending_cell, (status, seconds) in zip(batch, json.loads(text), strict=True):
                self._durations.add(pending_cell.cell, seconds)
                self._finished += 1
                self._on("ended", pending_cell.cell, {"status": status, "seconds": seconds})
            return
        if future.status != "error":
            raise PrbenchError("the Dask scheduler has gone or has dropped this run; the same command resumes")
        with _asking():
            failure = future.exception()
        if type(failure).__name__ != "KilledWorker":
            raise PrbenchError(f"a Dask worker cannot work: {one_line(failure)}") from failure
        # Dask suspects every batch that waits at a worker that dies. Stations know which cell they were at.
        self._suspected[batch[0].cell.key] += 1
        if self._suspected[batch[0].cell.key] > _SUSPECTED:
            raise PrbenchError(f"Dask workers are lost one after another; the same command resumes ({one_line(failure)})")
        self._submit(batch)

    def _wait_again(self, key: str, future: Any, batch: list[PendingCell]) -> None:
        """For a task whose worker went with its answer, and which another computes again."""
        self._flying[key] = future, batch
        future.add_done_callback(lambda done: self._ended.put(done.key))

    @staticmethod
    def _answer_of(future: Any) -> str | None:
        """What a finished task tells; None where it was lost with its worker, and is computed again, which finds the records."""
        with _asking():
            try:
                return str(future.result(timeout=_GATHER_S))
            except TimeoutError:
                return None
