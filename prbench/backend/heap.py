"""Memory that is freed and taken again at once, as every pass through a network does."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
"""Parameters of ``mallopt``, as numbered by glibc."""

_KEPT_BYTES = 1 << 30
_PAD_BYTES = 16 << 20
_MAPPED_FROM_BYTES = 32 << 20
"""The most that glibc takes."""


@cache
def keep_freed_memory() -> bool:
    """Let this process keep up to 1 GiB that it has freed, instead of handing it back and asking for it again.

    The system clears every page that it gives, which costs a pass over all activations of a network a fifth to a third of its
    time. :func:`prbench.solve` asks for it in the process that it is called in; ``PRBENCH_KEEP_MEMORY=0`` in the environment
    leaves the process as it is.

    Returns:
        Whether the C library has been told so; only glibc can.
    """
    if os.environ.get("PRBENCH_KEEP_MEMORY") == "0":
        return False
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    wanted = ((_MMAP_THRESHOLD, _MAPPED_FROM_BYTES), (_TRIM_THRESHOLD, _KEPT_BYTES), (_TOP_PAD, _PAD_BYTES))
    taken = [mallopt(parameter, value) == 1 for parameter, value in wanted]
    return all(taken)
