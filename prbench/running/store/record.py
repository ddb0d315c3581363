"""The record of a cell: how it ended, its scores, its cost and everything needed to trust or repeat them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, get_args

from prbench.core import TASKS
from prbench.errors import PrbenchError
from prbench.running.request.cell import Cell
from prbench.running.solving import Cost, Progress, Status

from .plain import canonical, plain

SCHEMA = 1
STATUSES: tuple[Status, ...] = get_args(Status)
UNFINISHED: frozenset[str] = frozenset({"interrupted", "skipped"})
"""Statuses that ``--rerun missing`` runs again: nothing was found out about the solver."""
FAILED: frozenset[str] = frozenset(STATUSES) - {"ok", "time_limit"}
"""Statuses without a usable reconstruction."""


class CorruptRecord(PrbenchError):
    """A file in a store is not a record: cut off, changed by hand, or something else altogether."""


@dataclass(frozen=True, eq=False)
class Record:
    """One cell's outcome; on disk one JSON object with these members (see :meth:`to_json`).

    Attributes:
        cell: the spec, defaults resolved; ``spec`` in the file, beside ``key``, ``task``, ``sample`` and ``seed``.
        status: one of :data:`STATUSES`.
        solver, dataset: as a user would spell them, settings at their defaults left out.
        metrics: scores by metric; NaN where a metric is not defined for this case.
        notes: what the metrics say of how they scored, such as the data range of an image metric.
        cost: the members of :class:`~prbench.running.solving.Cost`, and ``repeats``, the solves whose median latency it is.
        curve: ``iteration``, ``seconds`` and ``residual``, lists of equal length.
        environment: id of the environment stored beside it.
        code_id: digest of the source of solver and dataset and of what they import; see :mod:`prbench.running.code_id`.
        threads: CPU threads of the process that solved it.
        problem: ``id``, ``measurement`` (shape and physics) and ``provenance``.
        error: None, or ``stage`` (``problem``, ``solving`` or ``scoring``), ``type``, ``message``, ``traceback``; after a death
            ``output``, the end of what the process printed; where scoring failed ``outcome``, the status of the solve.
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
        """One line of JSON; numbers that are not finite are the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``."""
        rest = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "cell"}
        return json.dumps(plain({"schema": SCHEMA, **self.head(), "spec": self.cell.to_plain(), **rest}), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The inverse of :meth:`to_json`.

        Raises:
            CorruptRecord: where the text is not a record of this schema, or its spec does not belong to its key.
        """
        try:
            data = json.loads(text)
            if data["schema"] != SCHEMA:
                raise CorruptRecord(f"schema {data['schema']!r}, this version reads {SCHEMA}")
            cell = Cell.from_plain(data["spec"])
            _check_types(cell, data)
            if cell.key != data["key"] or data["status"] not in STATUSES:
                raise CorruptRecord("its key does not belong to its spec, or its status is unknown")
            data.setdefault("warnings", [])
            rest = {f.name: data[f.name] for f in dataclasses.fields(cls) if f.name != "cell"}
            rest["warnings"] = tuple(_texts(data["warnings"]))
            rest["metrics"] = {name: float(value) for name, value in data["metrics"].items()}
            rest["cost"] = {name: _number(value) for name, value in data["cost"].items()}
            rest["curve"] = {name: _numbers(values) for name, values in data["curve"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CorruptRecord(f"not a record ({type(error).__name__}: {error})") from error
        return cls(cell=cell, **rest)


def _check_types(cell: Cell, data: Mapping[str, Any]) -> None:
    """What names files or is counted with has to be what it is in a record of ours.

    Raises:
        CorruptRecord: where it is not.
    """
    texts = (cell.solver, cell.dataset, cell.split, cell.precision, cell.backend, cell.device_class, cell.inputs)
    texts += tuple(data[name] for name in ("solver", "dataset", "environment", "code_id", "started", "ended"))
    numbers = (cell.sample, cell.seed, data["threads"])
    params = (*cell.solver_params.values(), *cell.dataset_params.values())
    right = (
        cell.task in TASKS
        and all(isinstance(text, str) for text in texts)
        and all(type(number) is int and number >= 0 for number in numbers)
        and all(value is None or isinstance(value, bool | int | float | str) for value in params)
        and "/" not in data["environment"]
    )
    if not right:
        raise CorruptRecord("a member is not of the kind that it is in a record")


def same_outcome(a: Record, b: Record) -> bool:
    """Whether two records tell the same: equal key, status, scores, residuals and counts; times and machines aside."""
    return _timeless(a) == _timeless(b)


def curve_of(points: Sequence[Progress]) -> dict[str, list[float]]:
    """A curve as the record holds it."""
    return {name: [getattr(point, name) for point in points] for name in ("iteration", "seconds", "residual")} if points else {}


def cost_of(cost: Cost) -> dict[str, float | int | None]:
    """A cost as the record holds it."""
    return dict(vars(cost))


def now() -> str:
    """The time, UTC, ISO 8601 to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _timeless(record: Record) -> str:
    counts = {name: record.cost.get(name) for name in ("ffts", "operators", "iterations")}
    curve = {name: record.curve.get(name) for name in ("iteration", "residual")}
    return canonical([record.key, record.status, record.metrics, counts, curve, record.problem])


def _texts(values: Any) -> list[str]:
    """A list of texts, as a record holds it."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError("warnings are no list of texts")
    return values


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, str) else value


def _numbers(values: Any) -> list[Any]:
    """A curve's values; most have no text among them, which is quicker found for all than for each."""
    return [_number(value) for value in values] if str in set(map(type, values)) else list(values)
