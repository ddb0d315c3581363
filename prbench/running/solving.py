"""Running one solver on one measurement: checks, the clock, the cost and the ways it can end."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from prbench.backend import Backend, Clock, Precision, get_backend, keep_freed_memory
from prbench.core import DirectSolver, IterativeSolver, Measurement, Reconstruction, Solver, build_plugin
from prbench.core.foreign import ForeignSolver
from prbench.core.reconstruction import FIELDS
from prbench.errors import PrbenchError, UsageError

from .billing import Spent, Times
from .cost import Cost, Run, cost_of_runs
from .loop import Callback, Loop, Progress, Status
from .pair_times import timed_pair

__all__ = ["Callback", "Progress", "Solution", "Status", "choose_backend", "solve"]


@dataclass(frozen=True, eq=False)
class Solution:
    """What :func:`solve` returns.

    Attributes:
        reconstruction: arrays on the host; of the last finite state when the time limit struck.
        status: ``ok``, ``time_limit`` or ``diverged``; the other ways to end need a process of one's own.
        cost: see :class:`Cost`.
        curve: points in order, first and last included; a direct solver has none. The last holds the misfit of what is
            returned, those before it what the solver says of its iterates.
        notes: what a reader of the cost must know, by subject.
        backend: where it ran.
    """

    reconstruction: Reconstruction
    status: Status
    cost: Cost
    curve: list[Progress] = field(default_factory=list)
    backend: str = ""
    notes: dict[str, str] = field(default_factory=dict)


def solve(
    solver: Solver[Any] | str,
    measurement: Measurement,
    *,
    seed: int = 0,
    backend: str | Backend = "auto",
    time_limit_s: float | None = None,
    callback: Callback | None = None,
) -> Solution:
    """Reconstruct ``measurement``; for many in a row see :func:`prbench.open`.

    Memory that is freed stays with the process, as :func:`prbench.backend.keep_freed_memory` says. The number of CPU threads is
    that of :func:`prbench.backend.get_threads`.

    Args:
        solver: a solver, or its name with settings such as ``"hio-er[starts=8]"``.
        measurement: what the detector saw.
        seed: of everything random in the solver; the same seed gives the same reconstruction on the same backend.
        backend: ``auto``, ``numpy``, ``torch``, ``torch:cuda``, ``cupy`` or a :class:`~prbench.backend.Backend`.
        time_limit_s: stop after this many seconds of solving and return what there is; the status says so.
        callback: called with every :class:`Progress` outside the clock; return True to stop early.

    Raises:
        UsageError: for an unknown solver, a measurement of another task, or a backend that the solver cannot use.
        PrbenchError: when the solver returns something that is not a reconstruction of this measurement.
    """
    chosen: Solver[Any] = build_plugin("solver", solver) if isinstance(solver, str) else solver
    resolved = choose_backend(chosen, backend)
    check_request(chosen, measurement, seed)
    keep_freed_memory()
    y = measurement.to(resolved)
    prepared = prepare(chosen, resolved, seed)
    solution = solve_prepared(chosen, y, seed, timed_pair, time_limit_s, callback)
    return dataclasses.replace(solution, cost=dataclasses.replace(solution.cost, startup_s=prepared.wall_s))


def check_request(solver: Solver[Any], measurement: Measurement, seed: int) -> None:
    """Refuse a measurement that the solver is not for.

    Raises:
        UsageError: for a measurement of another task or number of axes, or a negative seed.
    """
    if measurement.task != solver.info.task:
        raise UsageError(f"{solver.plugin_name} solves {solver.info.task} problems, the measurement is {measurement.task}")
    if solver.dimensions and len(measurement.shape) not in solver.dimensions:
        wanted = " or ".join(str(n) for n in solver.dimensions)
        raise UsageError(f"{solver.plugin_name} takes measurements of {wanted} axes, this one has {len(measurement.shape)}")
    if seed < 0:
        raise UsageError(f"seed must be at least 0, got {seed}")


def random_source(seed: int) -> np.random.Generator:
    """The random numbers of a solve."""
    return np.random.default_rng(np.random.SeedSequence([seed]))


def solve_prepared(
    solver: Solver[Any],
    y: Measurement,
    seed: int,
    pair_times: Callable[[Backend, tuple[int, ...]], tuple[float, float]],
    time_limit_s: float | None,
    callback: Callback | None,
    memory: dict[str, Any] | None = None,
) -> Solution:
    """Reconstruct by a solver that is prepared already.

    Args:
        solver: prepared on the measurement's backend.
        y: on the backend, with fresh counters.
        seed: of everything random.
        pair_times: wall and processor time of an FFT pair on a backend and shape; asked for before and after the solve.
        time_limit_s: as in :func:`solve`.
        callback: as in :func:`solve`.
        memory: of a session, as :meth:`~prbench.core.DirectSolver.solve_next` has it; None outside of one.

    Raises:
        PrbenchError: when the solver returns something that is not a reconstruction of this measurement.
    """
    before, remembers = pair_times(y.backend, y.shape), bool(memory)
    run = with_misfit(run_prepared(solver, y, seed, time_limit_s, callback, memory), y)
    cost, notes = cost_of_runs([run], [before, pair_times(y.backend, y.shape)])
    if remembers:
        cost = dataclasses.replace(cost, stream_fft=cost.cost_fft)
    return Solution(run.reconstruction, run.status, cost, run.curve, y.backend.name, notes)


def run_solver(
    solver: Solver[Any],
    measurement: Measurement,
    *,
    seed: int,
    backend: Backend,
    time_limit_s: float | None = None,
    callback: Callback | None = None,
    memory: dict[str, Any] | None = None,
) -> Run:
    """One solve on a backend, in a session with the solver's memory of it; raises as :func:`solve`."""
    check_request(solver, measurement, seed)
    y = measurement.to(backend)
    prepared = prepare(solver, backend, seed)
    run = run_prepared(solver, y, seed, time_limit_s, callback, memory)
    return dataclasses.replace(run, times=dataclasses.replace(run.times, prepared=prepared))


def run_prepared(
    solver: Solver[Any],
    y: Measurement,
    seed: int,
    time_limit_s: float | None,
    callback: Callback | None,
    memory: dict[str, Any] | None = None,
) -> Run:
    """One solve by a prepared solver of a measurement that is on its backend; in a session with the solver's memory of it."""
    if isinstance(solver, ForeignSolver):
        return _run_foreign(solver, y, seed)
    backend, rng = y.backend, random_source(seed)
    clock, aside = Clock(backend.synchronize), Clock(backend.synchronize)
    backend.reset_peak_memory()
    status: Status = "ok"
    curve: list[Progress] = []
    steps = 1
    if isinstance(solver, IterativeSolver):
        loop = Loop(solver, y, clock, aside, time_limit_s, callback)
        result, status = loop.run(rng)
        curve, steps = loop.curve, loop.done
    else:
        assert isinstance(solver, DirectSolver)
        with clock:
            result = solver.solve(y, rng) if memory is None else solver.solve_next(y, rng, memory)
    return Run(
        _to_host(solver, result, backend),
        status,
        curve,
        Times(_spent(clock), _spent(aside), steps=steps, points=len(curve)),
        ffts=y.counters.ffts,
        operators=y.counters.operators,
        passes=y.counters.passes or None,
        iterations=steps,
        backend=backend,
        peak_memory_device=backend.peak_memory(),
    )


def _run_foreign(solver: ForeignSolver[Any], y: Measurement, seed: int) -> Run:
    """One solve by another program, whose own clock counts, as far as what was seen from outside agrees."""
    found = solver.solve(y, random_source(seed))
    told = solver.last_cost()
    return Run(
        _to_host(solver, found, y.backend),
        "ok",
        [],
        Times(Spent(told.wall_s, told.processor_s), Spent(told.beside_wall_s, told.beside_processor_s)),
        ffts=told.ffts,
        operators=told.operators,
        passes=told.passes,
        iterations=told.iterations,
        backend=y.backend,
        peak_memory_host=told.peak_memory_host,
    )


def prepare(solver: Solver[Any], backend: Backend, seed: int) -> Spent:
    """Let a solver read its weights, the measurement unseen, and say what that took."""
    with Clock(backend.synchronize) as clock:
        solver.prepare(backend, random_source(seed))
    return _spent(clock)


def _spent(clock: Clock) -> Spent:
    return Spent(clock.seconds, clock.processor_s)


def with_misfit(run: Run, measurement: Measurement) -> Run:
    """The run, its reconstruction checked, its curve ended with the misfit of what it returns, as the framework computes it.

    Args:
        run: its curve may be empty, as a direct solver's.
        measurement: what was solved.

    Raises:
        PrbenchError: where the reconstruction is none of this measurement.
    """
    measurement.check(run.reconstruction)
    if not run.reconstruction.finite():
        return dataclasses.replace(run, status="diverged")
    if not run.curve or run.status == "diverged":
        return run
    misfit = measurement.to(get_backend("numpy", run.backend.precision)).misfit(run.reconstruction)
    if misfit is None:
        return run
    return dataclasses.replace(run, curve=[*run.curve[:-1], dataclasses.replace(run.curve[-1], residual=misfit)])


def choose_backend(solver: Solver[Any], backend: str | Backend, precision: Precision = "single") -> Backend:
    """The backend on which ``solver`` will run; ``auto`` is a library that it computes with.

    Raises:
        UsageError: where the solver cannot compute with the one asked for.
    """
    if backend == "auto" and "torch" not in solver.libraries:
        backend = solver.libraries[0]
    resolved = backend if isinstance(backend, Backend) else get_backend(backend, precision)
    if resolved.library not in solver.libraries:
        raise UsageError(f"{solver.plugin_name} computes with {' or '.join(solver.libraries)}, not with {resolved.library}")
    return resolved


def _to_host(solver: Solver[Any], result: object, backend: Backend) -> Reconstruction:
    if not isinstance(result, Reconstruction):
        raise PrbenchError(f"the solver {solver.plugin_name} must return a Reconstruction, got {type(result).__name__}")
    arrays = {name: backend.to_numpy(value) for name, value in result.items()}
    aux = {key: backend.to_numpy(v) if hasattr(v, "shape") else v for key, v in result.aux.items()}
    return Reconstruction(**{name: arrays.get(name) for name in FIELDS}, aux=aux)
