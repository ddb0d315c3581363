"""Plug-ins are found through entry points, exactly as a stranger's package is; no list anywhere names them.

A class that no package has registered yet is reached by its reference instead: ``package.module:MySolver``, imported from
Python's path or the working folder, or ``path/to/file.py:MySolver``, a file of its own. It carries :func:`register` all the same.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from prbench.errors import UsageError, one_line

from .entry_points import imported, refused, usable
from .families import family_names, family_of
from .metric import Metric, MetricInfo
from .names import is_reference, parse_name
from .settings import PRESET
from .task import Task, TaskInfo
from .trust import check_reference
from .tuned import resolve_tuned

Kind = Literal["solver", "dataset", "metric"]
T = TypeVar("T")

_GROUPS = {"task": "prbench.tasks", "solver": "prbench.solvers", "dataset": "prbench.datasets", "metric": "prbench.metrics"}
_declared: dict[str, Task] = {}
"""Tasks of plug-ins that no entry point names, by name: those whose file has been imported."""
_described: dict[str, TaskInfo] = {}
"""What results folders say of tasks whose files have not been imported, by name."""
_described_metrics: dict[str, MetricInfo] = {}
"""The same of the metrics that came with those tasks."""


@dataclasses.dataclass(frozen=True)
class PluginInfo:
    """What a plug-in says of itself.

    Attributes:
        name: the name users type; equals its entry point's.
        task: name of the task that it serves.
        cite: authors, year, DOI or arXiv id, in one line; several are separated by ``"; "``.
        licence: of the data, or of the code where it is not the package's own.
        bibtex: an entry for the reference, where one is worth printing.
        tags: free words, such as ``classical``, ``untrained``, ``trained``, ``measured``, ``simulated``.
    """

    name: str
    task: str
    cite: str = ""
    licence: str = "BSD-3-Clause"
    bibtex: str = ""
    tags: tuple[str, ...] = ()


def register(
    name: str,
    *,
    task: str | Task,
    cite: str = "",
    licence: str = "BSD-3-Clause",
    bibtex: str = "",
    tags: tuple[str, ...] = (),
) -> Callable[[type[T]], type[T]]:
    """Attach a :class:`PluginInfo` to a solver or dataset class. The entry point makes it known; this describes it.

    Args:
        name: the name users type.
        task: name of an installed task, or a task that the plug-in's own package or file declares.
        cite: authors, year, DOI or arXiv id; several are separated by ``"; "``.
        licence: of the data or of the code.
        bibtex: an entry for the reference.
        tags: free words.

    Raises:
        UsageError: for a task that nothing declares, or one declared twice in different ways; for a preset that is not made of
            admissible settings.
    """
    if isinstance(task, Task):
        declare_task(task)
    elif task not in task_names():
        raise UsageError(
            f"{name}: there is no task {task!r}; tasks are {', '.join(task_names())}. A new one is declared by prbench.Task "
            "and given as task=TASK"
        )
    label = task.name if isinstance(task, Task) else task
    info = PluginInfo(name=name, task=label, cite=cite, licence=licence, bibtex=bibtex, tags=tags)

    def attach(cls: type[T]) -> type[T]:
        cls.plugin_name = name  # type: ignore[attr-defined]
        cls.info = info  # type: ignore[attr-defined]
        for preset in getattr(cls, "presets", {}):
            cls.from_params({PRESET: preset})  # type: ignore[attr-defined]
        return cls

    return attach


def declare_task(task: Task) -> Task:
    """Make a task known in this process, as :func:`register` does with the task that a plug-in brings along.

    Raises:
        UsageError: where another task has the name.
    """
    if task.name in _points("task"):
        installed = _installed_task(task.name)
        if installed is not task:
            raise UsageError(f"task {task.name!r} is declared by {_points('task')[task.name].value}; choose another name")
        return task
    earlier = _declared.get(task.name)
    if earlier is not None and earlier.info != task.info:
        raise UsageError(f"task {task.name!r} is declared twice, in different ways; choose another name for one of them")
    _declared[task.name] = task
    return task


def describe_task(info: TaskInfo, metrics: Sequence[MetricInfo] = ()) -> None:
    """Make known what a results folder says of a task and its own metrics, for reading results without the code that made them.

    Raises:
        UsageError: where another results folder describes a task of this name differently.
    """
    earlier = _described.setdefault(info.name, info)
    if earlier != info:
        raise UsageError(f"two results folders describe the task {info.name!r} in different ways; read them one at a time")
    _described_metrics.update({metric.name: metric for metric in metrics})


def task_metrics() -> dict[str, MetricInfo]:
    """The metrics that no entry point names, by name: those of tasks that a file declares or a results folder describes."""
    return {**_described_metrics, **{metric.info.name: metric.info for task in _declared.values() for metric in task.metrics}}


def task_names() -> list[str]:
    """The names of all tasks that are installed or declared by an imported file, sorted; imports none of them."""
    return sorted({*_points("task"), *_declared})


def find_task(name: str) -> Task:
    """A task by name.

    Raises:
        UsageError: for a name that nothing declares.
    """
    if name in _declared:
        return _declared[name]
    if name in _points("task"):
        return _installed_task(name)
    raise UsageError(f"there is no task {name!r}; tasks are {', '.join(task_names())}")


def find_task_info(name: str) -> TaskInfo:
    """What is known of a task for reading its results: as :func:`find_task`, or what a results folder says of it.

    Raises:
        UsageError: for a name that nothing declares.
    """
    if name not in task_names() and name in _described:
        return _described[name]
    return find_task(name)


@cache
def _installed_task(name: str) -> Task:
    point = _points("task")[name]
    task = imported("task", point)
    if not isinstance(task, Task) or task.name != name:
        raise refused("task", point, "a prbench.Task of that name")
    return task


def usable_tasks() -> list[Task]:
    """All tasks that can be imported, by name; :func:`prbench.core.entry_points.take_broken` tells the others."""
    return list(usable(task_names(), find_task).values())


@cache
def _points(kind: str) -> dict[str, EntryPoint]:
    result: dict[str, EntryPoint] = {}
    for point in entry_points(group=_GROUPS[kind]):
        if point.name in result and result[point.name].value != point.value:
            raise UsageError(f"two packages offer a {kind} {point.name!r}: {result[point.name].value} and {point.value}")
        result[point.name] = point
    return result


def plugin_names(kind: Kind) -> list[str]:
    """The names of all installed plug-ins of a kind, sorted; imports none of them."""
    return sorted(_points(kind))


@cache
def load_plugin(kind: Kind, name: str) -> Any:
    """Import one plug-in by name, or by reference (``module:Class``, ``file.py:Class``); a solver of a family as the family says.

    Raises:
        UsageError: for an unknown name, with the nearest known ones; for a reference where there is no such plug-in.
    """
    if ":" in name:
        return _by_reference(kind, name)
    points = _points(kind)
    if name not in points:
        family = family_of(name) if kind == "solver" else None
        if family is not None:
            if is_reference(name):
                check_reference(name)
            return family.load(name)
        earlier = [*points, *(family_names() if kind == "solver" else ())]
        near = difflib.get_close_matches(name, earlier, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"`prbench list` shows the {len(earlier)} known ones"
        raise UsageError(f"there is no {kind} {name!r}; {hint}")
    plugin = imported(kind, points[name])
    if kind == "metric":
        if not isinstance(plugin, Metric):
            raise refused(kind, points[name], "a function decorated with prbench.core.metric")
    elif not _is_declared(plugin):
        raise refused(kind, points[name], f"a {kind}: derive it from the base class and decorate it with prbench.register")
    return plugin


def _is_declared(plugin: object) -> bool:
    return hasattr(plugin, "from_params") and hasattr(plugin, "info")


def _by_reference(kind: Kind, name: str) -> Any:
    check_reference(name)
    source, _, attribute = name.rpartition(":")
    try:
        module = module_of_file(Path(source)) if source.endswith(".py") else _module_on_path(source)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{name}: importing {source} failed: {type(error).__name__}: {one_line(error, 200)}") from error
    plugin = getattr(module, attribute, None)
    if plugin is None:
        raise UsageError(f"{name}: {source} has no {attribute}")
    if not _is_declared(plugin):
        raise UsageError(
            f"{name}: {attribute} is not a {kind}; derive it from the base class and decorate it with prbench.register"
        )
    return plugin


def _module_on_path(name: str) -> ModuleType:
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # a console script's path does not start with the working folder, as `python`'s does
    return importlib.import_module(name)


def module_of_file(path: Path) -> ModuleType:
    """Import a file of its own; the same file is imported once.

    Raises:
        UsageError: where there is no such file.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    # The same file gets the same name in every process, so that caches of compiled code find it again.
    label = hashlib.blake2b(str(path.resolve()).encode(), digest_size=4).hexdigest()
    name = f"_prbench_file_{path.stem}_{label}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up here while it is being executed
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def build_plugin(kind: Kind, spelled: str, params: dict[str, object] | None = None) -> Any:
    """Build a solver or dataset from ``name[key=value]``, with ``params`` added; a solver from ``name@label`` too, whose tuned
    settings (see :mod:`prbench.core.tuned`) give way to both.

    Raises:
        UsageError: for an unknown name or setting, or one given both ways.
    """
    name, inline = parse_name(spelled)
    name, tuned = resolve_tuned(name) if kind == "solver" else (name, {})
    if tuned and PRESET in inline:
        raise UsageError(f"{spelled}: tuned settings and a preset are both settings that belong together; give one of the two")
    both = sorted(set(inline) & set(params or {}))
    if both:
        raise UsageError(f"{name}: {', '.join(both)} given both in the name and as an argument; give it once")
    return load_plugin(kind, name).from_params({**tuned, **inline, **(params or {})})
