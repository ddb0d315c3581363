"""The one clock: monotonic, synchronised with the device, and able to stop while the framework itself works."""

from __future__ import annotations

import resource
from collections.abc import Callable
from time import perf_counter, process_time
from typing import Self


class Clock:
    """A stopwatch over a device, of wall time and of processor time; usable as a context manager.

    Every start and stop waits for the device first, so that work queued inside the interval is counted in it and work
    queued outside is not.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        """Watch the device that ``synchronize`` waits for, such as :meth:`Backend.synchronize` of a backend."""
        self._synchronize = synchronize
        self._elapsed, self._worked = 0.0, 0.0
        self._since: float | None = None
        self._worked_before = 0.0

    def start(self) -> None:
        """Run, from where it stopped."""
        self._synchronize()
        self._worked_before = processor_seconds()
        self._since = perf_counter()

    def stop(self) -> None:
        """Stop, keeping the time elapsed so far."""
        if self._since is not None:
            self._synchronize()
            self._elapsed += perf_counter() - self._since
            self._worked += processor_seconds() - self._worked_before
            self._since = None

    @property
    def seconds(self) -> float:
        """Wall time elapsed while running."""
        if self._since is None:
            return self._elapsed
        self._synchronize()
        return self._elapsed + perf_counter() - self._since

    @property
    def processor_s(self) -> float:
        """Processor time of all threads, and of child processes that have ended, up to the last stop; seconds."""
        return self._worked

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def processor_seconds() -> float:
    """Processor time of this process so far, all threads, and of its children that have ended; seconds."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + children.ru_utime + children.ru_stime
