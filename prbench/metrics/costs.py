"""What the columns mean that are not scores: they come from the solve, not from the reconstruction."""

from __future__ import annotations

from prbench.core import MetricInfo, load_plugin, plugin_names, task_metrics
from prbench.core.entry_points import usable

from .cost_names import (
    COST_PAIRS,
    FFTS,
    FLOPS,
    ITERATIONS,
    LATENCY_PAIRS,
    LATENCY_S,
    LOAD,
    OPERATORS,
    PAIR_PROCESSOR_S,
    PAIR_S,
    PARAMETERS,
    PASSES,
    PEAK_MEMORY_DEVICE,
    PEAK_MEMORY_HOST,
    PROCESSOR_S,
    SOLVE_FLOPS,
    STARTUP_S,
    STREAM_PAIRS,
)


def _cost(name: str, unit: str, definition: str, header: str, meaning: str, priority: int | None = None) -> MetricInfo:
    return MetricInfo(
        name,
        better="lower",
        unit=unit,
        needs="solve",
        definition=definition,
        header=header,
        meaning=meaning,
        priority=priority,
    )


COSTS: dict[str, MetricInfo] = {
    info.name: info
    for info in (
        _cost(
            LATENCY_S,
            "s",
            "Time of a solve with its start-up, device synchronised; data loading and scoring are outside.",
            header="seconds",
            meaning="time of one solve, s",
            priority=1500,
        ),
        _cost(
            LATENCY_PAIRS,
            "FFT pairs",
            "latency_s over the time of one forward and inverse FFT of the measurement's shape and dtype, on the same backend, "
            "device and threads, timed before and after.",
            header="FFT pairs",
            meaning="time of one solve in FFT pairs of the measurement's shape",
            priority=1510,
        ),
        _cost(
            COST_PAIRS,
            "FFT pairs",
            "processor_s over the processor time of one FFT pair, which other load hardly changes; on a GPU latency_fft.",
            header="cost, pairs",
            meaning="processor time of one solve in FFT pairs of the measurement's shape",
            priority=1505,
        ),
        _cost(
            STREAM_PAIRS,
            "FFT pairs",
            "cost_fft of the same frame in a session that has solved it before; empty for solvers that keep nothing.",
            header="in a stream, pairs",
            meaning="processor time of a frame within a session, in FFT pairs",
        ),
        _cost(
            PROCESSOR_S,
            "s",
            "Processor time of a solve, all threads and child processes, with its start-up.",
            header="processor, s",
            meaning="processor time of one solve, s",
        ),
        _cost(
            PAIR_PROCESSOR_S,
            "s",
            "Processor time of the FFT pair that cost_fft is counted in.",
            header="pair, processor s",
            meaning="processor time of one FFT pair, s",
        ),
        _cost(
            STARTUP_S,
            "s",
            "Time before the clock: loading, weights, compilation, and a first solve of a small problem.",
            header="start-up, s",
            meaning="time before the first solve, s",
        ),
        _cost(
            LOAD,
            "processes",
            "Processes that wanted to run when the solve ended, averaged over a minute by the system.",
            header="load",
            meaning="processes that wanted to run",
        ),
        _cost(
            PAIR_S,
            "s",
            "Time of the FFT pair that latency_fft is counted in.",
            header="pair, s",
            meaning="time of one FFT pair, s",
        ),
        _cost(
            PEAK_MEMORY_HOST,
            "B",
            "Memory by which the process grew at its highest during the solve.",
            header="memory",
            meaning="memory that the solve took at its highest, bytes",
        ),
        _cost(
            PEAK_MEMORY_DEVICE,
            "B",
            "GPU memory at its highest during the solve.",
            header="GPU memory",
            meaning="GPU memory at its highest, bytes",
        ),
        _cost(
            FFTS,
            "",
            "FFTs of the measurement's shape that the solver asked for, forward and inverse; a batch of 16 counts 16.",
            header="FFTs",
            meaning="FFTs of the measurement's shape",
        ),
        _cost(
            OPERATORS,
            "",
            "Other applications of the forward model, its adjoint or a fit of it, to one object; of a stack, to all its images.",
            header="operators",
            meaning="other applications of the forward model",
        ),
        _cost(
            PASSES,
            "",
            "Passes of the solver's networks, all together over one input; one with its gradient counts three.",
            header="passes",
            meaning="passes of the network",
            priority=1507,
        ),
        _cost(
            ITERATIONS,
            "",
            "Steps done.",
            header="iterations",
            meaning="steps done",
        ),
        _cost(
            PARAMETERS,
            "",
            "Numbers that the solver's network learns; none for a solver without one.",
            header="parameters",
            meaning="numbers that the network learns",
        ),
        _cost(
            FLOPS,
            "",
            "Floating-point operations of one pass of the solver's network over this measurement, convolutions and matrix "
            "products; a multiplication with its addition counts two.",
            header="FLOPs a pass",
            meaning="operations of one pass of the network",
        ),
        _cost(
            SOLVE_FLOPS,
            "",
            "Floating-point operations of the FFTs and network passes of a solve; an FFT of N pixels counts 5 N log2 N, a pass "
            "what flops says. Other work is not counted.",
            header="FLOPs",
            meaning="operations of the FFTs and network passes of a solve",
            priority=1508,
        ),
    )
}
"""The cost columns of a record by name."""


def metric_infos() -> dict[str, MetricInfo]:
    """Every column of a leaderboard by name: the installed metrics, those that tasks bring along, then the costs.

    Imports all metrics. Those that cannot be imported are left out; :func:`prbench.core.entry_points.take_broken` tells them.
    """
    metrics = usable(plugin_names("metric"), lambda name: load_plugin("metric", name))
    return {**{name: metric.info for name, metric in metrics.items()}, **task_metrics(), **COSTS}
