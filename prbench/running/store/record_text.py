"""The text of a record: the digest that seals it, and a reader for each schema that checks every member.

A record may be a stranger's, or damaged: whatever the text holds, reading it either gives members of the promised types or
raises :class:`CorruptRecord` with one line that names the member.
"""

from __future__ import annotations

import dataclasses
import json
import re
from array import array
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, cast, get_args

from prbench.errors import one_line
from prbench.running.request.cell import Cell
from prbench.running.solving import Status

from .plain import digest
from .record_cell import NUMBERS as _NUMBERS
from .record_cell import CorruptRecord, fits, is_count, read_cell

SCHEMA = 2
STATUSES: tuple[Status, ...] = get_args(Status)
_SEAL = ', "digest": "'
_SEAL_LENGTH = len(_SEAL) + 32 + 2
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
_CURVE = ', "curve": {'
_DEEPEST = 8
_LEAVES = frozenset({str, float, bool, type(None)})
"""Kinds of values of which every one is right."""
_NAME = re.compile(r"[\w.-]{0,64}")


def seal(body: str) -> str:
    """A JSON object of one line with the digest of its text as its last member."""
    return f'{body[:-1]}{_SEAL}{digest(body)}"}}'


def read_members(text: str, *, curve: bool = True) -> tuple[Cell, dict[str, Any]]:
    """The cell of a record, and its other members by name, those that are there; missing ones take the defaults of the class.

    Args:
        text: of the record.
        curve: whether to read the curve, which is half of the text and in no table; empty where False.

    Raises:
        CorruptRecord: where the text is not a record, does not match its digest, or a member is not what it is in a record.
    """
    try:
        data = json.loads(text) if curve else _without_curve(text)
        _reader(data)(data, text)
        if "\\" in text and ("\\ud" in text or "\\uD" in text):
            json.dumps(data, ensure_ascii=False).encode()  # half of a character can be neither printed nor stored
        _status("status", data["status"])
        cell = read_cell(data["spec"], data["key"], _text("solver", data["solver"]), _text("dataset", data["dataset"]))
        get = _MEMBERS.get
        return cell, {name: get(name, _anything)(name, value) for name, value in data.items() if name not in _OF_THE_CELL}
    except CorruptRecord:
        raise
    except KeyError as error:
        raise CorruptRecord(f"not a record: it has no {one_line(error, 60)}") from error
    except RecursionError as error:
        raise CorruptRecord("not a record: its JSON is nested too deeply") from error
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CorruptRecord(f"not a record ({type(error).__name__}: {one_line(error, 200)})") from error


def _without_curve(text: str) -> Any:
    """The JSON of a record with an empty curve, wherever its text is as :meth:`Record.to_json` writes it."""
    start = text.find(_CURVE)
    end = text.find("}", start)
    if start < 0 or end < 0:
        return json.loads(text)
    data = json.loads(f"{text[: start + len(_CURVE)]}{text[end:]}")
    return data if type(data) is dict and data.get("curve") == {} else json.loads(text)


def _reader(data: Any) -> Callable[[dict[str, Any], str], None]:
    if type(data) is not dict:
        raise CorruptRecord(f"a record is a JSON object, got {_kind(data)}")
    schema = data["schema"]
    if type(schema) is int and schema in _READERS:
        return _READERS[schema]
    later = "; update prbench" if type(schema) is int and schema > SCHEMA else ""
    raise CorruptRecord(f"schema {one_line(repr(schema), 40)}, this version reads {' and '.join(map(str, _READERS))}{later}")


# One reader per schema


def _read_first(data: dict[str, Any], text: str) -> None:
    """Schema 1: no digest was written; one that is there has been added by a later version and has to match."""
    if "digest" in data:
        _read_second(data, text)


def _read_second(data: dict[str, Any], text: str) -> None:
    """Schema 2: the last member is the digest of the text before it."""
    text = text.rstrip()
    body, end = f"{text[:-_SEAL_LENGTH]}}}", text[-_SEAL_LENGTH:]
    if end != f'{_SEAL}{digest(body)}"}}' or data["digest"] != end[len(_SEAL) : -2]:
        raise CorruptRecord("its text does not match its digest: it was edited or damaged after it was written")


_READERS: dict[int, Callable[[dict[str, Any], str], None]] = {1: _read_first, 2: _read_second}
_OF_THE_CELL = frozenset({"schema", "key", "task", "sample", "seed", "spec", "digest"})


# The other members


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", int: "a number", float: "a number"}
    return names.get(type(value), "null")


def _wrong(name: str, value: Any, wanted: str) -> CorruptRecord:
    return CorruptRecord(f"{one_line(name, 40)} is {_kind(value)}, a record has {wanted} there")


def _text(name: str, value: Any) -> str:
    if type(value) is not str:
        raise _wrong(name, value, "text")
    return value


def _status(name: str, value: Any) -> str:
    if value not in STATUSES:
        raise CorruptRecord(f"its {name} is unknown")
    return cast("str", value)


def _name(name: str, value: Any) -> str:
    if not _NAME.fullmatch(_text(name, value)):  # it names a file
        raise CorruptRecord(f"{name} is not of the kind that it is in a record: letters and digits, at most 64")
    return cast("str", value)


def _count(name: str, value: Any) -> int:
    if not is_count(value):
        raise CorruptRecord(f"{name} is not of the kind that it is in a record: a whole number from 0")
    return cast("int", value)


def _object(name: str, value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise _wrong(name, value, "an object")
    return value


def _number(name: str, value: Any) -> float:
    if type(value) in _NUMBERS or (type(value) is str and value in _NOT_FINITE):
        return float(value)
    raise _wrong(name, value, "a number")


def _scores(name: str, value: Any) -> dict[str, float]:
    return {key: item if type(item) is float else _number(key, item) for key, item in _object(name, value).items()}


def _costs(name: str, value: Any) -> dict[str, float | int | None]:
    result: dict[str, float | int | None] = {}
    for key, item in _object(name, value).items():
        plain = item is None or type(item) is float or (type(item) is int and fits(item))
        result[key] = item if plain else _number(key, item)
    return result


def _curve(name: str, value: Any) -> dict[str, list[float]]:
    result = {}
    for key, items in _object(name, value).items():
        if type(items) is not list:
            raise _wrong(f"{name}.{key}", items, "a list of numbers")
        kinds = set(map(type, items))
        result[key] = items if kinds <= _NUMBERS else [n if type(n) in _NUMBERS else _number(key, n) for n in items]
        array("d", result[key])  # a whole number beyond what a float holds ends here, quicker than one by one
    if len(set(map(len, result.values()))) > 1:
        raise CorruptRecord("its curve has lists of unequal lengths")
    return result


def _notes(name: str, value: Any) -> dict[str, Any]:
    for key, item in _object(name, value).items():
        if isinstance(item, dict | list) or not fits(item):
            raise _wrong(f"{name}.{key}", item, "text or a number")
    return cast("dict[str, Any]", value)


def _problem(name: str, value: Any) -> dict[str, Any]:
    result = _anything(name, _object(name, value))
    _text(f"{name}.id", result.get("id", ""))
    _object(f"{name}.provenance", result.get("provenance", {}))
    left_open = _object(f"{name}.measurement", result.get("measurement", {})).get("symmetries", [])
    if type(left_open) is not list:
        raise _wrong(f"{name}.measurement.symmetries", left_open, "a list")
    return cast("dict[str, Any]", result)


def _error(name: str, value: Any) -> dict[str, str] | None:
    if value is None:
        return None
    result = _object(name, value)
    for key, item in result.items():
        _text(f"{name}.{key}", item)
    if result.get("outcome", "ok") not in STATUSES:
        raise CorruptRecord(f"{name}.outcome is no status")
    return result


def _anything(name: str, value: Any, depth: int = 0) -> Any:
    """A member without a rule of its own, as a later version may add: plain values, nested a few levels."""
    if depth > _DEEPEST:
        raise CorruptRecord(f"{one_line(name, 40)} is nested more than {_DEEPEST} levels deep")
    if type(value) is dict or type(value) is list:
        for item in value.values() if type(value) is dict else value:
            if type(item) not in _LEAVES:
                _anything(name, item, depth + 1)
    elif not fits(value):
        raise CorruptRecord(f"{one_line(name, 40)} holds a whole number of more than 63 bits")
    return value


def _lines(name: str, value: Any) -> tuple[str, ...]:
    if type(value) is not list:
        raise _wrong(name, value, "a list of texts")
    return tuple(_text(name, item) for item in value)


_MEMBERS: dict[str, Callable[[str, Any], Any]] = {
    "status": _status,
    "solver": _text,
    "dataset": _text,
    "metrics": _scores,
    "notes": _notes,
    "cost": _costs,
    "curve": _curve,
    "environment": _name,
    "code_id": _text,
    "threads": _count,
    "problem": _problem,
    "error": _error,
    "arrays": _name,
    "sealed": _text,
    "warnings": _lines,
    "started": _text,
    "ended": _text,
}


def fields_present(cls: type, members: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``members`` that a record class has fields for; what a later version added is left where it is, in the text."""
    names = _field_names(cls)
    return {name: value for name, value in members.items() if name in names}


@lru_cache
def _field_names(cls: Any) -> frozenset[str]:
    return frozenset(field.name for field in dataclasses.fields(cls))
