"""Tests ask of messages what is stable: names, settings, files, numbers, values; a reworded message breaks no test.

The check reads the tests' syntax trees: ``match=`` of ``pytest.raises`` and ``pytest.warns``, texts that are looked for ``in``
something, patterns of :mod:`re`, and texts that a message or an output is compared with. A name stands for whatever the test's
parameters, loops and assignments give it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest

from prbench.cli.app import app
from prbench.core import plugin_names, task_names

ROOT = Path(__file__).parents[1]
FOLDERS = ("tests", "prbench/testing")
OWN = frozenset({"test_messages.py", "test_english.py"})
"""They hold prose as examples of what is found."""
NAMES = frozenset((*task_names(), *(name for kind in ("solver", "dataset", "metric") for name in plugin_names(kind))))
WORD = re.compile(r"[A-Z]?[a-z]+(?:['’]s?)?")
"""A plain word; what holds a digit, a mark or a capital inside is a name."""
GAP = re.compile(r"\\[sn][*+]?\??|\\b")
"""What a pattern has between two words."""
BREAK = re.compile(r"\\[dwDWS ]|\.[*+]\??|'[^' ]*'|`[^`]*`")
"""What a pattern has in the place of words, and what stands in quotes: values and commands."""
TOKEN = re.compile(r"[|^$*+{}\[\]()]|[^\s|^$*+{}\[\]()]+")
OF_TEXTS = frozenset({"startswith", "endswith", "count", "index"})
OF_PATTERNS = frozenset({"search", "match", "fullmatch", "findall"})
OUTPUTS = frozenset({"output", "stdout", "stderr", "err", "out"})
"""Attributes that hold what a command has written."""


def command_names() -> frozenset[str]:
    """The words that a command line of prbench, pytest or pip may begin with."""
    context = click.Context(app)
    groups = [app.get_command(context, name) for name in app.list_commands(context)]
    inner = [name for group in groups if isinstance(group, click.Group) for name in group.list_commands(context)]
    return frozenset({"install", *app.list_commands(context), *inner})


COMMANDS = command_names()


def runs(text: str) -> Iterator[list[str]]:
    """Runs of plain words in a pattern. A number, a name, a command, a value in quotes and punctuation end a run."""
    run: list[str] = []
    command = False
    for token in TOKEN.findall(BREAK.sub(" * ", GAP.sub(" ", text)).replace("\\", "")):
        word = token.lstrip("\"'`").rstrip("\"'`,;:.?!")
        command = word in ("prbench", "pytest", "pip") or (command and word in COMMANDS)
        if WORD.fullmatch(word) and not command and word not in NAMES:
            run.append(word)
        else:
            yield run
            run = []
        if token.endswith((",", ";", ":")):
            yield run
            run = []
    yield run


def is_prose(text: str) -> bool:
    """Whether a pattern holds two plain words in a row."""
    return any(len(run) > 1 for run in runs(text))


@dataclass(frozen=True)
class Scope:
    """What the names of one function stand for.

    Attributes:
        values: expressions, by name.
        outer: the scope around it.
    """

    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    outer: Scope | None = None

    def read(self, statements: list[ast.stmt]) -> None:
        """Bind what statements assign and loop through."""
        for node in (node for statement in statements for node in ast.walk(statement)):
            match node:
                case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                    self.bind(target, value)
                case ast.For(target=target, iter=values) | ast.comprehension(target=target, iter=values):
                    self.bind_each(target, values)

    def find(self, name: str) -> list[ast.expr]:
        """The expressions that a name stands for."""
        return self.values.get(name) or (self.outer.find(name) if self.outer else [])

    def bind(self, target: ast.expr, value: ast.expr) -> None:
        """Give what stands left of ``=`` its value, part by part."""
        match target, value:
            case ast.Name(id=name), _:
                self.values.setdefault(name, []).append(value)
            case ast.Tuple(), ast.Subscript(value=ast.Name() as table):  # one row of a table
                self.bind_each(target, ast.Call(ast.Attribute(table, "values"), [], []))
            case ast.Tuple(elts=names), ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Call(args=parts):  # pytest.param
                for one, part in zip(names, parts, strict=False):
                    self.bind(one, part)

    def bind_each(self, target: ast.expr, values: ast.expr) -> None:
        """Give a loop's variables every value of the loop."""
        for row in self.rows(values):
            self.bind(target, row)

    def rows(self, values: ast.expr, depth: int = 4) -> list[ast.expr]:
        """The values that a loop runs through, as far as they are written out."""
        match values if depth else None:  # a name may stand for itself
            case ast.List(elts=rows) | ast.Tuple(elts=rows) | ast.Set(elts=rows):
                whole = [self.rows(row.value, depth - 1) if isinstance(row, ast.Starred) else [row] for row in rows]
                return [row for part in whole for row in part]
            case ast.Name(id=name):
                return [row for value in self.find(name) for row in self.rows(value, depth - 1)]
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="items" | "values" as way)):
                tables = [table for table in self.find(name) if isinstance(table, ast.Dict)]
                pairs = [pair for table in tables for pair in zip(table.keys, table.values, strict=True)]
                return [ast.Tuple([key, value]) if way == "items" else value for key, value in pairs if key is not None]
            case ast.Dict(keys=keys):
                return [key for key in keys if key is not None]
            case ast.Call(args=[first, *_]):  # sorted(...), enumerate(...)
                return self.rows(first, depth - 1)
        return []

    def texts(self, node: ast.expr, depth: int = 3) -> Iterator[str]:
        """The texts that an expression can be, those of the names in it included; ``{}`` stands for what is not written out."""
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
                for part in parts:
                    if isinstance(part, ast.FormattedValue):
                        yield from self.texts(part.value, depth)
            case ast.Name(id=name) if depth:
                for value in self.find(name):
                    yield from self.texts(value, depth - 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                ends = [*self.texts(right, depth)] or ["{}"]
                yield from (start + end for start in [*self.texts(left, depth)] or ["{}"] for end in ends)
            case ast.Tuple() | ast.List() | ast.Set() | ast.IfExp() | ast.BoolOp() | ast.Call():
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        yield from self.texts(child, depth)


def scope_of_test(function: ast.FunctionDef, outer: Scope) -> Scope:
    """The scope of a function, its parameters included."""
    scope = Scope(outer=outer)
    for decorator in function.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[ast.Constant(value=str(names)), values, *_]):
                parts: list[ast.expr] = [ast.Name(name.strip()) for name in names.split(",")]
                scope.bind_each(parts[0] if len(parts) == 1 else ast.Tuple(parts), values)
            case ast.Call(func=ast.Attribute(attr="parametrize"), args=[ast.Tuple(elts=elements), values, *_]):
                scope.bind_each(ast.Tuple([ast.Name(e.value) for e in elements if isinstance(e, ast.Constant)]), values)
    scope.read(function.body)
    return scope


def nodes_in_scope(tree: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """Every node below one, each with the scope that it stands in."""
    for node in ast.iter_child_nodes(tree):
        inner = scope_of_test(node, scope) if isinstance(node, ast.FunctionDef) else scope
        yield node, inner
        yield from nodes_in_scope(node, inner)


def is_message(node: ast.expr) -> bool:
    """Whether an expression is a message or an output, such as ``str(caught.value)`` or ``result.stdout``."""
    for one in ast.walk(node):
        match one:
            case ast.Attribute(attr=name) if name in OUTPUTS:
                return True
            case ast.Call(func=ast.Name(id="str"), args=[ast.Attribute(attr="value")]):
                return True
    return False


def expressions(node: ast.AST) -> Iterator[ast.expr]:
    """What one node compares a message with."""
    match node:
        case ast.Call(func=function, args=args, keywords=keywords):
            yield from (keyword.value for keyword in keywords if keyword.arg == "match")
            match function:
                case ast.Attribute(attr=name) if name in OF_TEXTS:
                    yield from args[:1]
                case ast.Attribute(value=ast.Name(id="re"), attr=name) if name in OF_PATTERNS:
                    yield from args[:1]
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]):
            if not isinstance(right, ast.Tuple | ast.List | ast.Set | ast.Dict):
                yield left
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            if is_message(left) or is_message(right):
                yield from (left, right)


def prose_of(source: str) -> list[tuple[int, str]]:
    """Line and text of every piece of prose that a test asks for."""
    tree = ast.parse(source)
    scope = Scope()
    scope.read([node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef)])
    asked = (
        (e.lineno, text) for node, inner in nodes_in_scope(tree, scope) for e in expressions(node) for text in inner.texts(e)
    )
    return sorted({(line, text) for line, text in asked if is_prose(text)})


def test_tests_ask_for_names_and_values_and_not_for_prose() -> None:
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path.name not in OWN)
    assert len(paths) > 200
    found = [(path, *piece) for path in paths for piece in prose_of(path.read_text("utf-8"))]
    assert [f"{path.relative_to(ROOT)}:{line}: {text!r}" for path, line, text in found] == []


ASKED = {
    "match": 'pytest.raises(UsageError, match="must be in")',
    "pattern": r'pytest.raises(UsageError, match=r"beta .*\bis not there")',
    "formatted": 'pytest.warns(RuntimeWarning, match=f"{name} holds other problems")',
    "escaped": 'pytest.raises(UsageError, match=re.escape("not a name"))',
    "sum": 'pytest.raises(UsageError, match=str(path) + " holds nothing")',
    "message": 'assert "holds other problems" in str(caught.value)',
    "absent": 'assert "not imported" not in result.stderr',
    "start": 'assert note.startswith("heights exaggerated")',
    "search": 'assert re.search(r"stopped at\\s+the", told)',
    "whole": 'assert result.stdout == "12 of 12 cells would run"',
    "name": 'wrong = "is a file"\nassert wrong in told',
    "loop": 'for kind, told in (("a", "is a file"), ("b", "beta")):\n    assert told in str(caught.value)',
    "table": 'TABLE = {"a": (1, "never unpickled")}\ndef test_it(case):\n    number, told = TABLE[case]\n'
    "    assert told in message",
    "parameter": '@pytest.mark.parametrize("told", ["is a file"])\ndef test_it(told):\n    assert told in message',
    "parameters": '@pytest.mark.parametrize(("x", "told"), [(1, "beta"), pytest.param(2, "does not exist")])\n'
    "def test_it(x, told):\n    with pytest.raises(UsageError, match=told):\n        pass",
    "list": '@pytest.mark.parametrize("told", [["beta", "is a file"]])\ndef test_it(told):\n    for one in told:\n'
    "        assert one in message\n    assert [name for name in told if name not in message] == []",
}


@pytest.mark.parametrize("kind", ASKED)
def test_prose_is_found_wherever_it_stands(kind: str) -> None:
    assert len({text for _, text in prose_of(ASKED[kind])}) == 1


@pytest.mark.parametrize(
    "text",
    [
        r"^example: beta .*\(0, 2\].*\b3\.0",
        r"\bsolver 'er'.*: hio\b",
        "beta, steps, area",
        "`prbench tune hio -d DATASET`",
        "prbench data get gdxray",
        "4 done, 0 failed, 12 cached",
        "ZeroDivisionError: zero",
        "sa NMSE",
        "12 of 12 cells",
        "closed",
        "deblur, far-field",
    ],
)
def test_names_and_numbers_are_no_prose(text: str) -> None:
    assert not is_prose(text)
