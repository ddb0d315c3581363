"""Independent calls spread over processes of one thread each."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TypeVar

from .threads import set_threads

Item = TypeVar("Item")
Found = TypeVar("Found")

_AHEAD = 2
"""Items handed to a process before it asks, so that a long list takes no memory."""


def each(function: Callable[[Item], Found], items: Iterable[Item], jobs: int) -> Iterator[Found]:
    """What ``function`` returns for every item, as they are finished; in this process, in order, where ``jobs`` is 1.

    ``function`` and the items are sent to the other processes, so it has to be a function of a module, or a
    :func:`functools.partial` of one. An exception ends the others once they have finished what they have in hand.
    """
    if jobs <= 1:
        yield from map(function, items)
        return
    remaining, pending = iter(items), set[Future[Found]]()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), initializer=_start) as pool:
        try:
            while True:
                for item in remaining:
                    pending.add(pool.submit(function, item))
                    if len(pending) >= _AHEAD * jobs:
                        break
                if not pending:
                    return
                finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield future.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _start() -> None:
    """One thread per process; and no process outlives the one that it works for, however that ends."""
    set_threads(1)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
