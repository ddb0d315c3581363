"""Work on strips of rows by several threads: compiled kernels let go of the interpreter, and buffers stay as small as a strip."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from prbench.backend import get_threads

_TALLEST = 76
"""Rows of a strip: tall enough that the rim which neighbours compute twice is small, low enough for a processor's cache."""


def in_strips(work: Callable[[int, int], object], rows: int, tallest: int = _TALLEST) -> None:
    """Call ``work(first, last)`` for strips that cover ``range(rows)``, evenly spread over the threads in force."""
    threads = get_threads()
    count = threads * max(1, -(-rows // (threads * tallest)))
    edges = [rows * n // count for n in range(count + 1)]
    strips = [(first, last) for first, last in pairwise(edges) if first < last]
    if threads == 1 or len(strips) == 1:
        for first, last in strips:
            work(first, last)
        return
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, *strip) for strip in strips]:
            done.result()
