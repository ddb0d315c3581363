"""Solves what it is asked for and tells what that cost: questions on standard input, answers on standard output, as JSON.

Run by its path, with any Python that has a prbench, so that two versions of it can be timed in turn by the same questions::

    python -P prbench/gate/probe.py

It uses nothing but the public interface, which both versions share, and imports nothing of the version that it stands in.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import platform
import sys
import time
import traceback
import tracemalloc
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

_WARM_S = 2.0
_LIBRARIES = ("numpy", "scipy", "torch", "numba", "scikit-image", "array-api-compat")
"""Packages whose version may change the last bits of a result."""


class ProcessorTime:
    """Processor time of all threads of this process while a clock of prbench runs, for every clock used in the context.

    The clock itself tells wall time, which other programs lengthen; every version of prbench has its ``start`` and ``stop``.
    """

    def __enter__(self) -> Self:
        from prbench import backend

        clocks: Any = backend.Clock
        self._clock = clocks
        self._original = start, stop = clocks.start, clocks.stop
        self._busy: dict[int, tuple[Any, float]] = {}
        since: dict[int, float] = {}

        def timed_start(clock: Any) -> None:
            start(clock)
            since[id(clock)] = time.process_time()

        def timed_stop(clock: Any) -> None:
            stop(clock)
            if id(clock) in since:
                _, busy = self._busy.get(id(clock), (clock, 0.0))
                self._busy[id(clock)] = clock, busy + time.process_time() - since.pop(id(clock))

        clocks.start, clocks.stop = timed_start, timed_stop
        return self

    def __exit__(self, *_: object) -> None:
        self._clock.start, self._clock.stop = self._original

    def beside(self, seconds: float) -> float:
        """Processor time of the clock that told the wall time ``seconds``; infinite where no clock ran in this process."""
        nearest = min(self._busy.values(), key=lambda used: abs(used[0].seconds - seconds), default=(None, math.inf))
        return nearest[1]


class Prober:
    """Answers questions; keeps the last problem, and remembers which solvers have run."""

    def __init__(self) -> None:
        self._problem: tuple[tuple[object, ...], Any] | None = None
        self._warm: set[tuple[object, ...]] = set()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """What solving the cell of ``question`` cost, and how good it is; an ``error`` where it failed."""
        try:
            return cpu_class() if question["what"] == "cpu_class" else self._solved(question)
        except (Exception, SystemExit) as failure:  # noqa: BLE001 - every way to fail is an answer
            return {"status": "error", "error": "".join(traceback.format_exception(failure))[-4000:]}

    def _solved(self, question: dict[str, Any]) -> dict[str, Any]:
        import prbench
        from prbench.backend import get_backend

        solver = prbench.get_solver(question["solver"])
        problem = self._make(question)
        backend = get_backend(question["backend"], question["precision"])

        def solve(callback: Callable[[Any], object] | None = None) -> Any:
            limit = question["time_limit_s"]
            return prbench.solve(
                solver, problem.measurement, seed=question["seed"], backend=backend, time_limit_s=limit, callback=callback
            )

        kind = (question["solver"], question["dataset"], backend.name)
        if kind not in self._warm:
            solve(lambda point: point.seconds > _WARM_S)
            self._warm.add(kind)
        if question["what"] == "allocations":
            return {"status": "ok", "allocated_bytes": _allocated(solve)}
        solution, cpu_s = _fastest(solve, question.get("repeat_s", 0.0))
        scored = question["what"] == "cost" and solution.status != "diverged"
        metrics = prbench.score(solution.reconstruction, problem) if scored else {}
        return {
            "status": solution.status,
            **dataclasses.asdict(solution.cost),
            **_pair(backend, problem.measurement.shape),
            **({"cpu_s": cpu_s} if math.isfinite(cpu_s) else {}),
            "metrics": {name: value if math.isfinite(value) else None for name, value in metrics.items()},
            "digest": _digest(solution.reconstruction),
            "curve": [[point.iteration, point.residual] for point in solution.curve if math.isfinite(point.residual)],
        }

    def _make(self, question: dict[str, Any]) -> Any:
        import prbench

        label = (question["dataset"], question["sample"], question["split"])
        if self._problem is None or self._problem[0] != label:
            self._problem = None
            dataset = prbench.get_dataset(question["dataset"])
            self._problem = label, dataset.problem(question["sample"], split=question["split"])
        return self._problem[1]


def _fastest(solve: Callable[[], Any], repeat_s: float) -> tuple[Any, float]:
    """Solve once, and again until ``repeat_s`` of processor time are spent; the first solution and the least processor time.

    What disturbs a solve lengthens it, and a quick one may go through undisturbed.
    """
    until = time.process_time() + repeat_s
    first: Any = None
    least = math.inf
    while first is None or time.process_time() < until:
        with ProcessorTime() as processor:
            solution = solve()
        first = first or solution
        least = min(least, processor.beside(solution.cost.latency_s))
    return first, least


def _digest(reconstruction: Any) -> str:
    """Equal for reconstructions that are equal bit by bit."""
    arrays = hashlib.blake2b(digest_size=8)
    for name, array in sorted(reconstruction.items()):
        arrays.update(name.encode())
        arrays.update(array.tobytes())
    return arrays.hexdigest()


def _pair(backend: Any, shape: tuple[int, ...]) -> dict[str, float]:
    """Wall and processor time of an FFT pair, timed now."""
    from prbench.backend import fft_pair_seconds

    repeats = 5
    start = time.process_time()
    wall = fft_pair_seconds(backend, shape, repeats)
    return {"pair_s": wall, "cpu_pair_s": (time.process_time() - start) / (repeats + 1)}


def _allocated(solve: Callable[[], Any]) -> int:
    """The most bytes that Python and numpy held at a time during a solve, beyond those held before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        solve()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return max(0, most - before)


def cpu_class() -> dict[str, Any]:
    """What decides the last bits of a result besides prbench: processor, instructions in use, libraries, threads."""
    return {
        "processor": _processor(),
        "instructions": _instructions(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "system": " ".join((platform.system(), platform.machine(), *platform.libc_ver())),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
    }


def _processor() -> str:
    """Vendor, family and model, by which libraries choose their kernels."""
    path = Path("/proc/cpuinfo")
    if not path.exists():
        return platform.processor() or platform.machine()
    lines = path.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0].splitlines()
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    names = ("vendor_id", "cpu family", "model")
    return " ".join(fields[name] for name in names if name in fields) or platform.machine()


def _instructions() -> dict[str, str]:
    """The vector instructions that each library uses, after what the environment forbids."""
    import torch
    from numpy.lib import introspect

    result = introspect.opt_func_info(func_name="^exp$", signature="float64")
    kernels = {form["current"] for forms in result.values() for form in forms.values()}
    limits = ("ONEDNN_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS", "OPENBLAS_CORETYPE", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")
    forbidden = {name: os.environ[name] for name in limits if os.environ.get(name)}
    return {"numpy": " ".join(sorted(kernels)), "torch": torch.backends.cpu.get_cpu_capability(), **forbidden}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a solver prints is no answer
    prober = Prober()
    for line in sys.stdin:
        answers.write(json.dumps(prober.answer(json.loads(line)), allow_nan=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
