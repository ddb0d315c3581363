"""Small files written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prbench.errors import BadInput, one_line


def write_text(path: Path, text: str) -> None:
    """Write a text file under another name, then rename it."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write plain values for people to read."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """Read what :func:`write_json` wrote.

    Raises:
        BadInput: where it is no longer that.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} cannot be read: {one_line(error, 120)}; delete it, or choose another folder") from error
    if not isinstance(result, dict):
        raise BadInput(f"{path} must hold a JSON object; delete it, or choose another folder")
    return result


def first_difference(there: Mapping[str, Any], expected: Mapping[str, Any]) -> str:
    """What differs first between two mappings of plain values, in words; empty where nothing does."""
    expected = json.loads(json.dumps(expected))  # as it would have been read back: tuples are lists
    for key in expected:
        if there.get(key) != expected[key]:
            inner_there, inner = there.get(key), expected[key]
            if isinstance(inner_there, dict) and isinstance(inner, dict):
                return f"{key}.{first_difference(inner_there, inner) or 'its keys'}"
            return f"{key}: {one_line(inner_there, 60)} there, {one_line(inner, 60)} asked for"
    return ""
