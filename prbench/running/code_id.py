"""Which code a record answers to: a digest of the source, and of the trained weights, that its solver and dataset are made of."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from prbench.core import Solver

from .store.plain import digest

_SHARED = ("prbench.core", "prbench.backend", "prbench.physics")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_HOMES = ("prbench.algorithms", "prbench.datasets", "prbench.contestants")


def code_id(*plugins: type) -> str:
    """A digest of the source files of the plug-in classes' modules and of what these import, directly or not.

    Followed are imports inside a plug-in's own top-level package and in ``prbench.core``, ``prbench.backend`` and
    ``prbench.physics``; a name that a package re-exports leads to the module that defines it, so that a new neighbour there
    changes nothing. Neither do docstrings, lines of comment and empty lines. The source is read, not run: what happens to be
    imported already makes no difference. Computed once per process, of the files as they are then. Weights that come with a
    learned solver count as its code.
    """
    modules = tuple(dict.fromkeys(base.__module__ for plugin in plugins for base in plugin.__mro__))
    code = _code_id(modules, tuple(sorted({_root(plugin.__module__) for plugin in plugins})) + _SHARED)
    weights = [path for plugin in plugins if issubclass(plugin, Solver) for path in plugin.shipped_files()]
    return digest(code, *(_content(path) for path in weights)) if weights else code


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _code_id(modules: tuple[str, ...], roots: tuple[str, ...]) -> str:
    pending = list(modules)
    seen: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in seen and _inside(name, roots):
            seen.add(name)
            pending.extend(_imports(name, roots))
    return digest(*(part for name in sorted(seen) for part in (name, _code(name))))


def _inside(name: str, roots: tuple[str, ...]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def _root(module: str) -> str:
    for home in _HOMES:
        if module.startswith(f"{home}."):
            return home
    return module.partition(".")[0]


@cache
def _file(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None  # an optional module that is not installed has no source here
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


@cache
def _source(name: str) -> bytes:
    path = _file(name)
    return path.read_bytes() if path is not None else b""


@cache
def _tree(name: str) -> ast.Module:
    return ast.parse(_source(name))


def _code(name: str) -> bytes:
    """The source of a module without docstrings, lines of comment and empty lines; every line of other strings stays."""
    lines = _source(name).splitlines()
    remarks, texts = set[int](), set[int]()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Constant | ast.JoinedStr):
            texts.update(range(node.lineno + 1, (node.end_lineno or 0) + 1))
        elif isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            first, last = text.lineno, text.end_lineno or text.lineno
            before, after = lines[first - 1][: text.col_offset], lines[last - 1][text.end_col_offset :]
            if not before.strip() and not after.strip():
                remarks.update(range(first, last + 1))
    kept = (
        line
        for number, line in enumerate(lines, 1)
        if number not in remarks and (number in texts or line.strip()[:1] not in (b"", b"#"))
    )
    return b"\n".join(kept)


@cache
def _from_imports(name: str) -> tuple[tuple[str, str, str], ...]:
    """Every ``from base import attribute as bound`` in the source of a module, as (base, attribute, bound)."""
    path = _file(name)
    package = name if path is not None and path.name == "__init__.py" else name.rpartition(".")[0]
    result = []
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            base = importlib.util.resolve_name(origin, package) if node.level and package else origin.lstrip(".")
            result += [(base, alias.name, alias.asname or alias.name) for alias in node.names]
    return tuple(result)


@cache
def _imports(name: str, roots: tuple[str, ...]) -> tuple[str, ...]:
    """The modules under ``roots`` that define what ``name`` imports, anywhere in its source."""
    nodes = ast.walk(_tree(name))
    whole = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    pairs = [(base, attribute) for base, attribute, _ in _from_imports(name) if base == "prbench" or _inside(base, roots)]
    return (*whole, *(target for base, attribute in pairs for target in _definers(base, attribute)))


def _definers(base: str, attribute: str, depth: int = 0) -> Iterator[str]:
    """Where ``from base import attribute`` leads, through the packages that only pass a name on."""
    path = _file(base)
    if base == "prbench":
        yield getattr(getattr(importlib.import_module(base), attribute, None), "__module__", base)
        return
    if path is None:
        return
    if path.name == "__init__.py" and _file(f"{base}.{attribute}") is not None:
        yield f"{base}.{attribute}"
        return
    for onward, original, bound in _from_imports(base) if path.name == "__init__.py" and depth < 5 else ():
        if bound == attribute:
            yield from _definers(onward, original, depth + 1)
            return
    yield base
