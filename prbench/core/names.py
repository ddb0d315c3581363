"""The spelling of plug-ins with parameters: ``hio-er[beta=0.8,starts=16]``.

A value may be quoted, ``file[path='a,b].cxi']``; brackets and parentheses inside one that is not must be balanced. A plug-in
that no package has registered yet is named by its class's reference: ``package.module:MySolver`` or ``path/to/file.py:MySolver``.
A program that a file declares is named by that file: ``path/to/contestant.toml``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from prbench.errors import UsageError, one_line

_NAME = re.compile(r"[a-z0-9][a-z0-9@._-]{0,63}")
_REFERENCE = re.compile(r"(?:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|[^\[\]:,'\"]{1,1000}\.py):[A-Za-z_]\w*")
_FILE = re.compile(r"[^\[\]:,'\"]{1,1000}\.toml(?:@[a-z0-9._-]{1,64})?")
_KEY = re.compile(r"[a-z_][a-z0-9_]{0,63}")
_PLAIN = re.compile(r"[^\s,\[\]'\"=][^,\[\]'\"]*")
_MAX_LENGTH = 4096


def parse_name(text: str) -> tuple[str, dict[str, str]]:
    """Split ``name[key=value,...]`` into the name and the raw parameters, all strings.

    Raises:
        UsageError: where the text does not have this form, pointing at the reference.
    """
    if len(text) > _MAX_LENGTH:
        raise UsageError(f"a name may have at most {_MAX_LENGTH} characters, got {len(text)}")
    stripped = text.strip()
    name, bracket, rest = stripped.partition("[")
    if not any(form.fullmatch(name) for form in (_NAME, _REFERENCE, _FILE)):
        raise UsageError(
            f"not a name: {one_line(name, 60)!r}; names look like hio-er, hio-er[beta=0.8,starts=16] or my_file.py:MySolver"
        )
    if not bracket:
        return name, {}
    if not rest.endswith("]"):
        raise UsageError(f"{one_line(stripped, 60)!r}: the bracket after {name!r} is not closed; write {name}[key=value]")
    params: dict[str, str] = {}
    for item in _split(rest[:-1], stripped):
        key, equals, value = item.partition("=")
        key = key.strip()
        if not equals or not _KEY.fullmatch(key):
            hint = f"; a value with a comma stands in quotes, {name}[path='a,b.cxi']" if params else ""
            raise UsageError(f"{one_line(stripped, 60)!r}: expected key=value, got {one_line(item, 60)!r}{hint}")
        if key in params:
            raise UsageError(f"{one_line(stripped, 60)!r}: {key!r} is given twice")
        params[key] = _unquote(value.strip(), stripped)
    return name, params


def is_reference(name: str) -> bool:
    """Whether a name says where a plug-in is, a class or the file that declares it, and not what it is called."""
    return ":" in name or name.endswith(".toml")


def format_name(name: str, params: Mapping[str, object]) -> str:
    """The inverse of :func:`parse_name`, quoting where needed."""
    if not params:
        return name
    inner = ",".join(f"{key}={format_value(value)}" for key, value in params.items())
    return f"{name}[{inner}]"


def format_value(value: object) -> str:
    """One value as :func:`parse_name` reads it back."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    if _PLAIN.fullmatch(text) and text == text.strip() and _balanced(text):
        return text
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _balanced(text: str) -> bool:
    depth = 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if depth < 0:
            return False
    return depth == 0


def _split(inner: str, text: str) -> list[str]:
    """Split at top-level commas, respecting quotes and nested brackets."""
    items, start, depth, quote, i = [], 0, 0, "", 0
    while i < len(inner):
        c = inner[i]
        if quote:
            if c == "\\":
                i += 1
            elif c == quote:
                quote = ""
        elif c in "'\"":
            quote = c
        elif c in "[(":
            depth += 1
        elif c in "])":
            depth -= 1
        elif c == "," and depth == 0:
            items.append(inner[start:i])
            start = i + 1
        if depth < 0:
            break
        i += 1
    if quote or depth != 0:
        raise UsageError(f"{one_line(text, 60)!r}: a quote or bracket is not closed")
    items.append(inner[start:])
    return [item for item in items if item.strip()] if inner.strip() else []


def split_names(text: str) -> list[str]:
    """Split a comma-separated list of names, leaving the commas inside brackets alone."""
    return [item.strip() for item in _split(text, text)]


def _unquote(value: str, text: str) -> str:
    if value[:1] in ("'", '"'):
        if len(value) < 2 or value[-1] != value[0]:
            raise UsageError(f"{one_line(text, 60)!r}: the quote in {one_line(value, 60)!r} is not closed")
        return re.sub(r"\\([\\'\"])", r"\1", value[1:-1])  # other backslashes are a path's own
    return value
