"""Agreement with numpy and speed on a GPU, as one JSON: called by ``tests/gpu/run``.

Without a GPU, ``--libraries torch --small`` runs every measurement on the CPU at small sizes, so that tests hold the script.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import prbench
from prbench.backend import Backend, get_backend
from prbench.errors import MissingDependency, one_line
from prbench.running.environment import environment

AGREEMENT = 1e-5
"""Largest difference to numpy after ten iterations, relative to the object's norm."""
SOLVERS = (
    "er[iterations=10,starts=2,update_every=0]",
    "hio[iterations=10,starts=2,update_every=0]",
    "raar[iterations=10,starts=2,update_every=0]",
    "hio[iterations=10,starts=2,update_every=5]",
)
SHAPES = ((256, 256), (1024, 1024), (256, 256, 256))
FITS = (("double-dip-admm", "crystal2d[size=64]"), ("res-u2net[iterations=50]", "radiograph[size=440]"))
FRAMES = ("nas-prnet", "offaxis-cells")


def main() -> None:
    """Measure, write the JSON, and exit with 1 where something does not agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tests", type=int, default=None, help="Exit code of the GPU-marked tests.")
    parser.add_argument("--libraries", default="cupy,torch:cuda")
    parser.add_argument("--small", action="store_true", help="Sizes of a few pixels, to try the script itself.")
    asked = parser.parse_args()
    result: dict[str, Any] = {"tests_exit_code": asked.tests, "prbench": prbench.__version__, "libraries": {}}
    agrees = True
    for name in asked.libraries.split(","):
        try:
            backend = get_backend(name)
        except MissingDependency as error:
            result["libraries"][name] = {"missing": one_line(error)}
            agrees = False
            continue
        measured = measure(backend, small=asked.small)
        result["libraries"][name] = measured
        agrees &= all(difference <= AGREEMENT for difference in measured["difference_to_numpy"].values())
    result["environment"] = environment()
    result["agrees"] = agrees
    asked.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(asked.out.read_text(encoding="utf-8"))
    sys.exit(0 if agrees else 1)


def measure(backend: Backend, *, small: bool) -> dict[str, Any]:
    """All numbers of one library."""
    shapes = ((16, 16), (8, 8, 8)) if small else SHAPES
    return {
        "device": backend.device_class,
        "difference_to_numpy": {solver: difference(solver, backend) for solver in SOLVERS},
        "hio_iteration_in_fft_pairs": {"x".join(map(str, shape)): iteration_in_pairs(shape, backend) for shape in shapes},
        "fit_seconds": {} if small or backend.library != "torch" else {s: seconds(s, d, backend) for s, d in FITS},
        "frame_ms": None if small or backend.library != "torch" else frame_ms(backend),
        "peak_memory_bytes": peak_memory(backend),
    }


def crystal(size: int) -> prbench.FarField:
    """A measured pattern of the dataset that every far-field solver solves."""
    return prbench.get_dataset("crystal2d", size=size).problem(0, split="tune").measurement


def difference(solver: str, backend: Backend) -> float:
    """Of ten iterations in double precision here and in numpy, from the same starts."""
    y, ours = crystal(32), []
    for name in (backend.name, "numpy"):
        solution = prbench.solve(solver, y, backend=get_backend(name, "double"), seed=0)
        ours.append(np.asarray(solution.reconstruction.object))
    return float(np.linalg.norm(ours[0] - ours[1]) / np.linalg.norm(ours[1]))


def iteration_in_pairs(shape: tuple[int, ...], backend: Backend) -> float:
    """A step of HIO without shrinkwrap over an FFT pair, timed in turn: the median of 15 rounds."""
    rng = np.random.default_rng(0)
    y = prbench.FarField(np.abs(np.fft.fftshift(np.fft.fftn(rng.random([n // 2 for n in shape]), shape))) ** 2).to(backend)
    solver: Any = prbench.get_solver("hio", update_every=0)
    state = solver.init(y, rng)
    array = backend.asarray(rng.standard_normal((1, *shape)) + 0j)

    def step() -> None:
        nonlocal state
        state = solver.advance(y, state, 5)

    def pair() -> None:
        for _ in range(5):
            backend.ifftn(backend.fftn(array, len(shape)), len(shape), normalised=False)

    ratios = []
    for _ in range(16):
        there, here = (timed(work, backend) for work in (pair, step))
        ratios.append(here / there)
    return round(statistics.median(ratios[1:]), 3)


def timed(work: Callable[[], object], backend: Backend) -> float:
    """Seconds of a call, the device waited for before and after."""
    backend.synchronize()
    start = time.perf_counter()
    work()
    backend.synchronize()
    return time.perf_counter() - start


def seconds(solver: str, dataset: str, backend: Backend) -> dict[str, Any]:
    """A whole solve, after a first one that compiles."""
    y = prbench.get_dataset(dataset).problem(0, split="tune").measurement
    prbench.solve(solver, y, backend=backend, time_limit_s=2.0)
    solution = prbench.solve(solver, y, backend=backend, time_limit_s=90.0)
    cost = asdict(solution.cost)
    return {"status": solution.status, "seconds": cost["latency_s"], "iterations": cost["iterations"]}


def frame_ms(backend: Backend) -> float:
    """Milliseconds per frame of a trained network in a session: the median of 50."""
    solver, dataset = FRAMES
    y = prbench.get_dataset(dataset).problem(0, split="tune").measurement
    with prbench.open(solver, backend=backend) as session:
        times = [timed(lambda: session.solve(y), backend) for _ in range(55)]
    return round(1e3 * statistics.median(times[5:]), 3)


def peak_memory(backend: Backend) -> int | None:
    """Of HIO on a pattern of 256 x 256 with 16 starts."""
    backend.reset_peak_memory()
    prbench.solve("hio[iterations=5,starts=16]", crystal(128), backend=backend)
    return backend.peak_memory()


if __name__ == "__main__":
    main()
