"""What a solver, dataset or metric says of itself, with its settings; :mod:`prbench.catalogue.listing` tells which there are."""

from __future__ import annotations

import inspect
import json
import typing
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from typing import Any, cast

from prbench.contestants.environments import contestant_facts
from prbench.contestants.solver import Contestant
from prbench.core import (
    LearnedSolver,
    Metric,
    MetricInfo,
    load_plugin,
    parse_name,
    plugin_names,
    setting_infos,
    task_names,
    usable_tasks,
)
from prbench.core.families import family_names
from prbench.core.names import format_name, format_value, is_reference
from prbench.core.references import bibliography, cited
from prbench.core.registry import Kind
from prbench.core.settings import PRESET, SettingInfo
from prbench.errors import UsageError
from prbench.metrics.costs import COSTS

from .kinds import KINDS
from .text import clean, first_paragraph


@dataclass(frozen=True)
class SettingEntry:
    """One setting of a plug-in as ``prbench show`` prints it; everything is text."""

    name: str
    value: str
    default: str
    type: str
    valid: str
    search: str
    unit: str
    doc: str


@dataclass(frozen=True)
class Entry:
    """One plug-in.

    Attributes:
        kind: ``solver``, ``dataset`` or ``metric``.
        name: what users type.
        tasks: the tasks it serves.
        tags: free words; for a metric direction, unit and what it needs.
        summary: the first sentence of its documentation.
        doc: all of it.
        cite: source, several separated by ``"; "``.
        licence: of data or code; empty for a metric.
        bibtex: one entry per source.
        settings: in declaration order.
    """

    kind: Kind
    name: str
    tasks: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    summary: str = ""
    doc: str = ""
    cite: str = ""
    licence: str = ""
    bibtex: str = ""
    settings: tuple[SettingEntry, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """The tasks in words."""
        return "all tasks" if set(self.tasks) >= set(task_names()) else ", ".join(self.tasks)

    def plain(self) -> dict[str, Any]:
        """Plain values only, for JSON."""
        return asdict(self)


def look_up(spelled: str) -> list[Entry]:
    """The plug-ins of a name, of any kind, with settings taken from ``name[key=value]``.

    Raises:
        UsageError: for a name nobody knows, with the nearest known ones, or an inadmissible setting.
    """
    name, params = parse_name(spelled)
    if is_reference(name):
        return [_by_reference(name, params)]
    kinds = [kind for kind in KINDS if name in _names(kind)]
    if not kinds:
        raise UsageError(f"nothing is called {name!r}; {_nearest(name)}")
    return [describe(kind, name, params) for kind in kinds]


def describe(kind: Kind, name: str, params: dict[str, str] | None = None) -> Entry:
    """Import one plug-in and describe it; ``params`` replace the defaults in the column of values."""
    if kind == "metric":
        if params:
            raise UsageError(f"the metric {name!r} has no settings")
        return _metric_entry(name)
    plugin = load_plugin(kind, name)
    values = plugin.from_params(params or {}).params()
    doc = clean(inspect.cleandoc(plugin.__doc__ or ""))
    info = plugin.info
    return Entry(
        kind=kind,
        name=name,
        tasks=(info.task,),
        tags=tuple(info.tags),
        summary=first_paragraph(doc),
        doc=doc,
        cite=info.cite,
        licence=info.licence,
        bibtex=bibliography(cited(info.cite, name, info.bibtex)),
        settings=tuple(_settings(plugin, values)),
        facts={**_facts(plugin), **_presets(plugin)},
    )


def _presets(plugin: Any) -> dict[str, str]:
    """The settings that each preset stands for, spelled."""
    return {f"{PRESET}={name}": format_name("", values).strip("[]") for name, values in plugin.presets.items()}


def _facts(plugin: Any) -> dict[str, str]:
    if issubclass(plugin, Contestant):
        return contestant_facts(plugin.declaration)
    return _weights_facts(plugin) if issubclass(plugin, LearnedSolver) else {}


def _weights_facts(plugin: type[LearnedSolver[Any]]) -> dict[str, str]:
    """What the card of the weights that come with a learned solver says, in short."""
    files = [path for path in plugin.shipped_files() if path.suffix == ".safetensors"]  # a found structure may be beside them
    if not files:
        return {"weights": f"none come with it; {plugin().training_command()} makes some"}
    card = json.loads(files[0].with_suffix(".json").read_text(encoding="utf-8"))
    told = card["validation"]
    return {
        "weights": f"{files[0]}, {files[0].stat().st_size / 1e6:.1f} MB, {card['parameters']} parameters; its card is beside it",
        "trained on": f"{', '.join(card['recipe']['datasets'])}, {card['recipe']['samples']} problems of each, split train",
        "validation": f"{told['value']:.4g} on the split {told['split']}",
    }


def _by_reference(name: str, params: dict[str, str]) -> Entry:
    """A class that is named by its file or module, and may be a solver or a dataset."""
    try:
        return describe("solver", name, params)
    except UsageError as not_a_solver:
        try:
            return describe("dataset", name, params)
        except UsageError:
            raise not_a_solver from None


def _names(kind: Kind) -> list[str]:
    """The names of a kind; the costs of a solve, which no plug-in measures, stand among the metrics."""
    return [*plugin_names(kind), *(COSTS if kind == "metric" else family_names() if kind == "solver" else ())]


def _metric_entry(name: str) -> Entry:
    plugin: Metric | None = None if name in COSTS else load_plugin("metric", name)
    info = COSTS[name] if plugin is None else plugin.info
    doc = info.definition if plugin is None else clean(inspect.cleandoc(plugin.function.__doc__ or ""))
    facts = {
        "better": info.better,
        "unit": info.unit or "none",
        "range": info.range,
        "needs": info.needs,
        "symmetries removed": ", ".join(info.removes) or "none",
    }
    return Entry(
        kind="metric",
        name=name,
        tasks=_tasks_of(info),
        tags=(f"{info.better} is better", *((info.unit,) if info.unit else ())),
        summary=info.definition,
        doc=doc,
        cite=info.cite,
        bibtex=bibliography(cited(info.cite, name)),
        facts=facts,
    )


def _tasks_of(info: MetricInfo) -> tuple[str, ...]:
    """The tasks whose boards can show a column: all of a cost, and of a metric those whose answers it judges."""
    tasks = usable_tasks()
    return tuple(t.name for t in tasks if info.needs == "solve" or info.judges(t.answer, t.measurement))


def _settings(plugin: Any, values: dict[str, Any]) -> Iterator[SettingEntry]:
    hints = typing.get_type_hints(plugin)
    defaults = {f.name: f.default for f in fields(plugin)}
    for name, info in setting_infos(plugin).items():
        valid = info.valid or ""
        if info.choices is not None:
            valid = ", ".join(format_value(c) for c in info.choices)
        search = f"{info.range[0]:g} to {info.range[1]:g}{' (log)' if info.log else ''}" if info.range else ""
        yield SettingEntry(
            name=name,
            value=format_value(values[name]),
            default=format_value(defaults[name]),
            type=_type_name(hints[name]),
            valid=valid,
            search=search,
            unit=info.unit,
            doc=info.doc + _other_names(info),
        )


def _other_names(info: SettingInfo) -> str:
    """Under which other names a setting is read, in words."""
    said = [f"formerly {info.was}"] if info.was else []
    said += [f"or give {name}" for name in info.also]
    return f" ({'; '.join(said)})" if said else ""


def _type_name(hint: object) -> str:
    if typing.get_origin(hint) is typing.Literal:
        return "text"
    options = typing.get_args(hint)
    if options:
        return " or ".join(_type_name(option) for option in options)
    if hint is type(None):
        return "none"
    return {int: "integer", float: "number", bool: "true/false", str: "text"}.get(cast("type", hint), str(hint))


def _nearest(name: str) -> str:
    import difflib

    names = [n for kind in KINDS for n in _names(kind)]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"did you mean {', '.join(near)}?" if near else f"`prbench list` shows the {len(names)} known names"
