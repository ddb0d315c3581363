"""The adapters that come along: declared in full, pinned, short, and without any of the programs' code."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from prbench.contestants.checking import check_contestant
from prbench.contestants.environments import contestant_facts
from prbench.contestants.folders import declaration_of, installed_declarations
from prbench.contestants.solver import Contestant, end_programs
from prbench.core import build_plugin, plugin_names, task_names
from prbench.errors import MissingDependency

NAMES = list(installed_declarations())
LINES = 40


def test_there_are_several_for_every_task():
    tasks = [declaration_of(name).task for name in NAMES]
    assert set(tasks) == set(task_names())
    assert not set(NAMES) & set(plugin_names("solver"))


@pytest.mark.parametrize("name", NAMES)
def test_it_is_declared_in_full(name):
    declared = declaration_of(name)
    assert declared.cite
    assert declared.licence
    assert declared.homepage.startswith("https://")
    assert declared.settings
    solver = build_plugin("solver", name)
    assert isinstance(solver, Contestant)
    assert solver.info.task == declared.task
    assert "environment" in contestant_facts(declared)


@pytest.mark.parametrize("name", [name for name in NAMES if declaration_of(name).requirements])
def test_its_requirements_are_pinned_with_hashes(name):
    declared = declaration_of(name)
    text = (declared.folder / declared.requirements).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9._-]+==[^ ]+( ; .*)? \\", line), line
    assert text.count("--hash=sha256:") >= len(lines)
    assert declared.python


@pytest.mark.parametrize("name", NAMES)
def test_its_adapter_is_short_and_knows_nothing_of_prbench(name):
    declared = declaration_of(name)
    text = (declared.folder / declared.adapter).read_text(encoding="utf-8")
    assert text.count("\n") < LINES
    tree = ast.parse(text)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [module for module in imported if module.startswith("prbench")]
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"solve", "version"} <= defined <= {"prepare", "solve", "version"}
    others = {module.partition(".")[0] for module in imported} - set(sys.stdlib_module_names) - {"numpy"}
    assert others


@pytest.mark.parametrize("name", NAMES)
def test_it_passes_its_check_where_its_environment_is_here(name):
    try:
        lines = list(check_contestant(name))
    except MissingDependency as missing:
        pytest.skip(str(missing))
    end_programs()
    assert [line for line in lines if line.verdict == "!"] == []
