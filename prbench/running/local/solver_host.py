"""Processes that solve, as the process that makes problems and scores answers sees them: one for each class of solver.

A class gets a fresh process, which is kept, stopped while others work, as long as it leaves nothing behind in it. What a solve
took is measured from outside as well, so that a clock that a solver has changed is found out.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from prbench.backend import Backend
from prbench.core import Measurement
from prbench.errors import PrbenchError
from prbench.running.bench import SolverDied, SolverFailed, SolverReplaced, Traits
from prbench.running.cost import Run
from prbench.running.loop import Progress
from prbench.running.measurement_arrays import measurement_to_plain
from prbench.running.pair_times import PairTimes
from prbench.running.request.cell import Cell

from .channel import ChannelClosed
from .children import end_children
from .solver_process import SolverProcess, run_of, seen_from_outside
from .starters import FORKS, ForkServer, ServerProcess, Spawner

_KEPT = 6
"""Processes kept for classes of solvers, besides the one that times FFT pairs."""
_PAIRS = "FFT pairs"
_ENDING_S = 10.0


class SolverHost:
    """A bench (:class:`~prbench.running.bench.Bench`) whose solvers run in processes of their own.

    Args:
        threads: CPU threads of each process.
        memory_bytes: what each may allocate.
        trace_fd: pipe for stacks.
        spawn: whether to start every process from scratch, as where forks are not safe.
        server: the process that forks, where there is one already.
    """

    def __init__(
        self,
        threads: int,
        memory_bytes: int | None,
        trace_fd: int,
        *,
        spawn: bool = not FORKS,
        server: ServerProcess | None = None,
    ) -> None:
        self._starter: ForkServer | Spawner
        if spawn:
            self._starter = Spawner(threads, memory_bytes, trace_fd)
        else:
            self._starter = ForkServer(threads, memory_bytes, server or ServerProcess.from_scratch(trace_fd))
        self._processes: OrderedDict[str, SolverProcess] = OrderedDict()
        self._heavy: set[str] = set()
        self._now: SolverProcess | None = None
        self._pairs = PairTimes()
        self._ending: SolverProcess | None = None  # which is yet to say what it has left behind

    @property
    def pid(self) -> int | None:
        """Process id of the solver in hand."""
        return self._now.pid if self._now is not None else None

    @property
    def answers(self) -> int | None:
        """The descriptor at which the answers of the solver in hand arrive."""
        return self._now.channel.descriptors[0] if self._now is not None else None

    def is_at_hand(self, cell: Cell) -> bool:
        """See :class:`~prbench.running.bench.Bench`."""
        process = self._processes.get(cell.solver)
        return (
            process is not None
            and process is self._ending
            and _kind(cell) in process.warm
            and cell.solver_label in process.loaded
            and _backend_of(cell).device == "cpu"  # where FFT pairs are timed in another process
        )

    def begin(self, cell: Cell) -> bool:
        """See :class:`~prbench.running.bench.Bench`."""
        self._now = self._process(cell.solver)
        cold = _kind(cell) not in self._now.warm
        self._now.warm.add(_kind(cell))
        return cold

    def load(self, cell: Cell) -> Traits:
        """See :class:`~prbench.running.bench.Bench`."""
        process = self._present
        label = cell.solver_label
        if label not in process.loaded:
            request = {"do": "open", "solver": cell.solver, "params": dict(cell.solver_params), "label": label, "seed": cell.seed}
            reply = process.ask({**request, "backend": cell.backend, "precision": cell.precision})[0]
            process.loaded[label] = Traits(
                bool(reply["iterative"]),
                bool(reply["networked"]),
                bool(reply["streams"]),
                gpu=reply["gpu"],
                facts=dict(reply["facts"]),
            )
        return process.loaded[label]

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
        """See :class:`~prbench.running.bench.Bench`."""
        described, arrays = measurement_to_plain(measurement)
        request = {
            "do": "solve",
            **_where(cell),
            "seed": cell.seed,
            "time_limit_s": time_limit_s,
            "follow": follow is not None,
            "start_only": start_only,
            "stream": stream,
            "measurement": described,
        }
        process = self._present
        before = process.spent()
        self._hand_over(process, request, arrays, meanwhile)
        reply, result = process.result(follow)
        outside = process.spent() - before
        if reply.get("unsettled"):
            process.ask({"do": "settle"})
        return seen_from_outside([run_of(reply, result, _backend_of(cell))], outside, _size_of(arrays, result))[0]

    def _hand_over(
        self,
        process: SolverProcess,
        request: Mapping[str, object],
        arrays: Mapping[str, np.ndarray],
        meanwhile: Callable[[], object] | None,
    ) -> None:
        """Send a request for a solve and do what there is to do meanwhile.

        A process that is yet to say what it has left behind in the cell before, which it does first, has the request in the
        meantime; where it has left something, its answer does not count.
        """
        if process is not self._ending:
            process.send(request, arrays)
            if meanwhile is not None:
                meanwhile()
            return
        gone = False
        try:
            process.channel.send(request, arrays)
        except ChannelClosed:
            gone = True
        if meanwhile is not None:
            meanwhile()
        if gone and self._now is process:
            self._retire(process, kill=True)
        if self._now is not process:
            raise SolverReplaced

    def repeat(self, cell: Cell, measurements: Sequence[Measurement], *, time_limit_s: float | None, last: bool) -> list[Run]:
        """See :class:`~prbench.running.bench.Bench`; one message there and one back, however many there are."""
        plain = [measurement_to_plain(one) for one in measurements]
        arrays = {f"{number}.{name}": array for number, (_, some) in enumerate(plain) for name, array in some.items()}
        request = {
            "do": "repeat",
            **_where(cell),
            "seed": cell.seed,
            "time_limit_s": time_limit_s,
            "stream": False,
            "measurements": [described for described, _ in plain],
            "last": last,
        }
        process = self._present
        before = process.spent()
        reply, _ = process.ask(request, arrays)
        outside = process.spent() - before
        self._ending = process if last else None
        runs = reply.get("runs")
        if not isinstance(runs, list) or len(runs) != len(measurements):
            raise PrbenchError("the solver's process gave an answer that is none (other solves than were asked for)")
        return seen_from_outside([run_of(run, {}, _backend_of(cell)) for run in runs], outside, _size_of(arrays))

    def network_size(self, cell: Cell, measurement: Measurement) -> tuple[tuple[int, int] | None, float]:
        """See :class:`~prbench.running.bench.Bench`."""
        described, arrays = measurement_to_plain(measurement)
        reply = self._present.ask({"do": "size", **_where(cell), "measurement": described}, arrays)[0]
        size = reply["size"]
        return None if size is None else (int(size[0]), int(size[1])), float(reply["seconds"])

    def pair(self, cell: Cell, shape: tuple[int, ...]) -> tuple[float, float]:
        """See :class:`~prbench.running.bench.Bench`; timed in a process that no solver's code has entered.

        On a GPU it is timed in the solver's own, which has the device.
        """

        def measure(repeats: int) -> tuple[float, float]:
            process = self._process(_PAIRS) if _backend_of(cell).device == "cpu" else self._present
            request = {
                "do": "pair",
                "backend": cell.backend,
                "precision": cell.precision,
                "shape": list(shape),
                "repeats": repeats,
            }
            wall, processor = process.ask(request)[0]["times"]
            return float(wall), float(processor)

        return self._pairs.get((cell.backend, cell.precision, shape), measure)

    def finish(self) -> None:
        """See :class:`~prbench.running.bench.Bench`."""
        if self._now is not None and self._now is not self._ending:
            self._now.send({"do": "end"})
            self._ending = self._now

    def left(self) -> list[str]:
        """See :class:`~prbench.running.bench.Bench`."""
        process, self._ending = self._ending, None
        if process is None:
            return []
        try:
            reply = process.receive()[0] if process.channel.ready(_ENDING_S) else {"left": ["no answer"], "heavy": []}
            left = [str(what) for what in reply["left"]]
            self._heavy.update(map(str, reply["heavy"]))
        except SolverDied as death:
            return [f"no process: it ended with code {death.code}"]
        except (SolverFailed, KeyError, TypeError):
            left = ["no answer that can be read"]
        if left:
            self._retire(process, kill=True)
        return left

    def renew(self, cell: Cell) -> None:
        """See :class:`~prbench.running.bench.Bench`."""
        if cell.solver in self._processes:
            self._retire(self._processes[cell.solver], kill=True)
        self.begin(cell)

    def close(self) -> None:
        """End every process."""
        self._starter.close()
        for process in self._processes.values():
            process.channel.close()
        self._processes.clear()

    @property
    def _present(self) -> SolverProcess:
        assert self._now is not None
        return self._now

    def _process(self, label: str) -> SolverProcess:
        """The process of a class, fresh where it has none; those of other classes stand still meanwhile."""
        if label not in self._processes:
            others = [name for name in self._processes if name != _PAIRS]
            if label != _PAIRS and len(others) >= _KEPT:
                self._retire(self._processes[others[0]], kill=True)
            pid, channel = self._starter.start(self._heavy)
            self._processes[label] = SolverProcess(pid, channel, self._died)
        if label != _PAIRS:
            self._processes.move_to_end(label)
            for name, process in self._processes.items():
                process.pause(name not in (label, _PAIRS))
        return self._processes[label]

    def _died(self, process: SolverProcess) -> SolverDied:
        return SolverDied(self._retire(process, kill=False))

    def _retire(self, process: SolverProcess, *, kill: bool) -> int:
        """End a process, and what it leaves below it; how it had ended."""
        for label in [label for label, one in self._processes.items() if one is process]:
            del self._processes[label]
        if self._now is process:
            self._now = None
        if self._ending is process:
            self._ending = None
        process.pause(False)
        code = self._starter.reap(process.pid, kill=kill)
        process.channel.close()
        end_children({self._starter.pid} if isinstance(self._starter, ForkServer) else self._starter.pids)
        return code


def _size_of(*groups: Mapping[str, np.ndarray]) -> int:
    return sum(array.nbytes for arrays in groups for array in arrays.values())


def _kind(cell: Cell) -> tuple[str, str, str]:
    """Equal for cells of which the first has warmed up their process for the others."""
    return cell.task, cell.backend, cell.precision


def _where(cell: Cell) -> dict[str, str]:
    return {"label": cell.solver_label, "backend": cell.backend, "precision": cell.precision}


def _backend_of(cell: Cell) -> Backend:
    """The backend's description; the library itself is not needed here."""
    device = "cuda" if cell.backend in ("torch:cuda", "cupy") else "cpu"
    return Backend(cell.backend.partition(":")[0], device, cell.precision)
