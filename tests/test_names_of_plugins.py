"""The framework names no plug-in: what it knows of tasks, solvers, datasets and metrics it reads from their declarations."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from prbench.core import find_task, plugin_names, task_names
from prbench.metrics import COSTS, cost_names

ROOT = Path(__file__).parents[1] / "prbench"
PARTS = ("analysis", "reporting", "cli", "running", "gate", "metrics")


def _documentation(tree: ast.Module) -> set[int]:
    """The texts that are statements of their own: docstrings of modules, classes, functions and values."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def _literals(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text("utf-8"))
    documentation = _documentation(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def _names(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name) for alias in node.names)


@pytest.mark.parametrize("part", PARTS)
def test_no_literal_names_a_plugin(part: str) -> None:
    names = {*task_names(), *plugin_names("solver"), *plugin_names("dataset")}
    if part != "metrics":
        names |= {*plugin_names("metric"), *COSTS}
    found = [
        f"{path.name}:{line}: {text}" for path in (ROOT / part).rglob("*.py") for line, text in _literals(path) if text in names
    ]
    assert found == []


@pytest.mark.parametrize("part", PARTS)
def test_no_measurement_class_is_named(part: str) -> None:
    classes = {find_task(name).measurement.__name__ for name in task_names()}
    found = [
        f"{path.name}:{line}: {name}" for path in (ROOT / part).rglob("*.py") for line, name in _names(path) if name in classes
    ]
    assert found == []


def test_every_cost_has_one_constant() -> None:
    constants = [value for name, value in vars(cost_names).items() if name.isupper() and isinstance(value, str)]
    assert sorted(constants) == sorted(COSTS)
