"""The cell of a record: what all records of one kind share is checked once, what differs in each of them is quick to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any

from prbench.core import is_task_name
from prbench.core.names import format_name, parse_name
from prbench.errors import PrbenchError, UsageError, one_line
from prbench.running.request.cell import Cell

from .plain import canonical, digest

LARGEST = 2**63
NUMBERS = frozenset({int, float})
_WRONG = "a member of its spec is not of the kind that it is in a record"
_SETTINGS = frozenset({bool, int, float, str, type(None)})
_MEMBERS = frozenset(field.name for field in fields(Cell))
_SHARED = tuple(field.name for field in fields(Cell) if field.name not in ("sample", "seed", "solver_params", "dataset_params"))
_KINDS = {
    field.name: frozenset({str if field.default is MISSING else type(field.default)})
    for field in fields(Cell)
    if field.name in _SHARED
} | {"time_limit_s": frozenset({type(None), int, float})}
_MARK = -987_654_321_987_654_321
"""Stands for sample and seed in the canonical text of a kind."""


class CorruptRecord(PrbenchError):
    """A file in a store is not a record: cut off, changed by hand, or something else altogether."""


def read_cell(spec: Any, key: Any, solver: str, dataset: str) -> Cell:
    """The cell of a record.

    Args:
        spec: as the record has it.
        key: the record's.
        solver: its name with settings, as the record has it.
        dataset: in the same way.

    Raises:
        CorruptRecord: where one does not belong to the other, or a member is not what it is in a record.
        KeyError, TypeError, ValueError, AttributeError: where the spec is something else altogether.
    """
    if type(spec) is not dict:
        raise CorruptRecord("spec is no object, a record has one there")
    whole = spec if spec.keys() == _MEMBERS else vars(Cell.from_plain(spec, key=key))
    sample, seed = whole["sample"], whole["seed"]
    if not (is_count(sample) and is_count(seed)):
        raise CorruptRecord(_WRONG)
    settings = [(*of.items(), *map(type, of.values())) for of in (whole["solver_params"], whole["dataset_params"])]
    shared = tuple(whole[name] for name in _SHARED)
    try:
        kind, parts = _kind(shared, tuple(map(type, shared)), settings[0], settings[1], solver, dataset)
    except TypeError as error:  # a list or an object where a record has text, which cannot be looked up
        raise CorruptRecord(_WRONG) from error
    if whole is not spec:
        return Cell.from_plain(spec, key=key)
    if digest(f"{parts[0]}{sample}{parts[1]}{seed}{parts[2]}") != key:
        raise CorruptRecord("its key does not belong to its spec")
    return kind.sibling(sample, seed, key)


@lru_cache(maxsize=4096)
def _kind(
    shared: tuple[Any, ...],
    kinds: tuple[type, ...],
    solver_params: tuple[Any, ...],
    dataset_params: tuple[Any, ...],
    solver: str,
    dataset: str,
) -> tuple[Cell, list[str]]:
    """A cell of the kind, and the canonical text of its spec before, between and after sample and seed.

    The types of values are arguments too, for a truth value equals 1 without being the same.

    Raises:
        CorruptRecord: where a member is of another kind, or the names are not those of the spec.
    """
    settings = [dict(of[: len(of) // 2]) for of in (solver_params, dataset_params)]
    values = [value for of in settings for value in of.values()]
    spec = {**dict(zip(_SHARED, shared, strict=True)), "solver_params": settings[0], "dataset_params": settings[1]}
    right = all(type(value) in _SETTINGS and fits(value) for value in (*values, *shared)) and is_task_name(spec["task"])
    if not right or any(kind not in _KINDS[name] for name, kind in zip(_SHARED, kinds, strict=True)):
        raise CorruptRecord(_WRONG)
    for what, text, name, params in (
        ("solver", solver, spec["solver"], settings[0]),
        ("dataset", dataset, spec["dataset"], settings[1]),
    ):
        if not _spells(text, name, params):
            raise CorruptRecord(f"its {what} {one_line(text, 60)!r} is not the {what} of its spec, {one_line(name, 60)}")
    return Cell(**spec), canonical({**spec, "sample": _MARK, "seed": _MARK}).split(str(_MARK))


def _spells(text: str, name: str, params: Mapping[str, Any]) -> bool:
    """Whether ``text`` names ``name`` and gives no setting a value that it does not have; defaults may be left out."""
    if text == name:
        return True
    try:
        named, given = parse_name(text)
    except UsageError:
        return False
    return named == name and all(setting in params and _same(raw, params[setting]) for setting, raw in given.items())


def _same(raw: str, value: Any) -> bool:
    if type(value) in NUMBERS:
        try:
            return bool(float(raw) == value)
        except ValueError:
            return False
    return raw == parse_name(format_name("x", {"x": value}))[1]["x"]


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 0 that a table can hold."""
    return type(value) is int and 0 <= value < LARGEST


def fits(value: Any) -> bool:
    """Whether a value is no whole number of more than 63 bits."""
    return type(value) is not int or abs(value) < LARGEST
