"""A solve as it was measured, and what it cost: times, counts and memory."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from prbench.backend import Backend
from prbench.core import Reconstruction

from .billing import Times, bill
from .loop import Progress, Status


@dataclass(frozen=True)
class Cost:
    """What a solve cost.

    Attributes:
        latency_s: seconds from the measurement on the device to the reconstruction on the device, start-up inside,
            data transfer and scoring outside.
        latency_fft: the same in forward+inverse FFT pairs of the measurement's shape and dtype, timed before and after (at most
            0.3 s) on the same backend, device and threads.
        fft_pair_s: the seconds of one such pair.
        ffts: transforms of that shape that the solver asked for, forward and inverse; None where they were not counted.
        operators: other applications of the forward model or its adjoint; None where they were not counted.
        passes: of the solver's networks over one input; three with the gradient; None where there were none or nobody counted.
        iterations: steps done; None where they were not counted.
        peak_memory_device: bytes, on a GPU only.
        peak_memory_host: bytes by which the process grew at its highest, where the runner measured it.
        processor_s: processor time of the same work, all threads and child processes; seconds.
        fft_pair_processor_s: processor time of one FFT pair.
        cost_fft: processor time in FFT pairs, which other load on the machine hardly changes; ``latency_fft`` on a GPU.
        stream_fft: ``cost_fft`` of a frame within a session, of which the solver knew what earlier frames have in common with it.
        startup_s: what came before the clock: imports, weights, compilation, a first solve of a small problem.
        load: processes that wanted to run, the average over the last minute.
    """

    latency_s: float
    latency_fft: float
    fft_pair_s: float
    ffts: int | None
    operators: int | None
    iterations: int | None
    passes: int | None = None
    peak_memory_device: int | None = None
    peak_memory_host: int | None = None
    processor_s: float | None = None
    fft_pair_processor_s: float | None = None
    cost_fft: float | None = None
    stream_fft: float | None = None
    startup_s: float | None = None
    load: float | None = None


@dataclass(frozen=True, eq=False)
class Run:
    """One solve, before anything is made of it.

    Attributes:
        reconstruction: arrays on the host, not yet checked.
        status: ``ok``, ``time_limit`` or ``diverged``.
        curve: as :class:`Solution` has it, its last point the iterate's.
        times: where the time went.
        ffts, operators, passes, iterations, peak_memory_device: as :class:`Cost` has them.
        peak_memory_host: bytes by which the process grew, where that was measured.
        compiled: whether formulas were compiled in it.
        backend: where it ran.
    """

    reconstruction: Reconstruction
    status: Status
    curve: list[Progress]
    times: Times
    ffts: int | None
    operators: int | None
    iterations: int | None
    backend: Backend
    passes: int | None = None
    peak_memory_device: int | None = None
    peak_memory_host: int | None = None
    compiled: bool = False


def cost_of_runs(runs: list[Run], pairs: list[tuple[float, float]]) -> tuple[Cost, dict[str, str]]:
    """The cost of a cell from its solves, the first of which its counts are, and from the FFT pairs timed beside them."""
    first, on_processor = runs[0], runs[0].backend.device == "cpu"
    charged = bill([run.times for run in runs], on_processor=on_processor)
    spent, pair, pair_processor = charged.spent, *(sum(times) / len(times) for times in zip(*pairs, strict=True))
    cost = Cost(
        latency_s=spent.wall_s,
        latency_fft=spent.wall_s / pair,
        fft_pair_s=pair,
        ffts=first.ffts,
        operators=first.operators,
        passes=first.passes,
        iterations=first.iterations,
        peak_memory_device=first.peak_memory_device,
        peak_memory_host=first.peak_memory_host,
        processor_s=spent.processor_s,
        fft_pair_processor_s=pair_processor,
        cost_fft=spent.processor_s / pair_processor if on_processor else spent.wall_s / pair,
        load=os.getloadavg()[0],
    )
    return cost, {"clock": "; ".join(charged.notes)} if charged.notes else {}


def solve_flops(ffts: int | None, shape: tuple[int, ...], passes: int | None, pass_flops: int | None) -> float | None:
    """Floating-point operations of the FFTs and the network passes of a solve; None where neither was counted.

    An FFT of N pixels counts 5 N log2 N, as is usual (Frigo, Johnson, Proc. IEEE 93 (2005) 216, doi:10.1109/JPROC.2004.840301),
    whatever the library makes of it.

    Args:
        ffts: of the measurement's shape; None where they were not counted.
        shape: of the measurement.
        passes: of the network; None where there were none.
        pass_flops: operations of one pass; None where they are not known.
    """
    if not ffts and not passes:
        return None
    if passes and pass_flops is None:
        return None
    pixels = math.prod(shape)
    return (ffts or 0) * 5 * pixels * math.log2(pixels) + (passes or 0) * (pass_flops or 0)
