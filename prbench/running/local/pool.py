"""Persistent workers, watched: what hangs is killed, what dies is recorded and replaced, and the matrix goes on."""

from __future__ import annotations

import dataclasses
import select
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from prbench.errors import CannotWrite, PrbenchError, one_line
from prbench.running.endings import error_of
from prbench.running.environment import environment
from prbench.running.executing import Spelled
from prbench.running.request.cell import Cell
from prbench.running.solving import Status
from prbench.running.store.folder import Store
from prbench.running.store.record import Record, curve_of, now

from .worker_process import WorkerProcess

On = Callable[[str, Any, Mapping[str, Any]], None]
"""Called with ``started``, ``progress`` or ``ended``, the cell, and plain values (``status`` and ``seconds`` at the end).

Or with ``notice``, None, and a line for the user as ``text``.
"""

_LOOK_EVERY_S, _ENDING_S = 0.2, 0.002
_QUICK_S = 0.25
"""A worker at a cell of a kind that took less than this is given the next one ahead, so that it does not wait for its parent."""
_IDLE_LIMIT_S = 3600.0
STARTUP_LIMIT_S = 600.0
"""Seconds for imports, weights and compilation, and for a first solve of a small problem, before a solve's limit begins."""
_RESIDENT_ALLOWANCE = 1 << 30
_PHASES = {"startup": "start-up", "solving": "solve"}
"""Phases whose limit is counted from their beginning."""


@dataclass(frozen=True)
class Limits:
    """What a worker may take.

    Attributes:
        threads: CPU threads of each.
        memory_bytes: what one may allocate; a gigabyte more may be resident, for the libraries themselves. None: no limit.
        hard_limit_s: seconds after which a solve that has not ended is killed; ``1.5 * time_limit_s + 30`` where None, and an
            hour without a sign of life where there is no time limit either.
    """

    threads: int = 1
    memory_bytes: int | None = None
    hard_limit_s: float | None = None

    def deadline_s(self, cell: Cell, phase: str) -> float:
        """Seconds that a phase of a cell may take, counted from its start or, without a limit, from the last sign of life."""
        if not self.bounded(cell) or phase not in ("startup", "solving"):
            return _IDLE_LIMIT_S
        limit_s = self.hard_limit_s if self.hard_limit_s is not None else 1.5 * (cell.time_limit_s or 0.0) + 30.0
        return limit_s if phase == "solving" else max(limit_s, STARTUP_LIMIT_S)

    def bounded(self, cell: Cell) -> bool:
        """Whether a solve of ``cell`` has a limit counted from its start."""
        return self.hard_limit_s is not None or cell.time_limit_s is not None


class Pool:
    """Workers that serve one store; use as a context manager, which leaves none behind."""

    def __init__(self, store: Store, jobs: int, limits: Limits, gpus: Sequence[str] = ()) -> None:
        self._store = store
        self._gpus = gpus
        self._jobs = jobs
        self._limits = limits
        self._workers: list[WorkerProcess] = []
        self._pending: Iterator[Cell] = iter(())
        self._next = deque[Cell]()
        self._quick = set[tuple[object, ...]]()
        self._spellings: dict[tuple[object, ...], dict[str, str]] = {}
        self._watched, self._poll = set[int](), select.poll()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
        self._workers.clear()

    def run(self, cells: Iterable[Cell], on: On) -> None:
        """Execute every cell and return when all have ended; ``cells`` is consumed as workers become free.

        Raises:
            PrbenchError: where workers cannot start at all.
        """
        self._pending = iter(cells)
        while True:
            self._hand_out(on)
            if all(worker.cell is None for worker in self._workers):
                return
            for worker in self._heard():
                self._attend(worker, on)

    def _heard(self) -> list[WorkerProcess]:
        """Wait for those that say or print something, or are due to be looked at."""
        handles = {handle: worker for worker in self._workers for handle in worker.handles()}
        if handles.keys() != self._watched:
            self._watched, self._poll = set(handles), select.poll()
            for handle in handles:
                self._poll.register(handle, select.POLLIN)
        patience_s = _ENDING_S if any(worker.gone for worker in self._workers) else _LOOK_EVERY_S
        result = {id(handles[handle]) for handle, _ in self._poll.poll(1e3 * patience_s)}
        due = time.monotonic() - _LOOK_EVERY_S / 2
        return [worker for worker in self._workers if id(worker) in result or worker.gone or worker.looked_at < due]

    def _hand_out(self, on: On) -> None:
        """Give a cell to every idle worker, to new ones where there may be more, and the next to those that will be idle soon."""
        for gone in [w for w in self._workers if w.cell is None and w.ready and w.process.poll() is not None]:
            self._dismiss(gone)
        self._start_workers()
        while (cell := self._look_at_next()) is not None:
            worker = next((w for w in self._workers if w.cell is None), None)
            if worker is None and cell.kind in self._quick:
                worker = next((w for w in self._workers if w.ahead is None and w.cell and w.cell.kind in self._quick), None)
            if worker is None:
                return
            self._next.popleft()
            if worker.cell is None:
                on("started", cell, {})
            worker.assign(cell, self._store.stamp(cell.key), self._spelled(cell))

    def _start_workers(self) -> None:
        """Start as many as there are cells to hand out, all before the first is handed out: they start up side by side."""
        idle = sum(worker.cell is None for worker in self._workers)
        while len(self._workers) < self._jobs and self._look_ahead(idle + 1):
            taken = {worker.gpu for worker in self._workers}
            gpu = next((gpu for gpu in self._gpus if gpu not in taken), None)
            self._workers.append(WorkerProcess(self._store.path, self._limits.threads, self._limits.memory_bytes, gpu))
            idle += 1

    def _spelled(self, cell: Cell) -> dict[str, str]:
        """What the record of a cell says of its plug-ins; asked once for all samples and seeds."""
        if cell.kind not in self._spellings:
            self._spellings[cell.kind] = dataclasses.asdict(Spelled.of(cell))
        return self._spellings[cell.kind]

    def _look_at_next(self) -> Cell | None:
        return self._next[0] if self._look_ahead(1) else None

    def _look_ahead(self, count: int) -> bool:
        """Whether there are so many cells left to hand out."""
        while len(self._next) < count and (cell := next(self._pending, None)) is not None:
            self._next.append(cell)
        return len(self._next) >= count

    def _attend(self, worker: WorkerProcess, on: On) -> None:
        """Take what the worker says, and look whether it lives, has time left, and keeps within its memory."""
        before = worker.curve[-1:]
        for message in worker.messages():
            self._hear(worker, message, on)
        if worker.cell is not None and worker.curve and worker.curve[-1:] != before:
            on("progress", worker.cell, dataclasses.asdict(worker.curve[-1]))
        due = time.monotonic() - worker.looked_at > _LOOK_EVERY_S / 2
        if (due or worker.gone) and worker.process.poll() is not None:
            for message in worker.messages():
                self._hear(worker, message, on)
            self._dismiss(worker)
            worker.convict()
            self._take_back(worker)
            if worker.cell is not None:
                self._died(worker, worker.process.returncode, on)
        elif due:
            worker.looked_at = time.monotonic()
            if worker.cell is not None:
                self._check_limits(worker, on)

    def _hear(self, worker: WorkerProcess, message: Mapping[str, Any], on: On) -> None:
        worker.heard(message)
        if message["event"] == "cannot_write":
            raise CannotWrite(message["reason"])
        if worker.cell is not None and message["event"] == "died":
            self._solver_died(worker, message, on)
        if worker.cell is not None and message["event"] == "done":
            cell, quick = worker.cell, message["seconds"] < _QUICK_S and message["status"] == "ok"
            (self._quick.add if quick else self._quick.discard)(cell.kind)
            worker.go_on(begun=message["next"])
            on("ended", cell, {"status": message["status"], "seconds": message["seconds"]})
            if message["retire"]:
                self._take_back(worker)
                self._dismiss(worker)
            elif worker.cell is not None:
                on("started", worker.cell, {})

    def _dismiss(self, worker: WorkerProcess) -> None:
        """End a worker, if it has not ended, and forget it."""
        if worker in self._workers:
            self._workers.remove(worker)
        worker.kill()

    def _take_back(self, worker: WorkerProcess) -> None:
        """Take back what a worker that has ended was given ahead and has not begun."""
        if worker.ahead is not None:
            self._next.appendleft(worker.ahead)
            worker.ahead = None
        if worker.cell is not None and not worker.begun:
            self._next.appendleft(worker.cell)
            worker.cell = None

    def _check_limits(self, worker: WorkerProcess, on: On) -> None:
        cell, limits = worker.cell, self._limits
        assert cell is not None
        if limits.memory_bytes is not None and worker.resident() > limits.memory_bytes + _RESIDENT_ALLOWANCE:
            used, allowed = worker.peak_resident / 2**30, limits.memory_bytes / 2**30
            self._end(worker, "out_of_memory", "MemoryLimit", f"{used:.1f} GiB resident, {allowed:.1f} GiB allowed", on)
            return
        allowed_s = limits.deadline_s(cell, worker.phase)
        since = worker.phase_since if limits.bounded(cell) and worker.phase in _PHASES else worker.heard_at
        if worker.ready and time.monotonic() - since > allowed_s:
            ended = f"the {_PHASES[worker.phase]} had not ended" if worker.phase in _PHASES else ""
            what = ended or f"no sign of life while at the {worker.phase}"
            self._end(worker, "killed", "HardLimit", f"{what} after {allowed_s:g} s", on)

    def _end(self, worker: WorkerProcess, status: Status, kind: str, message: str, on: On) -> None:
        """Take the stack of a worker that must go, kill it, and record why."""
        trace = worker.stack()
        worker.convict()
        convicted = worker.cell
        self._dismiss(worker)
        for late in worker.messages():
            self._hear(worker, late, on)
        worker.begun = worker.begun and worker.cell is convicted  # which had just ended, if it is at another
        self._take_back(worker)
        if worker.cell is not None:
            self._record(worker, status, kind, message, trace, on)

    def _solver_died(self, worker: WorkerProcess, message: Mapping[str, Any], on: On) -> None:
        """Write the record of a cell whose solver's process has ended; the worker goes on."""
        worker.drain()
        self._died(worker, message["code"], on)
        worker.go_on(begun=message["next"])
        if worker.cell is not None:
            on("started", worker.cell, {})

    def _died(self, worker: WorkerProcess, code: int, on: On) -> None:
        if not worker.ready:
            raise PrbenchError(f"a worker did not start (exit code {code}): {one_line(worker.output.text()[-600:], 600)}")
        memory = self._limits.memory_bytes
        if code == -signal.SIGKILL:
            full = memory is not None and worker.peak_resident > 0.8 * memory
            text = "killed from outside, as the kernel does when memory runs out"
            self._record(worker, "out_of_memory" if full else "killed", "Killed", text, worker.trace.text(), on)
        elif code < 0:
            name = signal.Signals(-code).name
            self._record(worker, "crashed", name, f"the process ended with signal {-code} ({name})", worker.trace.text(), on)
        else:
            self._record(worker, "crashed", "Exit", f"the process ended itself with exit code {code}", worker.trace.text(), on)

    def _record(self, worker: WorkerProcess, status: Status, kind: str, message: str, trace: str, on: On) -> None:
        """Write the record that the worker could not, unless it had just written its own."""
        cell, output = worker.cell, worker.printed()
        assert cell is not None
        worker.cell = None
        self._quick.discard(cell.kind)
        written = self._store.read(cell.key) if self._store.stamp(cell.key) != worker.stamp else None
        if written is None:
            written = Record.of(
                cell,
                status,
                curve=curve_of(worker.curve),
                environment=self._store.write_environment(environment()),
                code_id=self._spelled(cell)["code_id"],
                threads=self._limits.threads,
                problem=worker.problem,
                error=error_of(worker.phase, kind, message, trace, output=output),
                started=worker.assigned,
                ended=now(),
            )
            self._store.write(written, {})
        on("ended", cell, {"status": written.status, "seconds": time.monotonic() - worker.assigned_at})
