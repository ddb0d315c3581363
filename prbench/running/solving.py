"""Running one solver on one measurement: the loop, the clock, the curve and the ways it can end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from prbench.backend import Backend, Clock, Precision, fft_pair_seconds, get_backend, get_threads, keep_freed_memory
from prbench.core import DirectSolver, IterativeSolver, Measurement, Reconstruction, Solver, build_plugin
from prbench.core.reconstruction import FIELDS
from prbench.errors import PrbenchError, UsageError

Status = Literal["ok", "diverged", "time_limit", "killed", "out_of_memory", "crashed", "error", "skipped", "interrupted"]

_CURVE_POINTS = 50
_PAIR_HOLDS_S = 0.1
_LOOK_EVERY_S = 0.05
"""Seconds of work handed to a solver between two looks at the clock, so that looking costs nothing."""


@dataclass(frozen=True)
class Progress:
    """One point of a curve, as a callback sees it.

    Attributes:
        iteration: steps done.
        iterations: steps of a full run.
        seconds: time on the clock.
        residual: relative misfit to the measurement.
    """

    iteration: int
    iterations: int
    seconds: float
    residual: float


@dataclass(frozen=True)
class Cost:
    """What a solve cost.

    Attributes:
        latency_s: seconds from the measurement on the device to the reconstruction on the device, start-up inside,
            data transfer and scoring outside.
        latency_fft: the same in forward+inverse FFT pairs of the measurement's shape and dtype, timed before and after (at most a
            tenth of a second) on the same backend, device, threads and process.
        fft_pair_s: the seconds of one such pair.
        ffts: transforms of that shape that the solver asked for, forward and inverse.
        operators: other applications of the forward model or its adjoint.
        iterations: steps done.
        peak_memory_device: bytes, on a GPU only.
        peak_memory_host: bytes by which the process grew at its highest, where the runner measured it.
    """

    latency_s: float
    latency_fft: float
    fft_pair_s: float
    ffts: int
    operators: int
    iterations: int
    peak_memory_device: int | None = None
    peak_memory_host: int | None = None


@dataclass(frozen=True, eq=False)
class Solution:
    """What :func:`solve` returns.

    Attributes:
        reconstruction: arrays on the host; of the last finite state when the time limit struck.
        status: ``ok``, ``time_limit`` or ``diverged``; the other ways to end need a process of one's own.
        cost: see :class:`Cost`.
        curve: points in order, first and last included; a direct solver has none.
        backend: where it ran.
    """

    reconstruction: Reconstruction
    status: Status
    cost: Cost
    curve: list[Progress] = field(default_factory=list)
    backend: str = ""


Callback = Callable[[Progress], object]


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
    return _solve(chosen, measurement, seed, backend, time_limit_s, callback)


def _solve(
    solver: Solver[Any],
    measurement: Measurement,
    seed: int,
    backend: str | Backend,
    time_limit_s: float | None,
    callback: Callback | None,
) -> Solution:
    place = choose_backend(solver, backend)
    check_request(solver, measurement, seed)
    keep_freed_memory()
    y = measurement.to(place)
    # Weights are read as data are: outside the clock, the measurement unseen.
    solver.prepare(place, random_source(seed))
    return solve_prepared(solver, y, seed, _pair_seconds, time_limit_s, callback)


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
    pair_seconds: Callable[[Backend, tuple[int, ...]], float],
    time_limit_s: float | None,
    callback: Callback | None,
) -> Solution:
    """Reconstruct by a solver that is prepared already.

    Args:
        solver: prepared on the measurement's backend.
        y: on the backend, with fresh counters.
        seed: of everything random.
        pair_seconds: the time of an FFT pair on a backend and shape; asked for before and after the solve.
        time_limit_s: as in :func:`solve`.
        callback: as in :func:`solve`.

    Raises:
        PrbenchError: when the solver returns something that is not a reconstruction of this measurement.
    """
    place, rng = y.backend, random_source(seed)
    pair_before = pair_seconds(place, y.shape)
    place.reset_peak_memory()
    clock = Clock(place.synchronize)
    if isinstance(solver, IterativeSolver):
        found, status, curve, steps = _iterate(solver, y, rng, clock, time_limit_s, callback)
    else:
        assert isinstance(solver, DirectSolver)
        with clock:
            found = solver.solve(y, rng)
        status, curve, steps = "ok", [], 1
    peak = place.peak_memory()
    reconstruction = _to_host(found, place)
    y.check(reconstruction)
    if not reconstruction.finite():
        status = "diverged"
    pair = (pair_before + pair_seconds(place, y.shape)) / 2
    cost = Cost(
        latency_s=clock.seconds,
        latency_fft=clock.seconds / pair,
        fft_pair_s=pair,
        ffts=y.counters.ffts,
        operators=y.counters.operators,
        iterations=steps,
        peak_memory_device=peak,
    )
    return Solution(reconstruction, status, cost, curve, place.name)


_timed_pairs: dict[tuple[object, ...], tuple[float, float]] = {}


def _pair_seconds(place: Backend, shape: tuple[int, ...]) -> float:
    """The time of an FFT pair now: as timed at most :data:`_PAIR_HOLDS_S` ago, so that quick solves are not outweighed by it."""
    label = place, shape, get_threads()
    at, seconds = _timed_pairs.get(label, (-_PAIR_HOLDS_S, 0.0))
    if time.monotonic() - at > _PAIR_HOLDS_S:
        seconds = fft_pair_seconds(place, shape)
        _timed_pairs[label] = time.monotonic(), seconds
    return seconds


def choose_backend(solver: Solver[Any], backend: str | Backend, precision: Precision = "single") -> Backend:
    """The backend on which ``solver`` will run; ``auto`` is a library that it computes with.

    Raises:
        UsageError: where the solver cannot compute with the one asked for.
    """
    if backend == "auto" and "torch" not in solver.libraries:
        backend = solver.libraries[0]
    place = backend if isinstance(backend, Backend) else get_backend(backend, precision)
    if place.library not in solver.libraries:
        raise UsageError(f"{solver.plugin_name} computes with {' or '.join(solver.libraries)}, not with {place.library}")
    return place


def _iterate(
    solver: IterativeSolver[Any],
    y: Measurement,
    rng: np.random.Generator,
    clock: Clock,
    time_limit_s: float | None,
    callback: Callback | None,
) -> tuple[Reconstruction, Status, list[Progress], int]:
    total = solver.total_iterations(y)
    every = max(1, -(-total // _CURVE_POINTS))
    curve: list[Progress] = []
    status: Status = "ok"
    with clock:
        state = solver.init(y, rng)
    done, stop = 0, _look(solver, y, state, clock, curve, 0, total, callback)
    while done < total and not stop:
        target = min(total, done - done % every + every)
        with clock:
            state, done, out_of_time = _advance(solver, y, state, done, target, clock, time_limit_s)
        stop = _look(solver, y, state, clock, curve, done, total, callback)
        if out_of_time and done < total:
            status, stop = "time_limit", True
        if not np.isfinite(curve[-1].residual):
            status, stop = "diverged", True
        stop = stop or solver.finished(y, state)
    with clock:
        found = solver.estimate(y, state)
    return found, status, curve, done


def _advance(
    solver: IterativeSolver[Any], y: Measurement, state: Any, done: int, target: int, clock: Clock, limit: float | None
) -> tuple[Any, int, bool]:
    """Step to ``target``, looking at the clock only about every :data:`_LOOK_EVERY_S`; the numbers do not depend on the looks."""
    block = 1
    before = clock.seconds
    while done < target:
        steps = min(block, target - done)
        state = solver.advance(y, state, steps)
        done += steps
        now = clock.seconds
        if limit is not None and now >= limit:
            return state, done, True
        if now - before < _LOOK_EVERY_S / 2:
            block *= 2
        before = now
    return state, done, False


def _look(
    solver: IterativeSolver[Any],
    y: Measurement,
    state: Any,
    clock: Clock,
    curve: list[Progress],
    done: int,
    total: int,
    callback: Callback | None,
) -> bool:
    """Add a point to the curve, outside the clock and uncounted; True when the callback asks to stop."""
    ffts, operators = y.counters.ffts, y.counters.operators
    point = Progress(done, total, clock.seconds, float(solver.residual(y, state)))
    y.counters.ffts, y.counters.operators = ffts, operators
    curve.append(point)
    return callback is not None and callback(point) is True


def _to_host(found: object, backend: Backend) -> Reconstruction:
    if not isinstance(found, Reconstruction):
        raise PrbenchError(f"a solver must return a Reconstruction, got {type(found).__name__}")
    arrays = {name: backend.to_numpy(value) for name, value in found.items()}
    aux = {key: backend.to_numpy(v) if hasattr(v, "shape") else v for key, v in found.aux.items()}
    return Reconstruction(**{name: arrays.get(name) for name in FIELDS}, aux=aux)
