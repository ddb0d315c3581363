"""What is installed, one line each, read off the source of the plug-ins without importing them.

A plug-in whose declaration is not literal is imported, alone; one that cannot be read or imported says so in its line.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Any

from prbench.contestants.declaration import TAG
from prbench.contestants.folders import contestants_of, named_declaration
from prbench.errors import UsageError, one_line

from .declarations import Definition, NotLiteral, call_arguments, calls_of, definition, missing_imports
from .kinds import KINDS, Kind
from .text import clean, first_paragraph

_COSTS = "prbench.metrics.costs"


@dataclass(frozen=True)
class Line:
    """One plug-in in the list.

    Attributes:
        kind: ``solver``, ``dataset`` or ``metric``.
        name: what users type.
        tasks: the tasks it serves.
        tags: free words; for a metric direction and unit.
        summary: the first paragraph of its documentation.
        broken: why it cannot be used, else empty.
    """

    kind: Kind
    name: str
    tasks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    summary: str = ""
    broken: str = ""

    @property
    def task(self) -> str:
        """The tasks in words."""
        return "all tasks" if self.tasks and set(self.tasks) >= set(task_names()) else ", ".join(self.tasks)

    def plain(self) -> dict[str, Any]:
        """Plain values only, for JSON."""
        return asdict(self)


def listing(kinds: tuple[Kind, ...] = KINDS, task: str | None = None) -> list[Line]:
    """Every installed plug-in of ``kinds``, those of one task where given, by kind and name; a broken one in any case."""
    with _without_collection():
        lines = [line for kind in kinds for line in _lines(kind)]
    return [line for line in lines if task is None or task in line.tasks or line.broken]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Syntax trees are many objects and no garbage; the collector would walk all of them again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@cache
def task_names() -> tuple[str, ...]:
    """The tasks that plug-ins may serve."""
    return tuple(sorted(point.name for point in _points("task")))


def _points(kind: str) -> EntryPoints:
    points: EntryPoints = _all_points().select(group=f"prbench.{kind}s")
    return points


@cache
def _all_points() -> Any:
    """The entry points of every installed package, with a method ``select``: read once, for it takes 10 ms."""
    return entry_points()


@cache
def _declared_tasks() -> tuple[tuple[str, str, str], ...]:
    """Name, kind of answer and class of measurements of every installed task.

    Raises:
        NotLiteral: where a declaration has to be run to be read.
    """
    result = []
    for point in _points("task"):
        call = next(calls_of(point.module, "Task"), None)
        if call is None:
            raise NotLiteral(f"{point.value} calls no Task")
        said = call_arguments(call, point.module, (), ("name", "answer", "measurement"))
        result.append((said["name"], said["answer"], _class_name(said["measurement"])))
    return tuple(sorted(result))


def _class_name(declared: object) -> str:
    if not isinstance(declared, Definition):
        raise NotLiteral("a class that only running the module can tell")
    return declared.node.name


def _lines(kind: Kind) -> Iterator[Line]:
    points = {point.name: point for point in _points(kind)}
    yield from (_line(kind, points[name]) for name in sorted(points))
    if kind == "solver":
        yield from (_contestant(name, path) for name, path in contestants_of(_points("contestant")).items())
    if kind == "metric":
        yield from _costs()


def _line(kind: Kind, point: EntryPoint) -> Line:
    try:
        return _read(kind, point)
    except NotLiteral:
        return imported_line(kind, point.name)
    except Exception as error:  # noqa: BLE001 - a stranger's package may hold anything; its line says what
        return _broken(kind, point.name, error)


def _read(kind: Kind, point: EntryPoint) -> Line:
    result = definition(point.module, point.attr)
    missing = missing_imports(result.module)
    if missing:
        raise ModuleNotFoundError(f"No module named {missing[0]!r}")
    if not result.docstring:
        raise NotLiteral("a class without documentation is given one by Python")
    if kind == "metric":
        said = result.arguments("metric", ("answers", "measurement", "better", "unit"))
        measured = _class_name(said["measurement"]) if "measurement" in said else None
        tasks = [name for name, answer, cls in _declared_tasks() if answer in said["answers"] and measured in (None, cls)]
        return _metric(point.name, tuple(tasks), said["better"], said.get("unit", ""), result.docstring)
    said = result.arguments("register", ("task", "tags"))
    return Line(kind, point.name, (said["task"],), said.get("tags", ()), first_paragraph(clean(result.docstring)))


def _contestant(name: str, path: Path) -> Line:
    try:
        declared = named_declaration(name, path)
    except UsageError as error:
        return Line("solver", name, broken=one_line(f"cannot be used: {error}"))
    return Line("solver", name, (declared.task,), (TAG, *declared.tags), declared.summary)


def _metric(name: str, tasks: tuple[str, ...], better: str, unit: str, docstring: str) -> Line:
    summary = " ".join(first_paragraph(docstring).split())
    return Line("metric", name, tasks, (f"{better} is better", *((unit,) if unit else ())), summary)


def _costs() -> Iterator[Line]:
    """The costs of a solve, which no plug-in measures, stand among the metrics."""
    for call in calls_of(_COSTS, "_cost"):
        said = call_arguments(call, _COSTS, ("name", "unit", "definition"))
        yield _metric(said["name"], task_names(), "lower", said["unit"], said["definition"])


def imported_line(kind: Kind, name: str) -> Line:
    """A plug-in's line as the imported plug-in says it, with what an import alone can find broken."""
    from .plugins import describe

    try:
        entry = describe(kind, name)
    except Exception as error:  # noqa: BLE001 - as in _line
        return _broken(kind, name, error)
    return Line(kind, name, entry.tasks, entry.tags, entry.summary)


def _broken(kind: Kind, name: str, error: Exception) -> Line:
    return Line(kind, name, broken=one_line(f"cannot be imported: {type(error).__name__}: {error}"))
