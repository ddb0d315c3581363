"""Solvers that cheat or are careless, one for each way that is known; none may gain by it, or harm what runs next."""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from prbench.core import DirectSolver, IterativeSolver, Problem, Reconstruction, Rng, register, setting
from prbench.tasks.far_field import FarField

WORK_S = 0.04


def work(seconds: float = WORK_S) -> None:
    """Keep the processor busy for a time of its own clock."""
    end = time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID) + seconds
    while time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID) < end:
        pass


def noise(y: FarField, rng: Rng) -> Reconstruction:
    return Reconstruction(object=rng.standard_normal(y.object_shape).astype(np.complex64))


@dataclass(frozen=True)
class _Direct(DirectSolver[FarField]):
    libraries: ClassVar[tuple[str, ...]] = ("numpy",)

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        return noise(y, rng)


@register("honest", task="far-field")
@dataclass(frozen=True)
class Honest(_Direct):
    """Works, and returns noise."""

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        work()
        return noise(y, rng)


def _objects(start: Any) -> Iterator[Any]:
    yield start
    if isinstance(start, dict):
        yield from start.values()


@register("peek", task="far-field")
@dataclass(frozen=True)
class Peek(_Direct):
    """Looks for a problem, a salt or a folder where a process can look in itself; returns what it has found as numbers."""

    where: str = setting("frames", doc="where", choices=("frames", "gc", "environment", "sockets"))

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        found = {"frames": self._frames, "gc": self._gc, "environment": self._environment, "sockets": self._sockets}[self.where]()
        return Reconstruction(object=noise(y, rng).object, aux={"found": "; ".join(found)})

    def _frames(self) -> list[str]:
        found = []
        for frame in sys._current_frames().values():
            at: Any = frame
            while at is not None:
                for value in list(at.f_locals.values()):
                    found += [type(one).__name__ for one in _objects(value) if isinstance(one, Problem | Reconstruction)]
                at = at.f_back
        return found

    def _gc(self) -> list[str]:
        gc.unfreeze()
        objects = [one for one in gc.get_objects() if isinstance(one, Problem | Reconstruction)]
        return [type(one).__name__ for one in objects if not (isinstance(one, Reconstruction) and "found" in one.aux)]

    def _environment(self) -> list[str]:
        files = [Path(f"/proc/{process}/{name}") for process in ("self", os.getppid()) for name in ("cmdline", "environ")]
        told = [*os.environ, *os.environ.values(), *sys.argv, *(file.read_text() for file in files)]
        return [text for text in told if "PRBENCH_DATA" in text or "secret" in text]

    def _sockets(self) -> list[str]:
        """Asks at every socket, and says what comes back within a while."""
        found = []
        for entry in Path("/proc/self/fd").iterdir():
            target = str(entry.readlink()) if entry.exists() or entry.is_symlink() else ""
            if target.startswith("socket:"):
                one = socket.socket(fileno=os.dup(int(entry.name)))
                one.settimeout(0.3)
                with contextlib.suppress(OSError):
                    found.append(f"data {one.recv(1 << 16)!r}")
                one.close()
            elif "secret" in target or "records" in target:
                found.append(target)
        return found


@register("maker", task="far-field")
@dataclass(frozen=True)
class Maker(_Direct):
    """Makes the test problems itself, and returns the truth of the one that it recognises."""

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        import prbench

        for index in range(3):
            problem = prbench.get_dataset("crystal2d[size=32]").problem(index)
            if np.allclose(np.asarray(problem.measurement.intensity), np.asarray(y.intensity), rtol=1e-4):
                return Reconstruction(object=problem.truth.object.copy())
        raise ValueError("unrecognised")


@register("late", task="far-field")
@dataclass(frozen=True)
class Late(IterativeSolver[FarField]):
    """Works in one of the framework's questions instead of in its steps."""

    hook: str = setting(
        "residual", doc="where", choices=("residual", "finished", "total_iterations", "prepare", "network_size", "step")
    )

    def _at(self, hook: str) -> None:
        if hook == self.hook:
            work()

    def total_iterations(self, y: FarField) -> int:
        self._at("total_iterations")
        return 2

    def prepare(self, backend: Any, rng: Rng) -> None:
        self._at("prepare")

    def network_size(self, y: FarField) -> tuple[int, int] | None:
        self._at("network_size")
        return None

    def init(self, y: FarField, rng: Rng) -> Any:
        return noise(y, rng)

    def step(self, y: FarField, state: Any) -> Any:
        self._at("step")
        return state

    def finished(self, y: FarField, state: Any) -> bool:
        self._at("finished")
        return False

    def residual(self, y: FarField, state: Any) -> float:
        self._at("residual")
        return 0.5

    def estimate(self, y: FarField, state: Any) -> Reconstruction:
        return state


_known: dict[Any, np.ndarray] = {}


@register("remember", task="far-field")
@dataclass(frozen=True)
class Remember(_Direct):
    """Works, and remembers its answer by the measurement's bytes, or by what rounding leaves of them."""

    exactly: bool = setting(True, doc="by the bytes")

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        seen = np.asarray(y.intensity)
        key = seen.tobytes() if self.exactly else np.round(seen, 2).tobytes()
        if key not in _known:
            work()
            _known[key] = noise(y, rng).object
        return Reconstruction(object=_known[key].copy())


@register("patch", task="far-field")
@dataclass(frozen=True)
class Patch(_Direct):
    """Works with a clock, a scorer or a counter of its own making."""

    what: str = setting("clock", doc="what is replaced", choices=("clock", "both-clocks", "class", "scorer", "metric"))

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        from prbench.backend import clock
        from prbench.metrics import symmetry
        from prbench.running import executing

        if self.what in ("clock", "both-clocks"):
            clock.perf_counter = lambda: 0.0
            time.perf_counter = time.monotonic = lambda: 0.0
        if self.what == "both-clocks":
            clock.process_time = lambda: 0.0
        if self.what == "class":
            clock.Clock.seconds = property(lambda _self: 1e-6)
            clock.Clock.processor_s = property(lambda _self: 1e-6)
        if self.what == "scorer":
            executing.assess = lambda *_: ({"sa_nmse": 0.0}, {})
        if self.what == "metric":
            symmetry.symmetry_adjusted_nmse = lambda *_: 0.0
        work()
        return noise(y, rng)


def _endless() -> None:
    while True:
        time.sleep(0.001)


def _alarm() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.alarm(1)


def _torch_threads() -> None:
    import torch

    torch.set_num_threads(torch.get_num_threads() + 1)


def _torch_dtype() -> None:
    import torch

    torch.set_default_dtype(torch.float64)


CARELESS = {
    "thread": lambda: threading.Thread(target=_endless, daemon=True).start(),
    "low-thread": lambda: __import__("_thread").start_new_thread(_endless, ()),
    "process": lambda: subprocess.Popen(["sleep", "60"]),
    "alarm": _alarm,
    "timer": lambda: signal.setitimer(signal.ITIMER_PROF, 30.0),
    "handler": lambda: signal.signal(signal.SIGUSR2, signal.SIG_IGN),
    "recursion": lambda: sys.setrecursionlimit(150),
    "seterr": lambda: np.seterr(all="raise"),
    "warnings": lambda: warnings.simplefilter("error"),
    "chdir": lambda: os.chdir("/"),
    "environment": lambda: os.environ.update(OMP_NUM_THREADS="7"),
    "seed": lambda: np.random.seed(7),  # noqa: NPY002 - what many scripts do
    "random": lambda: random.seed(7),
    "functions": lambda: setattr(np.fft, "fft2", None),
    "stdout": lambda: (sys.stdout.close(), sys.stderr.close()),
    "descriptors": lambda: os.closerange(3, 1000),
    "print": lambda: [sys.stdout.write("x" * (1 << 20)) for _ in range(50)],
    "gc": gc.disable,
    "trace": lambda: sys.setprofile(lambda *_: None),
    "torch-threads": _torch_threads,
    "torch-dtype": _torch_dtype,
}
HARMLESS = ("print",)


@register("careless", task="far-field")
@dataclass(frozen=True)
class Careless(_Direct):
    """Leaves something behind."""

    what: str = setting("thread", doc="what", choices=tuple(CARELESS))

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        if self.what.startswith("torch"):
            import torch  # noqa: F401 - before the first look at its state
        CARELESS[self.what]()
        return noise(y, rng)
