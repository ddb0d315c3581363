"""Running a matrix: which cells are still to do, who does them, and what is told meanwhile."""

from __future__ import annotations

import time
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from prbench.errors import UsageError

from .claims import Claims
from .code_id import code_id
from .engines import Engine, LocalEngine, persistent
from .remote.shard import Shard
from .request.cell import Cell
from .request.cells import Selection, unique
from .request.checking import check_inputs
from .sharing import WAIT_S, SharedCells
from .solving import Progress
from .store.folder import Store
from .store.record import FAILED, UNFINISHED
from .store.task_files import write_tasks

Rerun = Literal["missing", "failed", "stale", "all"]
RERUNS: tuple[Rerun, ...] = ("missing", "failed", "stale", "all")


@dataclass
class RunState:
    """How far a run is; the same object at every call of a callback.

    Attributes:
        total: cells asked for.
        cached: of these, had a record before.
        done: ended in this run, failed ones included.
        statuses: how many of the done ended in which status.
        running: the cells in hand, with the last point of their curve, None before the first.
        elapsed_s: since the run began.
        warnings: what is suspicious in users' files, by dataset, found before the first cell.
        helped: cells of other shards that this run has computed beside its own.
        remaining_s: estimate of the time left, from ended cells of the same solver and dataset; None before the first.
    """

    total: int = 0
    cached: int = 0
    done: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    running: dict[Cell, Progress | None] = field(default_factory=dict)
    elapsed_s: float = 0.0
    remaining_s: float | None = None
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    helped: int = 0

    @property
    def failed(self) -> int:
        """Cells that ended in this run without a usable reconstruction."""
        return sum(count for status, count in self.statuses.items() if status in FAILED)


@dataclass(frozen=True)
class RunEvent:
    """One thing that happened, by its kind.

    Attributes:
        kind: see above; ``begin`` comes before the first cell and tells what is cached, ``interrupted`` or ``end`` comes last;
            ``waiting`` says that only other runs into the folder have cells in hand; ``notice`` is a line for the user.
        state: how far the run is now.
        cell: the cell, where it is about one.
        status: how it ended, for ``ended``; a cell that another run finished meanwhile ends as ``cached``.
        text: of a ``notice``.
    """

    kind: Literal["begin", "started", "progress", "ended", "notice", "waiting", "interrupted", "end"]
    state: RunState
    cell: Cell | None = None
    status: str = ""
    text: str = ""


OnEvent = Callable[[RunEvent], object]
"""What a display is: called in the process that runs the matrix, between other work; it should return within milliseconds."""


def run_matrix(
    cells: Sequence[Cell],
    store: Store,
    *,
    jobs: int | None = None,
    threads: int | None = None,
    memory_bytes: int | None = None,
    hard_limit_s: float | None = None,
    rerun: Rerun = "missing",
    on_event: OnEvent | None = None,
    engine: Engine | None = None,
    shard: Shard | None = None,
) -> RunState:
    """Execute the cells that have no record yet, or those that ``rerun`` names besides.

    Killed at any moment and called again it carries on: a finished cell is never run twice, a cell in hand is run again from its
    start. Several runs may share a store: what one has finished or is at the others do not begin.

    Args:
        cells: what to run; equal cells are run once.
        store: where records go.
        jobs: workers at a time; see :class:`LocalEngine` for this and the next three, all unused where ``engine`` is given.
        threads: CPU threads of each worker.
        memory_bytes: what each worker may allocate.
        hard_limit_s: seconds after which a solve is killed.
        rerun: ``missing``; ``failed`` adds those that ended without a usable reconstruction; ``stale`` adds those whose code has
            changed since; ``all``.
        on_event: told of everything that happens.
        engine: who executes; workers on this machine where None.
        shard: which part of a matrix ``cells`` are; once they are done, parts that are still under way are helped.

    Returns:
        How it went.

    Raises:
        UsageError: before anything is written, for an unknown ``rerun``, a limit that is not positive, or a user's file that
            cannot be read.
        CannotWrite: where the folder of results is full, read-only or out of reach, or was renamed or removed meanwhile; what has
            finished stays.
        KeyboardInterrupt: after the workers have ended; cells in hand have no record and are run by the next call.
    """
    for name, value in (("jobs", jobs), ("threads", threads), ("memory_bytes", memory_bytes), ("hard_limit_s", hard_limit_s)):
        if value is not None and not value > 0:
            raise UsageError(f"{name} must be positive, got {value}")
    if rerun not in RERUNS:
        raise UsageError(f"rerun must be one of {', '.join(RERUNS)}, got {rerun!r}")
    cells_once = unique(cells)
    todo, outcomes = _plan(cells_once, store, rerun)
    warnings = check_inputs(todo)
    run = _MatrixRun(
        RunState(total=len(cells_once), cached=len(cells_once) - len(todo), warnings=warnings), todo, on_event, store
    )
    if engine is None:
        gpu = any(cell.device_class != "cpu" for cell in todo)
        engine = LocalEngine(jobs, threads, memory_bytes, hard_limit_s, gpu)
    busy = bool(todo) or shard is not None
    if busy:
        store.check_writable()
        store.hold()
    run.tell("begin")
    try:
        if busy:
            with Claims(store.path, shard.note if shard else None) as claims, persistent(engine, store) as workers:
                run.compute(workers, claims, outcomes if rerun == "missing" else None, shard if rerun == "missing" else None)
    except KeyboardInterrupt:
        run.tell("interrupted")
        raise
    except OSError:
        store.check_location()  # a folder that has gone says more than a file that cannot be made in it
        raise
    finally:
        store.remove_if_unused()  # nobody was there to compute: a folder made for nothing goes
    store.check_location()
    if run.state.done:
        store.flush_soon(now=True)
    run.tell("end")
    return run.state


def plan(cells: Sequence[Cell], store: Store, rerun: Rerun = "missing") -> list[Cell]:
    """The cells that a run would execute, in order; for ``--dry-run`` as well."""
    return list(_plan(cells, store, rerun)[0])


def _plan(cells: Sequence[Cell], store: Store, rerun: Rerun) -> tuple[Sequence[Cell], Collection[str]]:
    """The cells to execute, and the keys of which there are records now."""
    outcomes = store.outcomes() if rerun != "all" else {}
    if not outcomes:
        return cells, outcomes

    def is_due(cell: Cell) -> bool:
        if cell.key not in outcomes:
            return True
        status, code = outcomes[cell.key]
        if status in UNFINISHED or (rerun == "failed" and status in FAILED):
            return True
        return rerun == "stale" and code != current_code_id(cell)

    return Selection(cells, array("q", (index for index, cell in enumerate(cells) if is_due(cell)))), outcomes.keys()


def current_code_id(cell: Cell) -> str:
    """The code id that a record of ``cell`` would get now."""
    return code_id(type(cell.build_solver()), type(cell.build_dataset()))


class _MatrixRun:
    """Bookkeeping of one call of :func:`run_matrix`."""

    def __init__(self, state: RunState, todo: Sequence[Cell], on_event: OnEvent | None, store: Store) -> None:
        self.state = state
        self._store = store
        self._shared: SharedCells
        self._todo = todo
        self._on_event = on_event
        self._began = time.monotonic()
        self._ended = Counter[tuple[object, ...]]()
        self._seconds: dict[tuple[object, ...], float] = defaultdict(float)
        self._left = Counter(cell.kind for cell in todo)

    def compute(self, engine: Engine, claims: Claims, outcomes: Collection[str] | None, shard: Shard | None) -> None:
        """Have the cells computed that no other run is at, wait for the others, and help other shards.

        Args:
            engine: who computes.
            claims: of this run.
            outcomes: see :meth:`.sharing.SharedCells.first`.
            shard: the part that this run is, where others are to be helped.
        """
        cached = partial(self._finish, status="cached", seconds=None)
        self._shared = SharedCells(self._store, claims, cached, self._write_tasks)
        engine.run(self._shared.first(self._todo, outcomes), self._store, self.on)
        while self._shared.waiting:
            free = self._shared.given_up()
            if free:
                engine.run(iter(free), self._store, self.on)
            elif self._shared.waiting:
                self.tell("waiting")
                time.sleep(WAIT_S)
        if shard is not None:
            engine.run(self._shared.of_other_shards(shard), self._store, self.on)

    def _write_tasks(self) -> None:
        """Write the tasks of the cells; not where there is none to do, or nobody to compute it."""
        write_tasks(self._store.path, (one.task for one in self._todo))

    def on(self, event: str, cell: Any, values: Mapping[str, Any]) -> None:
        """What the engine calls."""
        if event == "notice":
            self.tell("notice", text=values["text"])
        elif event == "started":
            self.state.running[cell] = None
            self.tell("started", cell)
        elif event == "progress":
            self.state.running[cell] = Progress(**values)
            self.tell("progress", cell)
        elif event == "ended":
            self._store.check_location()
            self._store.flush_soon()
            self._shared.claims.release(cell.key)
            self._finish(cell, values["status"], values["seconds"])

    def _finish(self, cell: Cell, status: str, seconds: float | None) -> None:
        self.state.running.pop(cell, None)
        if cell.key in self._shared.helped:
            self.state.helped += 1
            self.tell("ended", cell, status)
            return
        self._left[cell.kind] -= 1
        if seconds is None:
            self.state.cached += 1
        else:
            self.state.done += 1
            self.state.statuses[status] += 1
            self._seconds[cell.kind] += seconds
            self._ended[cell.kind] += 1
        self.state.remaining_s = self._remaining()
        self.tell("ended", cell, status)

    def tell(self, kind: Any, cell: Cell | None = None, status: str = "", text: str = "") -> None:
        """Call the display."""
        self.state.elapsed_s = time.monotonic() - self._began
        if self._on_event is not None:
            self._on_event(RunEvent(kind, self.state, cell, status, text))

    def _remaining(self) -> float | None:
        ended = self._ended.total()
        if not ended:
            return None
        overall = sum(self._seconds.values()) / ended
        work = 0.0
        for kind, count in self._left.items():
            work += count * (self._seconds[kind] / self._ended[kind] if self._ended[kind] else overall)
        # Work is done as fast as it has been so far: cells' seconds per second of the run.
        rate = overall * ended / max(time.monotonic() - self._began, 1e-9)
        return work / max(rate, 1e-9)
