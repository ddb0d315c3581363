"""Who executes cells: workers on this machine, or whoever else offers the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from prbench.backend import free_cores, get_threads, physical_cores

from .environment import available_memory, visible_gpus
from .local.pool import Limits, On, Pool
from .request.cell import Cell
from .store.folder import Store


class Engine(Protocol):
    """Whoever executes cells: workers on this machine, or others elsewhere."""

    def run(self, cells: Iterator[Cell], store: Store, on: On) -> None:
        """Execute every cell, write one record each into the store, and call ``on`` (see :data:`prbench.running.local.pool.On`).

        Raises:
            KeyboardInterrupt: when interrupted, after its processes have ended.
        """


@runtime_checkable
class StartingEngine(Engine, Protocol):
    """An engine that starts its workers itself, and can keep them for several runs."""

    def persistent(self, store: Store) -> AbstractContextManager[Engine]:
        """An engine whose workers stay for several runs into ``store``, as long as the context lasts."""


@dataclass(frozen=True)
class LocalEngine:
    """Workers on this machine.

    Attributes:
        jobs: how many at a time; all physical cores where None. Where a cell computes on a GPU, one a GPU, and no more.
    threads: CPU threads of each; where None, the cores that are free now divided by jobs, at most ``OMP_NUM_THREADS``. The
        same number gives the same result bit for bit.
    memory_bytes: what each may allocate; its share of what is free, minus a tenth, where None.
        hard_limit_s: see :class:`~prbench.running.local.pool.Limits`.
    """

    jobs: int | None = None
    threads: int | None = None
    memory_bytes: int | None = None
    hard_limit_s: float | None = None
    gpu: bool = False

    def run(self, cells: Iterator[Cell], store: Store, on: On) -> None:
        """See :class:`Engine`."""
        with self._pool(store) as pool:
            pool.run(cells, on)

    @contextmanager
    def persistent(self, store: Store) -> Iterator[Engine]:
        """An engine whose workers stay for several runs into ``store``, as long as the context lasts."""
        with self._pool(store) as pool:
            yield _PersistentEngine(pool)

    def _pool(self, store: Store) -> Pool:
        gpus = visible_gpus() if self.gpu else ()
        jobs = self.jobs or (len(gpus) or 1 if self.gpu else physical_cores())
        if self.gpu:
            jobs = min(jobs, len(gpus) or 1)
        threads = self.threads or _threads_of_each(jobs)
        memory = self.memory_bytes or int(0.9 * available_memory() / jobs)
        return Pool(store, jobs, Limits(threads, memory, self.hard_limit_s), gpus)


def _threads_of_each(jobs: int) -> int:
    most = min(get_threads(), physical_cores() // jobs)
    return most if most < 2 else max(1, min(most, free_cores() // jobs))


def persistent(engine: Engine, store: Store) -> AbstractContextManager[Engine]:
    """The engine, with workers that stay for several calls where it starts them itself."""
    return engine.persistent(store) if isinstance(engine, StartingEngine) else nullcontext(engine)


@dataclass(frozen=True)
class _PersistentEngine:
    """Workers that are there already."""

    pool: Pool

    def run(self, cells: Iterator[Cell], store: Store, on: On) -> None:  # noqa: ARG002 - the pool's store is this one
        """See :class:`Engine`."""
        self.pool.run(cells, on)
