"""Solvers and a dataset that end in every way there is, for the tests of the runner; named by this file's path."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import psutil

from prbench.core import (
    Dataset,
    DirectSolver,
    IterativeSolver,
    Problem,
    Provenance,
    Reconstruction,
    Rng,
    Split,
    register,
    setting,
)
from prbench.tasks.far_field import FarField


@register("dots", task="far-field")
@dataclass(frozen=True)
class Dots(Dataset):
    """A random object in a corner, noise-free."""

    size: int = setting(8, doc="pixels along a side", valid="[2, 1024]")

    def make(self, index: int, seed: int, split: Split) -> Problem:
        (rng,) = self.streams(1, index, seed, split)
        x = np.exp(1j * rng.uniform(0, 1, (self.size, self.size))).astype(np.complex64)
        full = np.zeros((2 * self.size, 2 * self.size), complex)
        full[: self.size, : self.size] = x
        intensity = np.fft.fftshift(np.abs(np.fft.fft2(full)) ** 2)
        return Problem(
            FarField(intensity), Reconstruction(object=x), f"dots-{index}-{seed}", split, Provenance("computed", "CC0-1.0")
        )


@register("counted-dots", task="far-field")
@dataclass(frozen=True)
class CountedDots(Dots):
    """The same, which notes in a file who makes it: a line of sample and process for every cell begun."""

    log: str = setting("", doc="the file")

    def make(self, index: int, seed: int, split: Split) -> Problem:
        with Path(self.log).open("a") as file:
            file.write(f"{index} {os.getpid()}\n")
        return super().make(index, seed, split)


@register("file-of-dots", task="far-field")
@dataclass(frozen=True)
class FileOfDots(Dataset):
    """An intensity from a file."""

    path: str = setting("", doc="an NPY file")

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.path,)

    def make(self, index: int, seed: int, split: Split) -> Problem:
        intensity = np.load(self.path, allow_pickle=False)
        return Problem(FarField(intensity), None, "file", split, Provenance("a file", "unknown"))


@dataclass(frozen=True)
class _Direct(DirectSolver[FarField]):
    libraries: ClassVar[tuple[str, ...]] = ("numpy",)

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        self.misbehave(y)
        return Reconstruction(object=rng.standard_normal(y.object_shape).astype(np.complex64))

    def misbehave(self, y: FarField) -> None: ...


@register("guess", task="far-field")
@dataclass(frozen=True)
class Guess(_Direct):
    """Random numbers at once."""


@register("walk", task="far-field")
@dataclass(frozen=True)
class Walk(IterativeSolver[FarField, dict[str, Any]]):
    """A random walk whose residual is its step number."""

    iterations: int = setting(20, doc="steps", valid="[1, inf)")
    pause_s: float = setting(0.0, doc="seconds asleep a step")
    hang_at: int = setting(-1, doc="step at which it never ends")
    nan_at: int = setting(-1, doc="step at which the residual is not a number")

    def total_iterations(self, y: FarField) -> int:
        return self.iterations

    def init(self, y: FarField, rng: Rng) -> dict[str, Any]:
        return {"x": np.zeros(y.object_shape, np.complex64), "rng": rng, "n": 0}

    def step(self, y: FarField, state: dict[str, Any]) -> dict[str, Any]:
        time.sleep(self.pause_s)
        state["n"] += 1
        while state["n"] == self.hang_at:
            time.sleep(0.01)
        state["x"] = state["x"] + state["rng"].standard_normal(y.object_shape)
        return state

    def estimate(self, y: FarField, state: dict[str, Any]) -> Reconstruction:
        x = y.backend.asarray(state["x"].astype(np.complex64))
        return Reconstruction(object=x, aux={"steps": state["n"], "objects": x[None]})

    def residual(self, y: FarField, state: dict[str, Any]) -> float:
        return float("nan") if 0 <= self.nan_at <= state["n"] else float(state["n"])


@register("hang", task="far-field")
@dataclass(frozen=True)
class Hang(_Direct):
    """Never returns."""

    def misbehave(self, y: FarField) -> None:
        while True:
            time.sleep(0.01)


@register("exit", task="far-field")
@dataclass(frozen=True)
class Exit(_Direct):
    """Ends the process, politely or not."""

    politely: bool = setting(False, doc="by an exception")

    def misbehave(self, y: FarField) -> None:
        sys.stderr.write("about to leave")
        if self.politely:
            sys.exit(3)
        os._exit(3)


@register("assassin", task="far-field")
@dataclass(frozen=True)
class Assassin(_Direct):
    """Kills Dask's worker: what is beyond the processes that watch a cell, however many there are."""

    def misbehave(self, y: FarField) -> None:
        chain = [psutil.Process(), *psutil.Process().parents()]
        nanny = next(at for at, process in enumerate(chain) if {"dask", "worker"} <= set(process.cmdline()))
        os.kill(chain[nanny - 1].pid, signal.SIGKILL)
        time.sleep(60)


@register("fork", task="far-field")
@dataclass(frozen=True)
class Fork(_Direct):
    """Makes a second process of itself, which comes back as well, sleeps on, or raises; or a session of its own that sleeps."""

    then: str = setting("returns", doc="what the second process does", choices=("returns", "sleeps", "raises", "leaves"))
    log: str = setting("", doc="a file for the numbers of the second processes")

    def misbehave(self, y: FarField) -> None:
        pid = os.fork()
        if pid:
            with Path(self.log).open("a") as file:
                file.write(f"{pid}\n")
            time.sleep(0.2)
        elif self.then == "raises":
            raise ValueError("in the second process")
        elif self.then != "returns":
            if self.then == "leaves" and os.fork() == 0:
                os.setsid()
                with Path(self.log).open("a") as file:
                    file.write(f"{os.getpid()}\n")
            time.sleep(60 if self.then == "sleeps" or os.getpid() == os.getsid(0) else 0)
            os._exit(0)


@register("no-reconstruction", task="far-field")
@dataclass(frozen=True)
class NoReconstruction(_Direct):
    """Returns something else: an object, an array of objects, or nothing."""

    what: str = setting("nothing", doc="what", choices=("nothing", "array", "objects", "text", "gpu"))

    def solve(self, y: FarField, rng: Rng) -> Any:
        made = {
            "gpu": Reconstruction(
                object=np.zeros(y.object_shape, complex), aux={"gpu": os.environ.get("CUDA_VISIBLE_DEVICES", "")}
            ),
            "array": np.zeros(y.object_shape, np.complex64),
            "objects": Reconstruction(object=np.full(y.object_shape, None, object)),
            "text": Reconstruction(object=np.full(y.object_shape, "x")),
        }
        return made.get(self.what)


@register("segfault", task="far-field")
@dataclass(frozen=True)
class Segfault(_Direct):
    """Reads address zero."""

    def misbehave(self, y: FarField) -> None:
        ctypes.string_at(0)


@register("raise", task="far-field")
@dataclass(frozen=True)
class Raise(_Direct):
    """Raises."""

    def misbehave(self, y: FarField) -> None:
        raise ValueError("valueless")


@register("not-a-number", task="far-field")
@dataclass(frozen=True)
class NotANumber(_Direct):
    """Returns NaN."""

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        return Reconstruction(object=np.full(y.object_shape, np.nan, np.complex64))


@register("wrong-shape", task="far-field")
@dataclass(frozen=True)
class WrongShape(_Direct):
    """Returns something else."""

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        return Reconstruction(object=np.zeros(3, np.complex64))


@register("python-object", task="far-field")
@dataclass(frozen=True)
class PythonObject(_Direct):
    """Adds what no plain format holds."""

    def solve(self, y: FarField, rng: Rng) -> Reconstruction:
        return Reconstruction(object=np.zeros(y.object_shape, np.complex64), aux={"self": self})


@register("greedy", task="far-field")
@dataclass(frozen=True)
class Greedy(_Direct):
    """Allocates without end, counted as data or, shared, only as resident."""

    shared: bool = setting(False, doc="through shared mappings")

    def misbehave(self, y: FarField) -> None:
        held: list[object] = []
        while True:
            if self.shared:
                piece = mmap.mmap(-1, 1 << 26)
                piece.write(b"x" * (1 << 26))
                held.append(piece)
                time.sleep(0.02)
            else:
                held.append(np.ones(1 << 23))


@register("chatty", task="far-field")
@dataclass(frozen=True)
class Chatty(_Direct):
    """Prints twenty megabytes."""

    def misbehave(self, y: FarField) -> None:
        for _ in range(20):
            sys.stdout.write("x" * (1 << 20))
        sys.stdout.write("the last words")
