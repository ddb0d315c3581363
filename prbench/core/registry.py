"""Plug-ins are found through entry points, exactly as a stranger's package is; no list anywhere names them.

A class that no package has registered yet is reached by its place instead: ``package.module:MySolver``, imported from Python's
path or the working folder, or ``path/to/file.py:MySolver``, a file of its own. It carries :func:`register` all the same.
"""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar

from prbench.errors import UsageError, one_line

from .names import parse_name
from .tuned import resolve_tuned

Kind = Literal["solver", "dataset", "metric"]
T = TypeVar("T")

TASKS = ("far-field", "near-field", "random", "speckle", "off-axis", "deblur")


@dataclasses.dataclass(frozen=True)
class PluginInfo:
    """What a plug-in says of itself.

    Attributes:
        name: the name users type; equals its entry point's.
        task: one of :data:`TASKS`.
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
    name: str, *, task: str, cite: str = "", licence: str = "BSD-3-Clause", bibtex: str = "", tags: tuple[str, ...] = ()
) -> Callable[[type[T]], type[T]]:
    """Attach a :class:`PluginInfo` to a solver or dataset class. The entry point makes it known; this describes it."""
    if task not in TASKS:
        raise UsageError(f"{name}: task must be one of {', '.join(TASKS)}, got {task!r}")
    info = PluginInfo(name=name, task=task, cite=cite, licence=licence, bibtex=bibtex, tags=tags)

    def attach(cls: type[T]) -> type[T]:
        cls.plugin_name = name  # type: ignore[attr-defined]
        cls.info = info  # type: ignore[attr-defined]
        return cls

    return attach


@cache
def _points(kind: Kind) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"prbench.{kind}s"):
        if point.name in found and found[point.name].value != point.value:
            raise UsageError(f"two packages offer a {kind} {point.name!r}: {found[point.name].value} and {point.value}")
        found[point.name] = point
    return found


def plugin_names(kind: Kind) -> list[str]:
    """The names of all installed plug-ins of a kind, sorted; imports none of them."""
    return sorted(_points(kind))


@cache
def load_plugin(kind: Kind, name: str) -> Any:
    """Import one plug-in by name, or by place (``module:Class``, ``file.py:Class``).

    Raises:
        UsageError: for an unknown name, with the nearest known ones; for a place where there is no such plug-in.
    """
    if ":" in name:
        return _from_place(kind, name)
    points = _points(kind)
    if name not in points:
        near = difflib.get_close_matches(name, points, n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"`prbench list` shows the {len(points)} known ones"
        raise UsageError(f"there is no {kind} {name!r}; {hint}")
    return points[name].load()


def _from_place(kind: Kind, name: str) -> Any:
    place, _, attribute = name.rpartition(":")
    try:
        module = _module_of_file(Path(place)) if place.endswith(".py") else _module_on_path(place)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{name}: importing {place} failed: {type(error).__name__}: {one_line(error, 200)}") from error
    plugin = getattr(module, attribute, None)
    if plugin is None:
        raise UsageError(f"{name}: {place} has no {attribute}")
    if not hasattr(plugin, "from_params") or not hasattr(plugin, "info"):
        raise UsageError(
            f"{name}: {attribute} is not a {kind}; derive it from the base class and decorate it with prbench.register"
        )
    return plugin


def _module_on_path(name: str) -> ModuleType:
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # a console script's path does not start with the working folder, as `python`'s does
    return importlib.import_module(name)


def _module_of_file(path: Path) -> ModuleType:
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
    both = sorted(set(inline) & set(params or {}))
    if both:
        raise UsageError(f"{name}: {', '.join(both)} given both in the name and as an argument; give it once")
    return load_plugin(kind, name).from_params({**tuned, **inline, **(params or {})})
