"""From which size on scipy's FFT takes several threads: measured once on each machine, and remembered.

A second thread costs more than it saves on a small array, and how small that is depends on the processor. The numbers of a
transform do not depend on its threads: each line of the array is transformed by one of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np

from .threads import free_cores

_SIDES = (64, 128, 256, 512)
_ROUNDS = 9
_USUAL = 1 << 15
"""Elements: two threads took 1.48 times as long as one at 64x64, 1.16 times at 128x128."""
_GAIN = 0.95
"""Time with several threads over that with one, below which they are worth it."""


@cache
def parallel_from(threads: int) -> int:
    """Elements of an array from which its transform takes ``threads`` threads.

    Read from ``fft-threads.json`` in the user's cache (``$XDG_CACHE_HOME/prbench``, else ``~/.cache/prbench``) where it was
    measured before with the same processor, cores, scipy and number of threads; else measured, in a tenth of a second. While
    other programs hold the cores it is not: what was usual elsewhere is taken, and nothing kept.
    """
    file, label = _file(), _label(threads)
    known = _read(file)
    if label not in known:
        if free_cores() < threads:
            return _USUAL
        known[label] = measured(threads)
        _write(file, known)
    return known[label]


def measured(threads: int, seconds: Callable[[int, int], float] | None = None) -> int:
    """The size from which on several threads were quicker than one at every size measured; beyond them where at none.

    Both are timed in turn, and the quickest of nine counts for each, so that a busy moment does not decide.

    Args:
        threads: how many.
        seconds: of a transform of an image, of its side and the number of threads; scipy's where None.
    """
    take = seconds or _seconds
    result = 2 * _SIDES[-1] ** 2
    for side in reversed(_SIDES):
        times = [(take(side, 1), take(side, threads)) for _ in range(_ROUNDS)]
        one, several = map(min, zip(*times, strict=True))
        if several > _GAIN * one:
            break
        result = side**2
    return result


def processor_name() -> str:
    """The processor, as the system names it."""
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or os.uname().machine


def _seconds(side: int, threads: int) -> float:
    import scipy.fft

    x = np.ones((side, side), np.complex64)
    began = perf_counter()
    scipy.fft.fft2(x, workers=threads)
    return perf_counter() - began


def _label(threads: int) -> str:
    import scipy

    return f"{processor_name()}; {os.cpu_count()} cores; scipy {scipy.__version__}; {threads} threads"


def _file() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prbench" / "fft-threads.json"


def _read(file: Path) -> dict[str, int]:
    """What was measured before; nothing where the file is none of ours."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: size for name, size in known.items() if type(size) is int and size > 0} if isinstance(known, dict) else {}


def _write(file: Path, known: dict[str, int]) -> None:
    """Keep it, where the system lets us: whole, under another name first."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as new:
            json.dump(known, new)
        Path(new.name).replace(file)
