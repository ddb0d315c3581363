"""``contestant.toml``: what a contestant is, read without running any of its code."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prbench.errors import BadInput, one_line

FILE = "contestant.toml"
TAG = "contestant"
"""The tag of all contestants."""
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_KEY = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_MOST_BYTES = 1 << 20
_TEXTS = ("summary", "cite", "licence", "homepage", "bibtex", "python", "requirements", "adapter")
_DEVICES = ("cpu", "cuda")
_DETAILS = {"default", "doc", "range", "log", "valid", "choices", "unit"}


@dataclass(frozen=True)
class Declaration:
    """One contestant.

    Attributes:
        path: of the file.
        name: the solver's name.
        task: that it serves.
        summary: one sentence on what it is.
        cite, licence, homepage, bibtex: of the program.
        python: versions of Python that it runs in, such as ``>=3.10,<3.13``; empty for any.
        requirements: pinned packages of its environment, a file beside this one; empty where it needs none.
        adapter: the Python file with ``prepare``, ``solve`` and ``version``, beside this one; a command may do without.
        source: where the program's source comes from that a user names at ``prbench env build --source``; empty for none.
        source_install: ``build`` where the source is a package to install, ``path`` where its modules are imported as they are.
        needs: members of the measurement without which it cannot solve, such as ``support``.
        devices: what it computes on, ``cpu`` and ``cuda``.
        command: the program and its arguments instead of an environment of Python's; empty for none.
        settings: details by name; ``default`` and ``doc`` are always there.
        tags: free words.
    """

    path: Path
    name: str
    task: str
    summary: str
    cite: str
    licence: str
    homepage: str
    bibtex: str
    python: str
    requirements: str
    adapter: str
    source: str
    source_install: str
    needs: tuple[str, ...]
    devices: tuple[str, ...]
    command: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]]
    tags: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The folder that holds it."""
        return self.path.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that its answers come from, as far as they are the contestant's own: this one, adapter and requirements."""
        beside = [self.folder / name for name in (self.adapter, self.requirements) if name]
        named = [self.folder / word for word in self.command if (self.folder / word).is_file()]
        return tuple(path for path in (self.path, *beside, *named) if path.is_file())


def read_declaration(path: Path) -> Declaration:
    """Read a file.

    Raises:
        BadInput: in one line: where, what was found, what was expected.
    """
    if not path.is_file():
        raise BadInput(f"there is no file {path}; `prbench contestant new NAME --task TASK` writes one")
    if path.stat().st_size > _MOST_BYTES:
        raise BadInput(f"{path} has {path.stat().st_size} bytes; the declaration of a contestant has at most {_MOST_BYTES}")
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{path} is not readable as TOML: {one_line(error, 150)}") from error
    return _declared(path, told)


def _declared(path: Path, told: Mapping[str, Any]) -> Declaration:
    known = {"name", "task", "source", "source_install", "needs", "devices", "tags", "settings", "command", *_TEXTS}
    if unknown := sorted(told.keys() - known):
        raise BadInput(f"{path}: nothing is called {unknown[0]!r}; expected are {', '.join(sorted(known))}")
    for key in ("name", "task", "summary"):
        if not isinstance(told.get(key), str) or not told[key].strip():
            raise BadInput(f"{path}: {key} must be a text, got {told.get(key)!r}")
    if not _NAME.fullmatch(told["name"]):
        raise BadInput(f"{path}: name must be lower-case letters, digits and hyphens, got {one_line(told['name'], 60)!r}")
    texts = {key: _text(path, told, key) for key in _TEXTS}
    command = _command(path, told)
    if not texts["adapter"] and not command:
        raise BadInput(f'{path}: give adapter = "adapter.py", or [command] with run = ["program", ...]')
    for key in ("adapter", "requirements"):
        if texts[key] and not (path.parent / texts[key]).is_file():
            raise BadInput(f"{path}: {key} names {texts[key]}, which is not beside it")
    devices = _texts(path, told, "devices") or ("cpu",)
    if set(devices) - set(_DEVICES):
        raise BadInput(f"{path}: devices are {' and '.join(_DEVICES)}, got {', '.join(devices)}")
    return Declaration(
        path=path,
        name=told["name"],
        task=told["task"],
        source=_text(path, told, "source"),
        source_install=_source_install(path, told),
        needs=_texts(path, told, "needs"),
        devices=devices,
        command=command,
        settings=_settings(path, told.get("settings", {})),
        tags=_texts(path, told, "tags"),
        **texts,
    )


def _text(path: Path, told: Mapping[str, Any], key: str) -> str:
    value = told.get(key, "")
    if not isinstance(value, str):
        raise BadInput(f"{path}: {key} must be a text, got {one_line(value, 60)}")
    return value.strip()


def _source_install(path: Path, told: Mapping[str, Any]) -> str:
    how = _text(path, told, "source_install") or "build"
    if how not in ("build", "path"):
        raise BadInput(f"{path}: source_install must be build or path, got {one_line(how, 60)!r}")
    return how


def _texts(path: Path, told: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = told.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadInput(f"{path}: {key} must be a list of texts, got {one_line(value, 60)}")
    return tuple(value)


def _command(path: Path, told: Mapping[str, Any]) -> tuple[str, ...]:
    if "command" not in told:
        return ()
    table = told["command"]
    if not isinstance(table, dict) or set(table) != {"run"} or not (run := _texts(path, table, "run")):
        raise BadInput(f'{path}: [command] must hold run = ["program", "argument", ...] and nothing else')
    return run


def _settings(path: Path, told: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(told, dict):
        raise BadInput(f"{path}: settings must be a table, got {one_line(told, 60)}")
    found = {}
    for name, details in told.items():
        where = f"{path}: setting {one_line(name, 60)}"
        if not _KEY.fullmatch(name):
            raise BadInput(f"{where}: a name is lower-case letters, digits and _")
        if not isinstance(details, dict) or not {"default", "doc"} <= details.keys() <= _DETAILS:
            raise BadInput(f"{where}: expected default and doc, and perhaps {', '.join(sorted(_DETAILS - {'default', 'doc'}))}")
        if not isinstance(details["default"], bool | int | float | str) or not isinstance(details["doc"], str):
            raise BadInput(f"{where}: default must be a number, a text, true or false, and doc a text")
        found[name] = _checked(where, details)
    return found


def _checked(where: str, details: dict[str, Any]) -> dict[str, Any]:
    """The details with tuples for lists; ranges of numbers that rise, intervals that can be read."""
    checked = dict(details)
    if (span := details.get("range")) is not None:
        numbers = isinstance(span, list) and len(span) == 2 and all(_is_number(end) for end in span)
        if not numbers or not span[0] < span[1]:
            raise BadInput(f"{where}: range must be two numbers, the smaller first, got {one_line(span, 60)}")
        checked["range"] = tuple(span)
    if not isinstance(details.get("log", False), bool) or (details.get("log") and "range" not in details):
        raise BadInput(f"{where}: log must be true or false, and goes with a range")
    if details.get("log") and details["range"][0] <= 0:
        raise BadInput(f"{where}: a range on a logarithmic scale is positive, got {details['range']}")
    if (valid := details.get("valid")) is not None and not _is_interval(valid):
        raise BadInput(f'{where}: valid must be an interval such as "(0, 2]", got {one_line(valid, 60)}')
    if (choices := details.get("choices")) is not None:
        if not isinstance(choices, list) or details["default"] not in choices:
            raise BadInput(f"{where}: choices must be a list that holds the default, got {one_line(choices, 60)}")
        checked["choices"] = tuple(choices)
    if not isinstance(details.get("unit", ""), str):
        raise BadInput(f"{where}: unit must be a text, got {one_line(details['unit'], 60)}")
    return checked


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_interval(text: object) -> bool:
    number = r"\s*[-+]?(inf|\d+(\.\d*)?(e[-+]?\d+)?)\s*"
    return isinstance(text, str) and re.fullmatch(rf"[\[(]{number},{number}[\])]", text) is not None
