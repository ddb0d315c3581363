"""What the columns mean that are not scores: they come from the solve, not from the reconstruction."""

from __future__ import annotations

from prbench.core import TASKS, MetricInfo, load_plugin, plugin_names


def _cost(name: str, unit: str, definition: str) -> MetricInfo:
    return MetricInfo(name, better="lower", unit=unit, tasks=TASKS, needs="solve", definition=definition)


COSTS: dict[str, MetricInfo] = {
    info.name: info
    for info in (
        _cost("latency_s", "s", "Time of a solve with its start-up, device synchronised; data loading and scoring are outside."),
        _cost(
            "latency_fft",
            "FFT pairs",
            "latency_s over the time of one forward and inverse FFT of the measurement's shape and dtype, on the same backend, "
            "device, threads and process, timed before and after.",
        ),
        _cost("fft_pair_s", "s", "Time of the FFT pair that latency_fft is counted in."),
        _cost("peak_memory_host", "B", "Memory by which the process grew at its highest during the solve."),
        _cost("peak_memory_device", "B", "GPU memory at its highest during the solve."),
        _cost(
            "ffts", "", "FFTs of the measurement's shape that the solver asked for, forward and inverse; a batch of 16 counts 16."
        ),
        _cost(
            "operators",
            "",
            "Other applications of the forward model, its adjoint or a fit of it, to one object; of a stack, to all its images.",
        ),
        _cost("iterations", "", "Steps done."),
        _cost("parameters", "", "Numbers that the solver's network learns; none for a solver without one."),
        _cost(
            "flops",
            "",
            "Floating-point operations of one pass of the solver's network over this measurement, convolutions and matrix "
            "products; a multiplication with its addition counts two.",
        ),
    )
}
"""The cost columns of a record by name."""


def metric_infos() -> dict[str, MetricInfo]:
    """Every column of a leaderboard: the installed metrics by name, then the costs. Imports all metrics.

    Raises:
        UsageError: where a metric cannot be imported.
    """
    return {**{name: load_plugin("metric", name).info for name in plugin_names("metric")}, **COSTS}
