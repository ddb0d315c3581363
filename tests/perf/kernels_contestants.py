"""What handing a measurement to another program costs beyond its solve."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np

import prbench
from prbench.backend import get_backend, keep_freed_memory
from prbench.contestants.solver import Contestant, end_programs
from prbench.running.solving import prepare, run_prepared

_ADAPTER = """
import numpy as np
x = np.zeros((%d, %d), np.complex64)
def version():
    return "1"
def solve(m, settings, seed):
    return {"object": x}
"""
_DECLARATION = 'name = "idle-program"\ntask = "far-field"\nsummary = "Nothing."\nadapter = "adapter.py"\n'


def overhead(folder: Path, size: int, solves: int = 60) -> dict[str, float]:
    """Seconds of a solve by a program that does nothing, and of two copies of the arrays sent and returned; medians.

    Args:
        folder: for the program.
        size: side of the square pattern; the answer has as many pixels, complex.
        solves: how many.
    """
    keep_freed_memory()
    (folder / "adapter.py").write_text(_ADAPTER % (size, size))
    (folder / "contestant.toml").write_text(_DECLARATION)
    solver = prbench.get_solver(str(folder / "contestant.toml"))
    assert isinstance(solver, Contestant)
    y = prbench.FarField(np.random.default_rng(0).random((size, size)).astype(np.float32), object_shape=(size, size))
    answer = np.zeros((size, size), np.complex64)
    backend = get_backend("numpy")
    y = y.to(backend)
    whole, copies = [], []
    for _ in range(solves):
        began = time.perf_counter()
        prepare(solver, backend, 0)
        run = run_prepared(solver, y, 0, None, None)
        whole.append(time.perf_counter() - began - run.times.clocked.wall_s)
        began = time.perf_counter()
        for array in (y.intensity, answer):
            array.copy().copy()
        copies.append(time.perf_counter() - began)
    end_programs()
    return {"overhead_s": statistics.median(whole), "copies_s": statistics.median(copies)}
