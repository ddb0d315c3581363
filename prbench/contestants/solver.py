"""The solver that stands for a contestant: it hands the measurement to the program and returns what that answers."""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from prbench.backend import Backend, get_threads
from prbench.core import Measurement, Reconstruction, Rng
from prbench.core.foreign import ForeignCost, ForeignSolver
from prbench.core.reconstruction import FIELDS
from prbench.errors import BadInput, DataNotFound, Diverged, PrbenchError, ProgramDied, one_line
from prbench.running.measurement_arrays import measurement_to_plain

from .declaration import Declaration
from .environments import described, program_call
from .program import Program, ProgramError

_FREE_S, _FREE_S_PER_BYTE = 5e-3, 2e-8
"""What may pass between a program's clock and its answer: waking up, and moving arrays."""
_IDLE_S = 0.05
"""Processor time that a program may take between two solves; libraries spin for a moment after their last work."""
_COUNTS = ("ffts", "operators", "passes", "iterations")


@dataclass
class _Running:
    """A program and what has been asked of it."""

    program: Program
    settings: Mapping[str, Any] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    cost: ForeignCost | None = None
    processor_s: float = 0.0


_running: dict[tuple[type, str], _Running] = {}
"""By class and device: a program serves all settings, one after another."""


@dataclass(frozen=True)
class Contestant(ForeignSolver[Measurement]):
    """Base of the solvers that :mod:`prbench.contestants.family` makes of declarations."""

    declaration: ClassVar[Declaration]
    libraries: ClassVar[tuple[str, ...]] = ("numpy",)

    @classmethod
    def shipped_files(cls) -> tuple[Any, ...]:
        """The declaration, the adapter, the requirements."""
        return cls.declaration.files

    def prepare(self, backend: Backend, rng: Rng) -> None:  # noqa: ARG002 - seeds are given with each solve
        """Start the program where it does not run, and let it prepare for these settings.

        Raises:
            MissingDependency: where its environment is missing, with the command that makes it.
            ProgramDied, ProgramError: where it ends, or says that it cannot.
        """
        device = "cuda" if backend.device == "cuda" else "cpu"
        running = self._present(device)
        if running.settings != self.params():
            request = {"do": "prepare", "task": self.info.task, "settings": self.params(), "device": device}
            reply, _ = _answer_of(running.program, request, {})
            running.settings = self.params()
            running.facts = described(self.declaration, reply)
        running.processor_s = running.program.processor_seconds()

    def solve(self, y: Measurement, rng: Rng) -> Reconstruction:
        """Ask the program.

        Raises:
            DataNotFound: where the measurement lacks what the program needs, or is of a kind that it does not take.
            MemoryError, Diverged, ProgramDied, ProgramError: where it says so, or ends.
            BadInput: for an answer of other arrays than a reconstruction has.
        """
        device = "cuda" if y.backend.device == "cuda" else "cpu"
        running = _running[type(self), device]
        header, arrays = measurement_to_plain(y)
        missing = [name for name in self.declaration.needs if arrays.get(name) is None and header["values"].get(name) is None]
        if missing:
            raise DataNotFound(f"{self.plugin_name} needs {', '.join(missing)}, which this measurement does not state")
        values = {**header["values"], **dict.fromkeys(y.arrays), "shape": list(y.shape)}
        request = {"do": "solve", "seed": int(rng.integers(2**31)), "settings": self.params(), "device": device, "values": values}
        program = running.program
        program.share_memory_limit()
        before, began = program.processor_seconds(), time.perf_counter()
        reply, found = _answer_of(program, request, arrays)
        outside_s, outside_processor_s = time.perf_counter() - began, program.processor_seconds() - before
        moved = sum(array.nbytes for array in (*arrays.values(), *found.values()))
        running.cost = _cost(self.plugin_name, reply, outside_s, outside_processor_s, _FREE_S + _FREE_S_PER_BYTE * moved)
        running.processor_s = program.processor_seconds()
        return y.completed(_reconstruction(self.plugin_name, found))

    def _present(self, device: str) -> _Running:
        """The program, started where it does not run or has worked without having been asked."""
        label = type(self), device
        running = _running.get(label)
        if running is not None:
            worked = running.program.processor_seconds() - running.processor_s
            if running.program.alive and worked <= _IDLE_S:
                return running
            running.program.end()
        call = program_call(self.declaration)
        _running[label] = _Running(Program(self.plugin_name, call, get_threads()))
        return _running[label]

    def last_cost(self) -> ForeignCost:
        """What the last solve took."""
        told = next((running.cost for running in self._mine() if running.cost is not None), None)
        if told is None:
            raise PrbenchError(f"{self.plugin_name} has not solved anything in this process")
        return told

    def facts(self) -> Mapping[str, Any]:
        """Name, version, Python, packages and environment of the program."""
        return next((running.facts for running in self._mine()), {})

    def companions(self) -> tuple[int, ...]:
        """The program, while it runs."""
        return tuple(running.program.pid for running in self._mine() if running.program.alive)

    def _mine(self) -> list[_Running]:
        return [running for (cls, _), running in _running.items() if cls is type(self)]


def _answer_of(
    program: Program, request: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Ask, and raise what a solver of this process would have raised."""
    try:
        return program.ask(request, arrays)
    except ProgramError as failure:
        if failure.kind == "MemoryError":
            raise MemoryError(str(failure)) from failure
        if failure.kind == "NotImplementedError":
            raise DataNotFound(str(failure)) from failure
        if failure.kind == "FloatingPointError":
            raise Diverged(str(failure)) from failure
        if failure.kind == "SystemExit":
            raise ProgramDied(str(failure)) from failure
        raise


def _cost(name: str, reply: Mapping[str, Any], outside_s: float, outside_processor_s: float, free_s: float) -> ForeignCost:
    """The cost as the program says; what was seen from outside beyond it, and beyond what moving takes, stands beside it."""
    try:
        wall_s, processor_s = max(0.0, float(reply["wall_s"])), max(0.0, float(reply["processor_s"]))
        counts = {key: None if (value := reply.get("counts", {}).get(key)) is None else int(value) for key in _COUNTS}
        peak = None if reply.get("peak_memory") is None else int(reply["peak_memory"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BadInput(
            f"{name}: an answer holds wall_s and processor_s in seconds, and whole numbers as counts; got {one_line(reply, 120)}"
        ) from error
    wall_s, processor_s = min(wall_s, outside_s), max(processor_s, 0.0)
    return ForeignCost(
        wall_s,
        processor_s,
        max(0.0, outside_s - wall_s - free_s),
        max(0.0, outside_processor_s - processor_s - free_s),
        peak_memory_host=peak,
        **counts,
    )


def _reconstruction(name: str, arrays: Mapping[str, np.ndarray]) -> Reconstruction:
    """What the program returned, arrays under other names than a reconstruction's as ``aux``."""
    if not arrays.keys() & set(FIELDS):
        raise BadInput(f"{name}: an answer holds {', '.join(FIELDS)}, as its task asks; got {', '.join(arrays) or 'no array'}")
    aux = {key: array if array.ndim else array.item() for key, array in arrays.items() if key not in FIELDS}
    return Reconstruction(**{key: array for key, array in arrays.items() if key in FIELDS}, aux=aux)


def end_programs() -> None:
    """End every program that this process has started."""
    for running in _running.values():
        running.program.end()
    _running.clear()


atexit.register(end_programs)
os.register_at_fork(after_in_child=_running.clear)
