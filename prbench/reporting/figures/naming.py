"""How names stand in figures: as short as tells one from another, and broken into lines where they would not fit."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from prbench.core import format_name, parse_name
from prbench.core.labels import labels_of
from prbench.errors import UsageError, one_line

_NAME_LENGTH = 64
_MOST_LINES = 4
_WORDS = re.compile(r"(?<=[, ])|(?=\[)")
_JOINTS = re.compile(r"(?<=[=_/-])")
_WIDE = 0.68
"""Width of a bold letter of DejaVu Sans, in its size: of most text, an upper bound."""


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Names without the settings that all of the same plug-in share; cut where still long, but never to the same text. Tuned
    settings have their label.
    """
    labels = labels_of(names)
    others = _own([name for name in names if name not in labels], {})
    result = {name: labels.get(name) or one_line(_spelled(*others[name]), _NAME_LENGTH) for name in names}
    return _told_apart(result)


def headings(names: Sequence[str], settings: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, str]:
    """Names to be read, ``plugin: word, setting=number``, with what sets each apart from others of its plug-in, defaults too.

    Args:
        names: as spelled in results.
        settings: by name the plug-in and all its settings. A word or path stands without its setting where it is the only one.
    """
    result = {name: one_line(_read(*own), 2 * _NAME_LENGTH) for name, own in _own(names, settings).items()}
    return _told_apart(result)


def wrapped(text: str, inches: float, font: float) -> str:
    """Text on at most four lines no longer than a width, at a size in points; an ellipsis tells of more.

    Lines end after a comma, before a bracket or at a space; within a word only where that alone is too long.
    """
    most = max(8, int(inches * 72 / (_WIDE * font)))
    lines = [""]
    for part in (piece for word in _WORDS.split(text) for piece in _pieces(word, most)):
        if len((lines[-1] + part).rstrip()) > most:
            lines.append("")
        lines[-1] += part
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1].strip()[: most - 1] + "…"]
    return "\n".join(escaped(line, most) for line in lines)


def _pieces(word: str, most: int) -> list[str]:
    """A word, or what it is broken into where it is longer than a line."""
    if len(word.rstrip()) <= most:
        return [word]
    return [part[at : at + most] for part in _JOINTS.split(word) for at in range(0, len(part), most)]


def escaped(text: object, length: int = 80) -> str:
    """Text that matplotlib draws as it stands."""
    return one_line(text, length).replace("$", r"\$")


def _own(
    names: Sequence[str], settings: Mapping[str, tuple[str, Mapping[str, Any]]]
) -> dict[str, tuple[str, dict[str, str], dict[str, Any]]]:
    """By name the plug-in, those of its settings that not all of the plug-in share, and their values where known."""
    parsed = {name: _parsed(name, settings.get(name)) for name in names}
    families: dict[str, list[str]] = defaultdict(list)
    for name, (plugin, _, _) in parsed.items():
        families[plugin].append(name)
    result = {}
    for name, (plugin, texts, values) in parsed.items():
        family = families[plugin]
        spelled = {key: {parsed[other][1].get(key, "") for other in family} for key in texts}
        own = {key: _short_path(text, spelled[key]) for key, text in texts.items() if len(spelled[key]) > 1}
        result[name] = plugin, own, values
    return result


def _short_path(text: str, others: Collection[str]) -> str:
    """A path without what all paths among ``others`` begin and end with; other text as it is."""
    if "/" not in text:
        return text
    paths = [other.split("/") for other in others if "/" in other]
    if len(paths) == 1:
        return paths[0][-1]
    first, last = (_shared([path[::way] for path in paths]) for way in (1, -1))
    parts = text.split("/")
    return "/".join(parts[first : len(parts) - last] or parts[-1:])


def _shared(paths: Sequence[Sequence[str]]) -> int:
    """How many parts all paths begin with."""
    return next((n for n, parts in enumerate(zip(*paths, strict=False)) if len(set(parts)) > 1), min(map(len, paths)))


def _parsed(name: str, parsed: tuple[str, Mapping[str, Any]] | None) -> tuple[str, dict[str, str], dict[str, Any]]:
    try:
        plugin, texts = parse_name(name)
        if parsed is not None and parsed[0] == plugin:
            return plugin, parse_name(format_name(plugin, parsed[1]))[1], dict(parsed[1])
    except UsageError:
        return name, {}, {}
    return plugin, texts, {}


def _spelled(plugin: str, own: Mapping[str, str], _: Mapping[str, Any]) -> str:
    return f"{plugin}[{','.join(f'{key}={text}' for key, text in own.items())}]" if own else plugin


def _read(plugin: str, own: Mapping[str, str], values: Mapping[str, Any]) -> str:
    words = [key for key in own if isinstance(values.get(key), str)]
    alone = words[0] if len(words) == 1 else None
    shown = {key: _value(text, values.get(key)) for key, text in own.items()}
    told = [text if key == alone else f"{key}={text}" for key, text in shown.items()]
    return f"{plugin}: {', '.join(told)}" if told else plugin


def _value(text: str, value: Any) -> str:
    """A number as short as it is exact."""
    return f"{value:g}" if isinstance(value, float) and math.isfinite(value) and float(f"{value:g}") == value else text


def _told_apart(result: dict[str, str]) -> dict[str, str]:
    """The same texts, each with a number where several are the same."""
    taken: dict[str, list[str]] = defaultdict(list)
    for name, label in result.items():
        taken[label].append(name)
    for label, same in taken.items():
        if len(same) > 1:
            result |= {name: f"{label} ({number})" for number, name in enumerate(same, 1)}
    return result
