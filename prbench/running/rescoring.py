"""Recomputing the scores of stored reconstructions, after a metric has been added or corrected; nothing is solved again."""

from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Callable
from typing import cast

from prbench.core import Problem
from prbench.errors import PrbenchError

from .executing import error_of, reconstruction_of
from .scoring import MetricFailed, assess
from .solving import Status
from .store.folder import Store
from .store.record import FAILED, Record


def rescore(store: Store, on: Callable[[Record, str], object] | None = None) -> int:
    """Score every stored reconstruction with the metrics installed now and rewrite its record.

    Args:
        store: the records.
        on: called with each record and what happened to it: ``scored``, ``failed`` (a metric raised; the record says so),
            ``no reconstruction``, or why its problem cannot be made here, in which case the record stays as it is.

    Returns:
        How many records were scored.
    """
    scored = 0
    last: tuple[str, Problem] | None = None
    for record in sorted(store.records(), key=_problem_label):
        arrays = store.arrays(record.key) if _scorable(record) else {}
        what = "no reconstruction"
        if arrays:
            try:
                if last is None or last[0] != _problem_label(record):
                    last = _problem_label(record), record.cell.problem()
                metrics, notes = assess(reconstruction_of(arrays), last[1])
            except MetricFailed as failure:
                trace = "".join(traceback.format_exception(failure))
                error = error_of("scoring", "MetricFailed", str(failure), trace, outcome=_outcome(record))
                store.write(dataclasses.replace(record, status="error", metrics={}, notes={}, error=error))
                what = "failed"
            except PrbenchError as failure:
                what = str(failure)
            else:
                store.write(dataclasses.replace(record, status=_outcome(record), metrics=metrics, notes=notes, error=None))
                scored, what = scored + 1, "scored"
        if on is not None:
            on(record, what)
    return scored


def _scorable(record: Record) -> bool:
    return record.status not in FAILED or (record.error or {}).get("stage") == "scoring"


def _outcome(record: Record) -> Status:
    """How the solve ended, whatever became of the scoring."""
    return cast("Status", (record.error or {}).get("outcome", record.status))


def _problem_label(record: Record) -> str:
    return record.cell.problem_label
