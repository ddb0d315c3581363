"""Declarations read off the source: what a module binds to a name, without importing it.

Literals, names that lead to literals in this or another module, tuples, sums of texts and f-strings are understood; anything else
raises :class:`NotLiteral`, and the caller imports that one module instead.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from .outline import outline


class NotLiteral(Exception):
    """A declaration that only running the module can tell."""


@dataclass(frozen=True)
class Definition:
    """A class or function of a module.

    Attributes:
        module: where it is defined.
        node: its syntax tree.
    """

    module: str
    node: ast.ClassDef | ast.FunctionDef

    @property
    def docstring(self) -> str:
        """The documentation without its indentation; empty where there is none."""
        return ast.get_docstring(self.node) or ""

    def arguments(self, decorator: str, names: tuple[str, ...]) -> dict[str, Any]:
        """The keyword arguments that a decorator of prbench's is called with, those of ``names`` that are given.

        Args:
            decorator: its name, such as ``register``.
            names: of keywords.

        Raises:
            NotLiteral: where no such call decorates the definition, or its arguments are no literals.
        """
        for call in self.node.decorator_list:
            if isinstance(call, ast.Call) and _is_ours(call.func, decorator, self.module):
                if any(keyword.arg is None for keyword in call.keywords):
                    break
                return {str(k.arg): _value(k.value, self.module) for k in call.keywords if k.arg in names}
        raise NotLiteral(f"{self.node.name} is not decorated with {decorator} and its keywords")


def definition(module: str, name: str, depth: int = 0) -> Definition:
    """The class or function that a module binds to a name, itself or by importing it from another module.

    Raises:
        NotLiteral: where the name is bound to something else.
        LookupError: where the module binds no such name.
        ImportError: where there is no such module.
        SyntaxError: where its source is none.
    """
    bound = _bindings(module).get(name)
    if isinstance(bound, ast.ClassDef | ast.FunctionDef):
        return Definition(module, bound)
    if isinstance(bound, _Import) and bound.name and depth < 8:
        return definition(bound.module, bound.name, depth + 1)
    if bound is None and not _imports_all(module):
        raise LookupError(f"{module} has no {name}")
    raise NotLiteral(f"{name} of {module}")


def value_of(module: str, name: str) -> Any:
    """The literal that a module binds to a name; a :class:`Definition` for a class or function.

    Raises:
        NotLiteral, ImportError, SyntaxError: as :func:`definition`.
    """
    return _value(ast.Name(name), module)


def calls_of(module: str, function: str) -> Iterator[ast.Call]:
    """The calls of a function of the module's own in its statements, bodies of functions aside."""
    for node in ast.walk(_outline(module)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
            yield node


def call_arguments(
    call: ast.Call, module: str, signature: tuple[str, ...], names: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """The literal arguments of a call by name, those of ``names`` where given; ``signature`` names the positional ones.

    Raises:
        NotLiteral: for any other argument.
    """
    if len(call.args) > len(signature) or any(keyword.arg is None for keyword in call.keywords):
        raise NotLiteral("arguments that only running the module can tell")
    given: Mapping[str, ast.expr] = dict(zip(signature, call.args, strict=False)) | {str(k.arg): k.value for k in call.keywords}
    return {name: _value(node, module) for name, node in given.items() if names is None or name in names}


def missing_imports(module: str) -> list[str]:
    """Packages that a module imports as it is loaded and that are not installed."""
    nodes = [node for node in _outline(module).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return [top for top in dict.fromkeys(name.partition(".")[0] for name in names) if not _is_installed(top)]


@dataclass(frozen=True)
class _Import:
    """What an import statement binds: a module, or a name of it."""

    module: str
    name: str = ""


@cache
def _is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


@cache
def _path(module: str) -> Path:
    """The file of a module, found without importing the packages that it lies in."""
    top, *rest = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {top!r}")
    if not rest and spec.origin is not None:
        return _python_file(Path(spec.origin), module)
    for folder in spec.submodule_search_locations or ():
        base = Path(folder, *rest)
        for path in (base / "__init__.py", base.with_name(f"{base.name}.py")):
            if path.is_file():
                return path
    raise ModuleNotFoundError(f"No module named {module!r}")


def _python_file(path: Path, module: str) -> Path:
    if path.suffix != ".py":
        raise NotLiteral(f"{module} has no source")
    return path


@cache
def _outline(module: str) -> ast.Module:
    path = _path(module)
    return outline(path.read_bytes(), str(path))


@cache
def _bindings(module: str) -> dict[str, ast.ClassDef | ast.FunctionDef | ast.expr | _Import]:
    """What a module's own statements bind, by name; branches are left out, so that their names count as not literal."""
    bound: dict[str, ast.ClassDef | ast.FunctionDef | ast.expr | _Import] = {}
    for node in _outline(module).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            bound[node.name] = node
        elif isinstance(node, ast.Assign):
            bound.update({target.id: node.value for target in node.targets if isinstance(target, ast.Name)})
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            bound[node.target.id] = node.value
        elif isinstance(node, ast.Import):
            bound.update(
                {
                    a.asname or a.name.partition(".")[0]: _Import(a.name if a.asname else a.name.partition(".")[0])
                    for a in node.names
                }
            )
        elif isinstance(node, ast.ImportFrom):
            origin = _origin(module, node)
            bound.update({a.asname or a.name: _Import(origin, a.name) for a in node.names if a.name != "*"})
    return bound


def _imports_all(module: str) -> bool:
    return any(
        (isinstance(n, ast.ImportFrom) and n.names[0].name == "*") or isinstance(n, ast.If | ast.Try)
        for n in _outline(module).body
    )


def _origin(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return str(node.module)
    package = module if _path(module).name == "__init__.py" else module.rpartition(".")[0]
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)


def _is_ours(function: ast.expr, name: str, module: str) -> bool:
    """Whether an expression names a function of prbench's: ``register``, or ``prbench.register``."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        bound = _bindings(module).get(function.value.id)
        return function.attr == name and isinstance(bound, _Import) and f"{bound.module}.".startswith("prbench.")
    bound = _bindings(module).get(function.id) if isinstance(function, ast.Name) else None
    return isinstance(bound, _Import) and bound.name == name and f"{bound.module}.".startswith("prbench.")


def _value(node: ast.expr, module: str, depth: int = 0) -> Any:
    if depth > 20:
        raise NotLiteral("names that lead in circles")
    deeper = depth + 1
    match node:
        case ast.Constant():
            return node.value
        case ast.Tuple() | ast.List():
            return tuple(item for element in node.elts for item in _items(element, module, deeper))
        case ast.BinOp(op=ast.Add()):
            left, right = _value(node.left, module, deeper), _value(node.right, module, deeper)
            if type(left) is type(right) and isinstance(left, str | tuple):
                return left + right
        case ast.JoinedStr():
            return "".join(_text(part, module, deeper) for part in node.values)
        case ast.Name():
            return _named(node.id, module, deeper)
    raise NotLiteral(ast.unparse(node))


def _named(name: str, module: str, depth: int) -> Any:
    bound = _bindings(module).get(name)
    match bound:
        case ast.ClassDef() | ast.FunctionDef():
            return Definition(module, bound)
        case _Import(name=str(original)) if original:
            return _value(ast.Name(original), bound.module, depth)
        case ast.expr():
            return _value(bound, module, depth)
    raise NotLiteral(f"{name} of {module}")


def _items(element: ast.expr, module: str, depth: int) -> tuple[Any, ...]:
    if not isinstance(element, ast.Starred):
        return (_value(element, module, depth),)
    items = _value(element.value, module, depth)
    if not isinstance(items, tuple):
        raise NotLiteral(ast.unparse(element))
    return items


def _text(part: ast.expr, module: str, depth: int) -> str:
    if not isinstance(part, ast.FormattedValue):
        return str(_value(part, module, depth))
    value = _value(part.value, module, depth)
    if part.format_spec is not None or part.conversion != -1 or not isinstance(value, str | int):
        raise NotLiteral(ast.unparse(part))
    return str(value)
