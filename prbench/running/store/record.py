"""The record of a cell: how it ended, its scores, its cost and everything needed to trust or repeat them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from prbench.metrics.cost_names import COUNTS, LOAD
from prbench.running.loop import Progress, Status
from prbench.running.request.cell import Cell
from prbench.running.salts import NOT_SEALED

from .plain import canonical, plain
from .record_cell import CorruptRecord
from .record_text import SCHEMA, STATUSES, fields_present, read_members, seal

__all__ = ["FAILED", "SCHEMA", "STATUSES", "UNFINISHED", "CorruptRecord", "Record", "curve_of", "now", "same_outcome"]

UNFINISHED: frozenset[str] = frozenset({"interrupted", "skipped"})
"""Statuses that ``--rerun missing`` runs again: nothing was found out about the solver."""
FAILED: frozenset[str] = frozenset(STATUSES) - {"ok", "time_limit"}
"""Statuses without a usable reconstruction."""
RUNNER_NOTES = ("clock", "memory", "network_size", LOAD, "process")
"""The notes of a record that are the runner's; the others are the metrics'."""


@dataclass(frozen=True, eq=False)
class Record:
    """One cell's outcome; on disk one JSON object with these members (see :meth:`to_json`).

    Attributes:
        cell: the spec, defaults resolved; ``spec`` in the file, beside ``key``, ``task``, ``sample`` and ``seed``.
        status: one of :data:`STATUSES`.
        solver, dataset: as a user would spell them, settings at their defaults left out.
        metrics: scores by metric; NaN where a metric is not defined for this case.
        notes: what the metrics say of how they scored, such as the data range of an image metric; and what the runner says:
            ``clock`` of work on the bill that the clock had not seen, ``memory`` of problems recognised, ``load`` of a machine
            that was busy, ``process`` of what the solver left behind.
        cost: the members of :class:`~prbench.running.solving.Cost`, and ``repeats``, the solves whose median latency it is.
        curve: ``iteration``, ``seconds``, ``residual`` and ``iterate_residual``, lists of equal length. The last residual is
            the framework's, of what was returned; those before it, and all ``iterate_residual``, are what the solver said of its
            iterates. Older records have no ``iterate_residual``, and the solver's word at the end.
        environment: id of the environment stored beside it.
        code_id: digest of the source of solver and dataset and of what they import; see :mod:`prbench.running.code_id`.
        threads: CPU threads of the process that solved it.
        problem: ``id``, ``measurement`` (shape and physics) and ``provenance``.
        error: None, or ``stage`` (``problem``, ``solving`` or ``scoring``), ``type``, ``message``, ``traceback``; after a death
            ``output``, the end of what the process printed; where scoring failed ``outcome``, the status of the solve.
        arrays: digest of the arrays stored beside it, ``""`` where there are none or none was written (schema 1).
        sealed: ``sealed`` where the problem was drawn with a salt that the solver's process did not have, ``not sealed`` where
            anybody could draw it, ``public data`` where no draw changes the truth, as of measured data; the salt's digest is in
            the spec.
        started, ended: UTC, ISO 8601.
        warnings: what is suspicious in the data or in the reconstruction though there is one, one line each; records of versions
            before there were any have none.
    """

    cell: Cell
    status: Status
    solver: str
    dataset: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, float | str] = field(default_factory=dict)
    cost: Mapping[str, float | int | None] = field(default_factory=dict)
    curve: Mapping[str, Sequence[float]] = field(default_factory=dict)
    environment: str = ""
    code_id: str = ""
    threads: int = 0
    problem: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, str] | None = None
    arrays: str = ""
    sealed: str = NOT_SEALED
    started: str = ""
    ended: str = ""
    warnings: Sequence[str] = ()

    @property
    def key(self) -> str:
        """The key of the cell."""
        return self.cell.key

    @classmethod
    def of(cls, cell: Cell, status: Status, **rest: Any) -> Self:
        """The record of ``cell``, spelled as its plug-ins say."""
        return cls(cell, status, cell.solver_spelled, cell.dataset_spelled, **rest)

    def with_arrays(self, arrays: str) -> Self:
        """The record beside arrays of that digest."""
        return self if arrays == self.arrays else dataclasses.replace(self, arrays=arrays)

    def head(self) -> dict[str, Any]:
        """What identifies the record, under the names of a result table's first columns."""
        cell = self.cell
        return {
            "key": cell.key,
            "task": cell.task,
            "solver": self.solver,
            "dataset": self.dataset,
            "sample": cell.sample,
            "seed": cell.seed,
            "status": self.status,
        }

    def to_json(self) -> str:
        """One line of JSON, sealed by the digest of its text; numbers that are not finite are the strings ``"NaN"``,
        ``"Infinity"`` and ``"-Infinity"``.
        """
        rest = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "cell"}
        return seal(json.dumps(plain({"schema": SCHEMA, **self.head(), "spec": self.cell.to_plain(), **rest}), allow_nan=False))

    @classmethod
    def from_json(cls, text: str, *, curve: bool = True) -> Self:
        """The inverse of :meth:`to_json`; of an older schema as well, missing members taking their defaults.

        Args:
            text: one record.
            curve: whether to read the curve as well; without it reading takes two thirds of the time.

        Raises:
            CorruptRecord: where the text is not a record, its spec does not belong to its key, or it does not match its digest.
        """
        cell, members = read_members(text, curve=curve)
        if members.keys() >= _MEMBERS:  # every record of this version: to set members one by one takes longer than to read them
            record = object.__new__(cls)
            vars(record).update({name: members[name] for name in _MEMBERS}, cell=cell)
            return record
        return cls(cell=cell, **fields_present(cls, members))


_MEMBERS = frozenset(each.name for each in dataclasses.fields(Record)) - {"cell"}


def same_outcome(a: Record, b: Record) -> bool:
    """Whether two records tell the same: equal key, status, scores, residuals and counts; times and machines aside."""
    return _timeless(a) == _timeless(b)


def curve_of(points: Sequence[Progress], iterates: Sequence[Progress] = ()) -> dict[str, list[float]]:
    """A curve as the record holds it; ``iterates`` are its points as the solver gave them."""
    if not points:
        return {}
    curve = {name: [getattr(point, name) for point in points] for name in ("iteration", "seconds", "residual")}
    return {**curve, "iterate_residual": [point.residual for point in iterates]} if len(iterates) == len(points) else curve


def now() -> str:
    """The time, UTC, ISO 8601 to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _timeless(record: Record) -> str:
    counts = {name: record.cost.get(name) for name in COUNTS}
    curve = {name: record.curve.get(name) for name in ("iteration", "residual")}
    return canonical([record.key, record.status, record.metrics, counts, curve, record.problem])
