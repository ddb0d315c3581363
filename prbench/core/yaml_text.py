"""YAML of strangers: plain values only, each key once, and no more of them than were written."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from prbench.errors import UsageError, one_line

if TYPE_CHECKING:
    import yaml

_MAX_CHARACTERS = 1_000_000
_MAX_VALUES = 200_000
_MAX_DEPTH = 40


def read_yaml(text: str, where: str) -> Any:
    """The value of a YAML document: mappings, lists, strings, numbers, truth values, dates and null.

    Tags that make other objects are refused, as are keys given twice, of which YAML would silently take the last, and aliases
    that multiply what is written to more than 200 000 values.

    Raises:
        UsageError: in one line that begins with ``where``.
    """
    import yaml

    if len(text) > _MAX_CHARACTERS:
        raise UsageError(f"{where} has {len(text)} characters, at most {_MAX_CHARACTERS} are read")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            return None
        if _count(node, {}, where, 0) > _MAX_VALUES:
            raise UsageError(f"{where} is more than {_MAX_VALUES} values once its aliases are followed")
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{where} is not YAML that can be read: {one_line(error)}") from error


def _count(node: yaml.Node, counts: dict[int, int], where: str, depth: int) -> int:
    """The values below ``node`` with aliases followed, each node looked at once."""
    import yaml

    if depth > _MAX_DEPTH:
        raise UsageError(f"{where} is nested deeper than {_MAX_DEPTH} levels, or into itself")
    if id(node) not in counts:
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, where)
            children = [child for pair in node.value for child in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = list(node.value)
        counts[id(node)] = 1 + sum(_count(child, counts, where, depth + 1) for child in children)
    return counts[id(node)]


def _check_keys(node: yaml.MappingNode, where: str) -> None:
    seen = set[Hashable]()
    for key, _ in node.value:
        if isinstance(key.value, str):
            if key.value in seen:
                line = key.start_mark.line + 1
                raise UsageError(f"{where}: {one_line(key.value, 60)} is given twice, again in line {line}; give it once")
            seen.add(key.value)
