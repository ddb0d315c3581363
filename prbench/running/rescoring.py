"""Recomputing the scores of stored reconstructions, after a metric has been added or corrected; nothing is solved again."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import cast

from prbench.core import Problem
from prbench.errors import CannotWrite, PrbenchError

from .endings import reconstruction_of
from .scoring import assess, failed_metrics
from .solving import Status
from .store.folder import Store
from .store.record import FAILED, RUNNER_NOTES, Record


def rescore(store: Store, on: Callable[[Record, str], object] | None = None) -> int:
    """Score every stored reconstruction with the metrics installed now and rewrite its record.

    Args:
        store: the records.
        on: called with each record and what happened to it: ``scored``; ``scored but for`` the metrics that failed, which the
            record notes; ``no reconstruction``; or why it cannot be scored here, in which case the record stays as it is.

    Returns:
        How many records were scored.
    """
    scored = 0
    last: tuple[str, Problem] | None = None
    for _, key in sorted((record.cell.problem_label, record.key) for record in store.records()):
        record = store.read(key)
        if record is None:  # gone meanwhile
            continue
        what = "no reconstruction"
        try:
            arrays = store.arrays(key) if _scorable(record) else {}
            if arrays:
                if last is None or last[0] != record.cell.problem_label:
                    last = record.cell.problem_label, record.cell.problem()
                metrics, notes = assess(reconstruction_of(arrays), last[1], assumes=record.cell.build_solver().assumes)
                runner_notes = {
                    name: text for name, text in record.notes.items() if name in RUNNER_NOTES
                }  # no new score changes them
                result = dataclasses.replace(
                    record, status=_outcome(record), metrics=metrics, notes={**runner_notes, **notes}, error=None
                )
                store.write(result)
                failed = failed_metrics(notes)
                scored, what = scored + 1, f"scored but for {', '.join(failed)}" if failed else "scored"
        except CannotWrite:
            raise
        except PrbenchError as failure:
            what = str(failure)
        if on is not None:
            on(record, what)
    return scored


def _scorable(record: Record) -> bool:
    return record.status not in FAILED or (record.error or {}).get("stage") == "scoring"


def _outcome(record: Record) -> Status:
    """How the solve ended, whatever became of the scoring."""
    return cast("Status", (record.error or {}).get("outcome", record.status))
