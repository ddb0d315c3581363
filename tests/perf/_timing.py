"""Timing that survives a shared machine: what is compared runs in turn, in one process, so that a busy moment slows all of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from prbench.backend import get_threads, keep_freed_memory, set_threads


def interleaved(
    functions: Mapping[str, Callable[[], object]], repeats: int = 7, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Median seconds of every function, each called once a round after one round that is not counted; memory as in a worker."""
    keep_freed_memory()
    times: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(repeats + 1):
        for name, function in functions.items():
            start = clock()
            function()
            times[name].append(clock() - start)
    return {name: statistics.median(seconds[1:]) for name, seconds in times.items()}


@contextmanager
def one_thread() -> Iterator[None]:
    """On one thread: on shared cores, several threads can wait for each other far longer than a call of milliseconds works."""
    before = get_threads()
    set_threads(1)
    try:
        yield
    finally:
        set_threads(before)


def work_ratio(of: Callable[[], object], to: Callable[[], object], repeats: int = 61) -> float:
    """The CPU seconds of ``of`` over those of ``to``: the median over rounds in each of which both run, on one thread."""
    ratios = []
    with one_thread():
        for _ in range(repeats + 1):
            start = time.process_time()
            to()
            between = time.process_time()
            of()
            ratios.append((time.process_time() - between) / (between - start))
    return statistics.median(ratios[1:])
