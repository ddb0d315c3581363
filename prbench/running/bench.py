"""Where a solver runs: in this process, or in one of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

from prbench.backend import Backend, forms_compiled
from prbench.core import DirectSolver, IterativeSolver, Measurement, Solver
from prbench.core.foreign import ForeignSolver

from .cost import Run
from .environment import gpu_name
from .local.memory import PeakMemory
from .loop import Progress
from .pair_times import timed_pair
from .request.cell import Cell
from .solving import prepare, run_solver


class SolverFailed(Exception):
    """A solver raised in its process.

    Attributes:
        status: the status of its cell.
        error: as the record holds it.
    """

    def __init__(self, status: str, error: dict[str, Any]) -> None:
        super().__init__(error.get("message", ""))
        self.status, self.error = status, {str(name): str(value) for name, value in error.items()}


class SolverDied(Exception):
    """A solver's process has ended; ``code`` is its exit code, or minus the signal that ended it."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the process ended with code {code}")
        self.code = code


@dataclass(frozen=True)
class Traits:
    """What the framework must know of a solver without having it.

    Attributes:
        iterative: whether it iterates.
        networked: whether it has a network.
        streams: whether it keeps what the frames of a session have in common.
        gpu: the name of the GPU that it computes on.
        facts: of another program that does its work, for the record; empty where there is none.
    """

    iterative: bool
    networked: bool
    streams: bool = False
    gpu: str | None = None
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class SolverReplaced(Exception):
    """The solver's process had left something behind, and a fresh one has to be asked."""


class Bench(Protocol):
    """Runs solvers for an executor, one cell after another."""

    @property
    def pid(self) -> int | None:
        """Process id of the solver's own process, where it has one."""

    def is_at_hand(self, cell: Cell) -> bool:
        """Whether its process has just ended a cell, and may be asked before it has said what it has left behind."""

    def begin(self, cell: Cell) -> bool:
        """Have a process ready; True where no cell of this kind has run in it, so that it should start up first."""

    def load(self, cell: Cell) -> Traits:
        """Build the solver and let it read its weights."""

    def solve(
        self,
        cell: Cell,
        measurement: Measurement,
        *,
        time_limit_s: float | None,
        follow: Callable[[Progress], object] | None = None,
        start_only: bool = False,
        meanwhile: Callable[[], object] | None = None,
        stream: bool = False,
    ) -> Run:
        """One solve.

        Args:
            cell: whose solver and backend it is.
            measurement: on the host.
            time_limit_s: see :func:`~prbench.running.solving.solve`.
            follow: called with every point of the curve.
            start_only: whether to stop after the second point.
            meanwhile: called once: beside the solve where the solver has a process of its own, before it otherwise. It may
                ask what that process has left behind in the cell before.
            stream: whether it is the second solve of this frame in a session, whose first is not counted.

        Raises:
            SolverFailed, SolverDied: where it has a process of its own; what the solver raises, otherwise.
            SolverReplaced: where that process had left something behind, or was gone.
        """

    def repeat(self, cell: Cell, measurements: Sequence[Measurement], *, time_limit_s: float | None, last: bool) -> list[Run]:
        """Solves for their times alone, one of each measurement, all of one kind; raises as :meth:`solve`.

        Args:
            cell: whose solver and backend it is.
            measurements: on the host.
            time_limit_s: of each.
            last: whether they are the last of the cell, so that :meth:`finish` is theirs as well.
        """

    def network_size(self, cell: Cell, measurement: Measurement) -> tuple[tuple[int, int] | None, float]:
        """Parameters and operations of the solver's network, None without one; and the seconds that the answer took."""

    def pair(self, cell: Cell, shape: tuple[int, ...]) -> tuple[float, float]:
        """Wall and processor time of an FFT pair now, or at most 0.3 s ago."""

    def finish(self) -> None:
        """The cell's last solve has ended: begin to look what it has left behind, unless that has begun."""

    def left(self) -> list[str]:
        """What it has left behind; its process is replaced where that is anything."""

    def renew(self, cell: Cell) -> None:
        """Replace the process of the cell's solver."""


class InProcess:
    """A bench in this process: for scripts and tests. It isolates nothing."""

    pid: int | None = None

    def __init__(self) -> None:
        self._warm: set[tuple[object, ...]] = set()

    def is_at_hand(self, cell: Cell) -> bool:  # noqa: ARG002 - nobody looks what it leaves behind
        """See :class:`Bench`."""
        return False

    def begin(self, cell: Cell) -> bool:
        """See :class:`Bench`."""
        kind = (type(cell.build_solver()), cell.task, cell.backend, cell.precision)
        cold = kind not in self._warm
        self._warm.add(kind)
        return cold

    def load(self, cell: Cell) -> Traits:
        """See :class:`Bench`."""
        solver, backend = cell.build_solver(), cell.open_backend()
        prepare(solver, backend, cell.seed)
        return traits_of(solver, backend)

    def solve(
        self,
        cell: Cell,
        measurement: Measurement,
        *,
        time_limit_s: float | None,
        follow: Callable[[Progress], object] | None = None,
        start_only: bool = False,
        meanwhile: Callable[[], object] | None = None,
        stream: bool = False,
    ) -> Run:
        """See :class:`Bench`."""
        if meanwhile is not None:
            meanwhile()

        def on_point(point: Progress) -> bool:
            if follow is not None:
                follow(point)
            return start_only and point.iteration > 0

        forms = forms_compiled()
        with PeakMemory() as memory:
            run = (run_frame_again if stream else run_solver)(
                cell.build_solver(),
                measurement,
                seed=cell.seed,
                backend=cell.open_backend(),
                time_limit_s=time_limit_s,
                callback=on_point if follow is not None or start_only else None,
            )
        grown = memory.growth if run.peak_memory_host is None else run.peak_memory_host
        return dataclasses.replace(run, peak_memory_host=grown, compiled=forms_compiled() > forms)

    def repeat(self, cell: Cell, measurements: Sequence[Measurement], *, time_limit_s: float | None, last: bool) -> list[Run]:
        """See :class:`Bench`."""
        result = [self.solve(cell, one, time_limit_s=time_limit_s) for one in measurements]
        if last:
            self.finish()
        return result

    def network_size(self, cell: Cell, measurement: Measurement) -> tuple[tuple[int, int] | None, float]:
        """See :class:`Bench`."""
        y, began = measurement.to(cell.open_backend()), perf_counter()
        return cell.build_solver().network_size(y), perf_counter() - began

    def pair(self, cell: Cell, shape: tuple[int, ...]) -> tuple[float, float]:
        """See :class:`Bench`."""
        return timed_pair(cell.open_backend(), shape)

    def finish(self) -> None:
        """See :class:`Bench`."""

    def left(self) -> list[str]:
        """See :class:`Bench`; nobody looks."""
        return []

    def renew(self, cell: Cell) -> None:
        """See :class:`Bench`; there is nothing to replace."""


def traits_of(solver: Solver[Any], backend: Backend) -> Traits:
    """What a solver is like, on a backend that is ready."""
    networked = type(solver).network_size is not Solver.network_size
    facts = solver.facts() if isinstance(solver, ForeignSolver) else {}
    streams = isinstance(solver, DirectSolver) and type(solver).solve_next is not DirectSolver.solve_next
    gpu = gpu_name() if backend.device == "cuda" else None
    return Traits(isinstance(solver, IterativeSolver), networked, streams, gpu, facts)


def run_frame_again(solver: Solver[Any], measurement: Measurement, **options: Any) -> Run:
    """A session's second solve of one frame; ``options`` as :func:`run_solver` has them."""
    memory: dict[str, Any] = {}
    run_solver(solver, measurement, **options, memory=memory)
    return run_solver(solver, measurement, **options, memory=memory)
