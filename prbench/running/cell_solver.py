"""The solves of one cell: start-up, the solve that counts, its repeats, and the cost that they make together."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from prbench.backend import get_threads
from prbench.core import Measurement
from prbench.metrics.cost_names import COUNTS, FLOPS, LOAD, PARAMETERS, SOLVE_FLOPS

from .bench import Bench, SolverDied, SolverReplaced, Traits
from .billing import ASIDE_SHARE, FREE_S, GAP_RATIO, GAP_S, Spent, waiting
from .cost import Cost, Run, cost_of_runs, solve_flops
from .examples import small_measurement
from .loop import Progress
from .measurement_arrays import disturbed, mirrored
from .request.cell import Cell
from .solving import with_misfit

Report = Callable[[str, Mapping[str, Any]], None]
"""Called with ``phase`` (what follows the making of the problem) or ``progress`` and plain values, while a cell is executed."""

QUICK_SOLVES = 3
_QUICK_S, _QUICK_BUSY_S = 0.2, 2.0
_WARM_S = 2.0
_COLD_S = 5.0
"""A solve that found compilers or libraries cold is timed again, unless it took so long that they hardly matter."""


@dataclass(frozen=True)
class Solves:
    """The solves of a cell, before anything is made of them: see :meth:`CellSolver.evaluated`.

    Attributes:
        cell: what was asked for.
        measurement: of its problem, on the host.
        first: the solve whose reconstruction is the cell's.
        timed: those that count for its cost.
        pairs: wall and processor time of FFT pairs beside them.
        size: parameters and operations of the network, and the seconds that counting them took.
        traits: of the solver.
        startup_s: what came before.
        notes: what a reader of the cost must know.
        streamed: a session's second solve of the measurement; None for solvers that keep nothing between frames.
    """

    cell: Cell
    measurement: Measurement
    first: Run
    timed: list[Run]
    pairs: list[tuple[float, float]]
    size: tuple[tuple[int, int] | None, float]
    traits: Traits
    startup_s: float
    notes: dict[str, str]
    streamed: Run | None = None

    @property
    def repeated(self) -> bool:
        """Whether its time is a median of several, which one disturbed solve does not change."""
        return len(self.timed) > 1


@dataclass(frozen=True)
class Solved:
    """What the solves of a cell come to.

    Attributes:
        run: the first of the solves that count, its curve ended by the framework.
        cost: as the record holds it.
        notes: what a reader of the cost must know.
        gpu: the GPU's name, where one was used.
    """

    run: Run
    cost: dict[str, float | int | None]
    notes: dict[str, str]
    gpu: str | None


class CellSolver:
    """Solves cells on a bench, and remembers what it has seen there."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._small: dict[tuple[object, ...], Measurement | None] = {}
        self._first: dict[tuple[object, ...], float] = {}
        self._repeated = set[tuple[object, ...]]()
        self.facts: Mapping[str, Any] = {}
        """Of the program that did the work of the last cell; empty where that was the solver itself."""

    def run(
        self,
        cell: Cell,
        measurement: Measurement,
        described: Mapping[str, Any],
        points: list[Progress],
        report: Report,
        meanwhile: Callable[[], object],
        ahead: Callable[[], object],
    ) -> Solves:
        """Solve the measurement of a cell as often as its cost needs.

        Args:
            cell: what is asked for.
            measurement: of its problem, on the host.
            described: the problem, for the report of a phase.
            points: takes the curve of the first solve as it grows.
            report: see :data:`Report`.
            meanwhile: called, at least once, beside the first solve, or before one that should not be disturbed.
            ahead: called after it beside a solve that may be disturbed, and then only.
        """
        bench, may_be_disturbed = self._bench, self.repeats(cell)

        def follow(point: Progress) -> None:
            points.append(point)
            report("progress", dataclasses.asdict(point))

        def solve(y: Measurement, **how: Any) -> Run:
            return bench.solve(cell, y, time_limit_s=cell.time_limit_s, **how)

        cold = bench.begin(cell)
        if cold or not may_be_disturbed:
            meanwhile()
        report("phase", {"phase": "startup" if cold else "solving", "problem": described, "solver": bench.pid})
        began = perf_counter()
        self.facts = {}
        traits = bench.load(cell)
        self.facts = traits.facts
        warmed = cold and self._start_up(cell, measurement, traits)
        startup_s = perf_counter() - began
        if cold:
            report("phase", {"phase": "solving"})
        pairs = [bench.pair(cell, measurement.shape)]
        copies: list[Measurement] = []

        def beside() -> None:
            meanwhile()
            if may_be_disturbed:
                copies.extend(_copies(measurement))
                ahead()

        try:
            first = solve(measurement, follow=follow, meanwhile=beside)
        except SolverReplaced:
            return self.run(cell, measurement, described, points, report, meanwhile, ahead)
        notes: dict[str, str] = {}
        timed = [first]
        if (first.compiled or (cold and not warmed)) and first.times.clocked.wall_s < _COLD_S:
            report("phase", {"phase": "solving"})  # the hard limit is counted anew
            timed = [self._once_more(cell, measurement, first)]
        elif slower := self._afresh(cell, measurement, first, notes):
            timed = [slower]
        streamed = bench.solve(cell, measurement, time_limit_s=cell.time_limit_s, stream=True) if traits.streams else None
        if _is_quick(timed[0]) and first.status == "ok":
            again = copies or _copies(measurement)
            timed += bench.repeat(cell, again, time_limit_s=cell.time_limit_s, last=not traits.networked)
        pairs.append(bench.pair(cell, measurement.shape))
        size = bench.network_size(cell, measurement) if traits.networked else (None, 0.0)
        if size[1] > FREE_S + ASIDE_SHARE * timed[0].times.clocked.wall_s:  # the first answer may be counted, the second known
            size = bench.network_size(cell, mirrored(measurement))
        bench.finish()
        result = Solves(cell, measurement, first, timed, pairs, size, traits, startup_s, notes, streamed)
        (self._repeated.add if result.repeated else self._repeated.discard)(cell.kind)
        return result

    def repeats(self, cell: Cell) -> bool:
        """Whether the last cell of this kind was solved several times, so that one disturbed solve does not change its time."""
        return cell.kind in self._repeated

    def evaluated(self, solves: Solves) -> Solved:
        """What the solves of a cell come to; nothing is asked of its solver any more.

        Raises:
            PrbenchError: where the reconstruction is none of the measurement.
        """
        first, timed, gpu, notes = solves.first, solves.timed, solves.traits.gpu, dict(solves.notes)
        counts = dataclasses.replace(timed[0], **{name: getattr(first, name) for name in COUNTS})
        cost, billed = cost_of_runs([counts, *timed[1:]], solves.pairs)
        notes.update(billed)
        size, size_s = solves.size
        cost = self._with_size(cost, size_s, notes)
        self._first.setdefault(_label(solves.cell), (cost.processor_s or 0.0) if gpu is None else cost.latency_s)
        if note := waiting(Spent(cost.latency_s, cost.processor_s or 0.0), get_threads()) if gpu is None else "":
            notes[LOAD] = note
        stream_fft = None if solves.streamed is None else _stream_fft(solves.streamed, solves.pairs)
        cost = dataclasses.replace(cost, startup_s=solves.startup_s, stream_fft=stream_fft)
        parameters, flops = size or (None, None)
        total = solve_flops(cost.ffts, solves.measurement.shape, cost.passes, flops)
        stored = {**vars(cost), "repeats": len(timed), PARAMETERS: parameters, FLOPS: flops, SOLVE_FLOPS: total}
        return Solved(with_misfit(first, solves.measurement), stored, notes, gpu)

    def _start_up(self, cell: Cell, measurement: Measurement, traits: Traits) -> bool:
        """Let a solver that has not run here solve something small, so that compilation is not part of its solve.

        What it makes of that does not matter. An iterative solver stops after its first point; one that does not iterate
        starts up on a small problem only. True where it has started up.
        """
        kind = (cell.task, cell.dataset, len(measurement.shape))
        if kind not in self._small:
            self._small[kind] = small_measurement(cell, measurement)
        small = self._small[kind]
        if small is None:
            if not traits.iterative:
                return False
            small = mirrored(measurement)
        limit_s = min(_WARM_S, cell.time_limit_s or _WARM_S)
        try:
            self._bench.solve(cell, small, time_limit_s=limit_s, start_only=True)
        except SolverDied:
            raise
        except Exception:  # noqa: BLE001 - it may refuse the example; the measurement itself will tell
            return False
        return True

    def _once_more(self, cell: Cell, measurement: Measurement, cold: Run) -> Run:
        """A solve after the first, which found the process cold.

        Where it is far quicker, it may have been warm, or have remembered: the solve of another measurement tells.
        """
        again = self._bench.solve(cell, disturbed(measurement, 0), time_limit_s=cell.time_limit_s)
        if not _far_below(_work(again), _work(cold)):
            return again
        try:
            other = self._bench.solve(cell, mirrored(measurement), time_limit_s=cell.time_limit_s)
        except SolverDied:
            self._bench.begin(cell)
            self._bench.load(cell)
            return again
        except Exception:  # noqa: BLE001 - nobody promised that it can be solved
            return again
        return other if _far_below(_work(again), _work(other)) else again

    def _afresh(self, cell: Cell, measurement: Measurement, first: Run, notes: dict[str, str]) -> Run | None:
        """A solve in a fresh process, where this one was far quicker than one of the same problem before it; else None."""
        before = self._first.get(_label(cell))
        if before is None or self._bench.pid is None or not _far_below(_work(first), before):
            return None
        self._bench.renew(cell)
        self._start_up(cell, measurement, self._bench.load(cell))
        again = self._bench.solve(cell, measurement, time_limit_s=cell.time_limit_s)
        if not _far_below(_work(first), _work(again)):
            return None
        notes["memory"] = (
            f"took {_work(first):.3g} s where the solver had seen the problem, {_work(again):.3g} s where not; that counts"
        )
        return again

    @staticmethod
    def _with_size(cost: Cost, seconds: float, notes: dict[str, str]) -> Cost:
        """The cost with what counting the network's size took, where that is beyond its share."""
        late = seconds - FREE_S - ASIDE_SHARE * cost.latency_s
        if late <= 0:
            return cost
        notes["network_size"] = f"took {seconds:.3g} s beside {cost.latency_s:.3g} s on the clock, and is on the bill"
        factor = (cost.latency_s + late) / cost.latency_s
        return dataclasses.replace(
            cost,
            latency_s=cost.latency_s + late,
            latency_fft=cost.latency_fft * factor,
            processor_s=(cost.processor_s or 0.0) + late,
            cost_fft=(cost.cost_fft or 0.0) + late / (cost.fft_pair_processor_s or cost.fft_pair_s),
        )


def _copies(measurement: Measurement) -> list[Measurement]:
    """What the repeats of a quick solve are of."""
    return [disturbed(measurement, number) for number in range(1, QUICK_SOLVES)]


def _stream_fft(run: Run, pairs: list[tuple[float, float]]) -> float | None:
    """FFT pairs of a frame within a session; what the process did before, for the session's first frame, is not part of it."""
    alone = dataclasses.replace(run, times=dataclasses.replace(run.times, outside=None))
    return cost_of_runs([alone], pairs)[0].cost_fft


def _label(cell: Cell) -> tuple[object, ...]:
    """Equal for cells that differ in the solver's seed alone."""
    return (cell.solver, cell.solver_label, cell.problem_label, cell.backend, cell.precision, cell.time_limit_s)


def _work(run: Run) -> float:
    """Processor time of a solve, on a GPU its wall time; seconds."""
    return run.times.clocked.processor_s if run.backend.device == "cpu" else run.times.clocked.wall_s


def _is_quick(run: Run) -> bool:
    """Whether a solve should be repeated: by its wall time, on a busy machine by its processor time."""
    spent = run.times.clocked
    return spent.wall_s < _QUICK_S or (spent.processor_s < _QUICK_S and spent.wall_s < _QUICK_BUSY_S)


def _far_below(work: float, other: float) -> bool:
    return work * GAP_RATIO < other and other - work > GAP_S
