"""What handing a measurement to another program costs beyond its solve."""

from __future__ import annotations

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

    Each on the wall's clock, and as processor time of both processes, which other load on the machine hardly changes.

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
    prepare(solver, backend, 0)
    (pid,) = solver.companions()

    def taken() -> np.ndarray:
        return np.array([time.perf_counter(), time.process_time() + time.clock_gettime((~pid << 3) | 2)])

    whole, copies = [], []
    for _ in range(solves):
        began = taken()
        prepare(solver, backend, 0)
        run = run_prepared(solver, y, 0, None, None)
        whole.append(taken() - began - [run.times.clocked.wall_s, run.times.clocked.processor_s])
        began = taken()
        for array in (y.intensity, answer):
            array.copy().copy()
        copies.append(taken() - began)
    end_programs()
    kinds = {"overhead": whole, "copies": copies}
    return {
        f"{kind}{clock}_s": float(np.median(times, axis=0)[k])
        for kind, times in kinds.items()
        for k, clock in enumerate(("", "_processor"))
    }
