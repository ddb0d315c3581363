"""A solver that stays ready for one measurement after another, such as the frames of a camera."""

from __future__ import annotations

import threading
from typing import Any, Self

from prbench.backend import Backend, fft_pair_times, keep_freed_memory
from prbench.core import Measurement, Solver, build_plugin
from prbench.errors import UsageError

from .solving import Callback, Solution, check_request, choose_backend, prepare, solve_prepared


class Session:
    """A solver prepared on a backend; made by :func:`prbench.open`, closed by :meth:`close` or the end of a ``with`` block.

    Each :meth:`solve` returns what :func:`prbench.solve` returns for the same measurement and seed, unless the solver keeps what
    its frames have in common: ``fourier-filter`` keeps carrier, filter and the polynomial of the optics while they flatten the
    frames. Then that holds for the frame in which they were found, and costs have ``stream_fft``. The session reads weights once
    and times the FFT pair of each shape once, at its first frame, where :func:`prbench.solve` does both anew. FFT plans and
    compiled loops stay with the process. One session serves one thread at a time; a second call waits.

    Attributes:
        solver: the solver.
        backend: where it computes.
    """

    def __init__(self, solver: Solver[Any], backend: Backend, seed: int) -> None:
        self.solver = solver
        self.backend = backend
        self._seed = seed
        self._pairs: dict[tuple[int, ...], tuple[float, float]] = {}
        self._memory: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._open = True

    def solve(
        self,
        measurement: Measurement,
        *,
        seed: int | None = None,
        time_limit_s: float | None = None,
        callback: Callback | None = None,
    ) -> Solution:
        """Reconstruct one measurement.

        Args:
            measurement: what the detector saw; shapes may differ from call to call.
            seed: of everything random in the solver; the session's where None.
            time_limit_s: stop after this many seconds of solving and return what there is; the status says so.
            callback: called with every :class:`~prbench.Progress` outside the clock; return True to stop early.

        Raises:
            UsageError: when the session is closed, for a measurement of another task or number of axes, or a negative seed.
            PrbenchError: when the solver returns something that is not a reconstruction of this measurement.
        """
        chosen = self._seed if seed is None else seed
        with self._lock:
            if not self._open:
                raise UsageError(f"the session of {self.solver.plugin_name} is closed; prbench.open makes another")
            check_request(self.solver, measurement, chosen)
            y = measurement.to(self.backend)
            return solve_prepared(self.solver, y, chosen, self._pair_times, time_limit_s, callback, self._memory)

    def close(self) -> None:
        """End the session, once a call in progress has returned; closing twice does nothing."""
        with self._lock:
            self._open = False
            self._pairs.clear()
            self._memory.clear()

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` has been called."""
        return not self._open

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        """The solver with its settings, and where it computes."""
        return f"Session({self.solver.spelled()}, backend={self.backend.name}{', closed' if self.closed else ''})"

    def _pair_times(self, backend: Backend, shape: tuple[int, ...]) -> tuple[float, float]:
        if shape not in self._pairs:
            self._pairs[shape] = fft_pair_times(backend, shape)
        return self._pairs[shape]


def open_session(
    solver: Solver[Any] | str,
    *,
    backend: str | Backend = "auto",
    seed: int = 0,
    like: Measurement | None = None,
) -> Session:
    """Prepare a solver for a stream of measurements::

        with prbench.open("fourier-filter", like=first) as session:
            for frame in frames:
                phase = session.solve(frame).reconstruction.phase

    Memory that is freed stays with the process, as :func:`prbench.backend.keep_freed_memory` says. The number of CPU threads is
    that of :func:`prbench.backend.get_threads`.

    Args:
        solver: a solver, or its name with settings such as ``"nas-prnet"``.
        backend: as in :func:`prbench.solve`.
        seed: of everything random in the solver, for every measurement alike unless :meth:`Session.solve` is told another.
        like: a measurement of the frames' shape, solved once now so that compilation and FFT plans precede the first frame.

    Raises:
        UsageError: for an unknown solver, a backend that it cannot use, or ``like`` of another task.
        MissingWeights: for a learned solver without weights.
    """
    chosen: Solver[Any] = build_plugin("solver", solver) if isinstance(solver, str) else solver
    resolved = choose_backend(chosen, backend)
    if seed < 0:
        raise UsageError(f"seed must be at least 0, got {seed}")
    keep_freed_memory()
    prepare(chosen, resolved, seed)
    session = Session(chosen, resolved, seed)
    if like is not None:
        session.solve(like, callback=lambda point: point.iteration > 0)
    return session
