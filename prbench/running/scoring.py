"""Scoring a reconstruction with every metric that applies, and recomputing the scores of stored ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from prbench.core import Case, Metric, Problem, Reconstruction, load_plugin, plugin_names
from prbench.errors import MissingDependency, PrbenchError, UsageError, one_line


class MetricFailed(PrbenchError):
    """A metric raised an exception: a defect of the metric or an input it should have refused."""


def find_metrics(names: Sequence[str] | None = None) -> list[Metric]:
    """Metrics by name, or all installed ones.

    Raises:
        UsageError: for an unknown name, or a plug-in that is no metric.
    """
    return list(_found(tuple(plugin_names("metric") if names is None else names)))


@cache
def _found(names: tuple[str, ...]) -> tuple[Metric, ...]:
    found = []
    for name in names:
        metric = load_plugin("metric", name)
        if not isinstance(metric, Metric):
            raise UsageError(f"the plug-in {name} is not a metric made by prbench.core.metric")
        found.append(metric)
    return tuple(found)


def score(reconstruction: Reconstruction, problem: Problem, metrics: Sequence[str] | None = None) -> dict[str, float]:
    """Score a reconstruction.

    Args:
        reconstruction: arrays on the host.
        problem: what it is a reconstruction of.
        metrics: names; all installed ones where None. One that does not apply, for want of truth or of another task, is left out.

    Returns:
        The score by metric; NaN where a metric applies but is not defined for this case, or needs an extra that is not installed.

    Raises:
        UsageError: for an unknown metric.
        BadInput: for a reconstruction that is not one of this problem.
        MetricFailed: where a metric raises.
    """
    return assess(reconstruction, problem, metrics)[0]


def assess(
    reconstruction: Reconstruction, problem: Problem, metrics: Sequence[str] | None = None
) -> tuple[dict[str, float], dict[str, float | str]]:
    """As :func:`score`, and beside the scores what the metrics note about them, such as the data range of an image metric."""
    if not reconstruction.finite():
        raise UsageError("the reconstruction has non-finite numbers; it has diverged and has no scores")
    problem.measurement.check(reconstruction)
    case = Case(reconstruction, problem)
    scores = {metric.info.name: _apply(metric, case) for metric in find_metrics(metrics) if metric.applies(case)}
    return scores, case.notes


def _apply(metric: Metric, case: Case) -> float:
    """The score; NaN, with a note that says how to get it, where an extra is not installed."""
    try:
        return metric(case)
    except MissingDependency as error:
        case.notes[metric.info.name] = one_line(error)
        return math.nan
    except Exception as error:
        name = getattr(getattr(metric, "info", None), "name", "a metric")
        raise MetricFailed(f"{name} failed: {type(error).__name__}: {one_line(error)}") from error
