"""Records as one table: what its rows and columns are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from prbench.errors import one_line
from prbench.metrics.cost_names import (
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
from prbench.running.scoring import failed_metrics

from .record import Record

if TYPE_CHECKING:
    import pandas as pd

HEAD = ("key", "task", "solver", "dataset", "sample", "seed", "status")
SPEC = ("split", "backend", "device_class", "precision", "time_limit_s", "threads")
COST = (
    LATENCY_S,
    LATENCY_PAIRS,
    PAIR_S,
    COST_PAIRS,
    STREAM_PAIRS,
    PROCESSOR_S,
    PAIR_PROCESSOR_S,
    STARTUP_S,
    LOAD,
    FFTS,
    OPERATORS,
    PASSES,
    ITERATIONS,
    PEAK_MEMORY_HOST,
    PEAK_MEMORY_DEVICE,
    "repeats",
    PARAMETERS,
    FLOPS,
    SOLVE_FLOPS,
)
TAIL = ("problem_id", "sealed", "code_id", "environment", "started", "ended", "error", "warnings", "failed_metrics")
COUNTS = ("sample", "seed", "threads")
TEXTS = tuple(name for name in (*HEAD, *SPEC, *TAIL) if name not in (*COUNTS, "time_limit_s"))
_OURS = frozenset({*HEAD, *SPEC, *COST, *TAIL, "stale", "cells", "reason"})
RENAMED = "metric."


def row_of(record: Record) -> dict[str, Any]:
    """A record as one flat row: :data:`HEAD`, :data:`SPEC`, one column per metric, :data:`COST`, :data:`TAIL`.

    A metric whose name is that of another column stands in a column of its name after ``metric.``.
    """
    cell, error = record.cell, record.error
    return {
        **record.head(),
        **{name: getattr(cell, name) for name in SPEC if name != "threads"},
        "threads": record.threads,
        **{metric_column(name): value for name, value in record.metrics.items()},
        **{name: record.cost.get(name) for name in COST},
        "problem_id": record.problem.get("id", ""),
        "sealed": record.sealed,
        "code_id": record.code_id,
        "environment": record.environment,
        "started": record.started,
        "ended": record.ended,
        "warnings": "\n".join(record.warnings),
        "error": f"{error.get('type', '')}: {one_line(error.get('message', ''))}" if error else "",
        "failed_metrics": "\n".join(f"{name} {why}" for name, why in failed_metrics(record.notes).items()),
    }


@lru_cache(maxsize=1024)
def metric_column(name: str) -> str:
    """The column in which the scores of a metric stand."""
    return f"{RENAMED}{name}" if name in _OURS or name.startswith("_") or not name else name


def metric_columns(columns: Iterable[str]) -> list[str]:
    """Those of a table's columns that hold metrics, sorted: all that are none of a record's own."""
    return sorted(name for name in map(str, columns) if name not in _OURS and not name.startswith("_"))


def in_order(columns: Sequence[str]) -> list[str]:
    """Columns as a reader expects them: what it is, where it ran, the scores by name, what it cost, the rest."""
    return [name for name in (*HEAD, *SPEC, *metric_columns(columns), *COST, *TAIL) if name in columns]


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a data frame with the columns of :func:`row_of`, also where there are none."""
    import pandas as pd

    frame = pd.DataFrame(list(rows), columns=None if rows else [*HEAD, *SPEC, *COST, *TAIL])
    floating = [name for name in frame.columns if name not in TEXTS and name not in COUNTS]
    return frame.astype(dict.fromkeys(floating, "float64"))
