"""Outlines of modules say what their whole trees say, as far as declarations go."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import prbench
from prbench.catalogue.outline import outline

_PACKAGE = Path(prbench.__file__).parent
_FOLDERS = ("solvers", "algorithms", "datasets", "metrics", "tasks")


def _declared(statement: ast.stmt) -> object:
    """What a declaration may be read from: a class's or a decorated function's head and docstring, any other statement whole."""
    match statement:
        case ast.ClassDef():
            heads = [*statement.decorator_list, *statement.bases]
            return statement.name, ast.get_docstring(statement), [ast.dump(node) for node in heads]
        case ast.FunctionDef(decorator_list=[_, *_]):
            return statement.name, ast.get_docstring(statement), [ast.dump(node) for node in statement.decorator_list]
        case ast.FunctionDef():
            return statement.name
    return ast.dump(statement)


def test_an_outline_declares_what_the_module_declares() -> None:
    paths = [path for folder in _FOLDERS for path in sorted((_PACKAGE / folder).rglob("*.py"))]
    assert len(paths) > 200
    for path in paths:
        source = path.read_bytes()
        whole, cut = ast.parse(source), outline(source, str(path))
        assert [_declared(s) for s in cut.body] == [_declared(s) for s in whole.body], path


def test_an_outline_holds_half_of_the_nodes_at_most() -> None:
    source = (_PACKAGE / "catalogue" / "declarations.py").read_bytes()
    whole, cut = (len(list(ast.walk(tree))) for tree in (ast.parse(source), outline(source, "declarations.py")))
    assert cut < whole / 2


def test_a_string_that_looks_like_a_method_keeps_the_rest_of_the_module() -> None:
    heading = b'class A:\n    """A solver that tells how a method begins:\n    def f(self):\n    """\n'
    source = heading + b"\n    x = 1\n\n    def g(self):\n        return 2\n\n\nB = 3\n"
    tree = outline(source, "a.py")
    assert [ast.dump(node) for node in tree.body] == [ast.dump(node) for node in ast.parse(source).body]


def test_lines_may_end_as_on_windows() -> None:
    source = b"@register\nclass A:\n    def g(self):\n        return 2\n\n\ndef f(\n    x,\n):\n    return x\n\n\nB = 3\n"
    unix, windows = (outline(text, "a.py") for text in (source, source.replace(b"\n", b"\r\n")))
    assert ast.dump(unix) == ast.dump(windows)


@pytest.mark.parametrize("source", [b"class A(:\n    pass\n", b"x = 'open\n", b"\x00"])
def test_what_is_no_python_is_refused(source: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        outline(source, "a.py")
