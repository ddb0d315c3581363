"""The one clock: monotonic, synchronised with the device, and able to stop while the framework itself works."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Self


class Clock:
    """A stopwatch over a device; usable as a context manager.

    Every start and stop waits for the device first, so that work queued inside the interval is counted in it and work
    queued outside is not.
    """

    def __init__(self, synchronize: Callable[[], None]) -> None:
        """Watch the device that ``synchronize`` waits for, such as :meth:`Backend.synchronize` of a backend."""
        self._synchronize = synchronize
        self._elapsed = 0.0
        self._since: float | None = None

    def start(self) -> None:
        """Run, from where it stopped."""
        self._synchronize()
        self._since = time.perf_counter()

    def stop(self) -> None:
        """Stop, keeping the time elapsed so far."""
        if self._since is not None:
            self._synchronize()
            self._elapsed += time.perf_counter() - self._since
            self._since = None

    @property
    def seconds(self) -> float:
        """Time elapsed while running."""
        if self._since is None:
            return self._elapsed
        self._synchronize()
        return self._elapsed + time.perf_counter() - self._since

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
