"""Scoring a reconstruction with every metric that applies, and recomputing the scores of stored ones."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import cache

from prbench.core import Case, Metric, Problem, Reconstruction, Task, find_task, load_plugin, plugin_names
from prbench.errors import MissingDependency, PrbenchError, UsageError, one_line


class MetricFailed(PrbenchError):
    """A metric raised an exception: a defect of the metric or an input it should have refused.

    Attributes:
        reason: the exception in one line.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} failed: {reason}")
        self.reason = reason


_FAILED = "failed: "


def find_metrics(names: Sequence[str] | None = None) -> list[Metric]:
    """Metrics by name, or all installed ones.

    Raises:
        UsageError: for an unknown name, or a plug-in that is no metric.
    """
    return list(_metrics_of(tuple(plugin_names("metric") if names is None else names)))


@cache
def _metrics_of(names: tuple[str, ...]) -> tuple[Metric, ...]:
    result = []
    for name in names:
        metric = load_plugin("metric", name)
        if not isinstance(metric, Metric):
            raise UsageError(f"the plug-in {name} is not a metric made by prbench.core.metric")
        result.append(metric)
    return tuple(result)


def score(reconstruction: Reconstruction, problem: Problem, metrics: Sequence[str] | None = None) -> dict[str, float]:
    """Score a reconstruction.

    Args:
        reconstruction: arrays on the host.
        problem: what it is a reconstruction of.
        metrics: names; all installed ones where None. One that does not apply, for want of truth or of another task, is left out.

    Returns:
        The score by metric; NaN where a metric applies but is not defined for this case, or needs an extra that is not installed.
        Of all installed ones, NaN and a warning where one raises, and a warning alone where one cannot be imported.

    Raises:
        UsageError: for an unknown metric.
        BadInput: for a reconstruction that is not one of this problem.
        MetricFailed: where a metric that ``metrics`` names raises.
    """
    scores, notes = assess(reconstruction, problem, metrics)
    for name, reason in failed_metrics(notes).items():
        warnings.warn(f"the metric {name} {reason}", RuntimeWarning, stacklevel=2)
    return scores


def assess(
    reconstruction: Reconstruction, problem: Problem, metrics: Sequence[str] | None = None, assumes: Sequence[str] = ()
) -> tuple[dict[str, float], dict[str, float | str]]:
    """As :func:`score`, and beside the scores what the metrics note about them, such as the data range of an image metric.

    A metric that fails is noted under its name (see :func:`failed_metrics`), without a warning; the others are scored.
    ``assumes`` is what the solver took to be true of the object.
    """
    if not reconstruction.finite():
        raise UsageError("the reconstruction has non-finite numbers; it has diverged and has no scores")
    problem.measurement.check(reconstruction)
    case = Case(reconstruction, problem, tuple(assumes))
    task = find_task(problem.measurement.task)
    if metrics is not None:
        named = [metric for metric in _metrics_for(task, metrics) if metric.applies(case, task.answer)]
        return {metric.info.name: _apply(metric, case) for metric in named}, case.notes
    usable, broken = _installed()
    case.notes.update(broken)
    scores = {}
    for metric in (*usable, *task.metrics):
        try:
            if metric.applies(case, task.answer):
                scores[metric.info.name] = _apply(metric, case)
        except MetricFailed as failure:
            scores[metric.info.name] = math.nan
            case.notes[metric.info.name] = f"{_FAILED}{failure.reason}"
        except Exception as error:  # noqa: BLE001 - of another package's declaration, say
            case.notes[metric.info.name] = f"{_FAILED}{_error_text(error)}"
    return scores, case.notes


def _metrics_for(task: Task, names: Sequence[str]) -> list[Metric]:
    """Metrics by name, installed ones or the task's own."""
    own = {metric.info.name: metric for metric in task.metrics}
    return [*find_metrics([name for name in names if name not in own]), *(own[name] for name in names if name in own)]


def failed_metrics(notes: Mapping[str, object]) -> dict[str, str]:
    """The metrics that failed by name, each with its reason, from the notes of a record."""
    return {name: note for name, note in notes.items() if isinstance(note, str) and note.startswith(_FAILED)}


def _installed() -> tuple[list[Metric], dict[str, str]]:
    """All metrics that can be imported, and a note on each that cannot."""
    usable, broken = list[Metric](), dict[str, str]()
    for name in plugin_names("metric"):
        try:
            usable += find_metrics([name])
        except (Exception, SystemExit) as error:  # noqa: BLE001 - every way in which another package may not import
            broken[name] = f"{_FAILED}it cannot be imported: {_error_text(error)}"
    return usable, broken


def _error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {one_line(error, 200)}"


def _apply(metric: Metric, case: Case) -> float:
    """The score; NaN, with a note that says how to get it, where an extra is not installed."""
    try:
        return metric(case)
    except MissingDependency as error:
        case.notes[metric.info.name] = one_line(error)
        return math.nan
    except Exception as error:
        raise MetricFailed(metric.info.name, _error_text(error)) from error
