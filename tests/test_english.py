"""Names and prose that a reader from elsewhere understands: what of it a machine can check."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("prbench", "algorithms", "datasets", "docs")
PARTICIPLES = frozenset(
    (
        *("asked", "chosen", "drawn", "found", "gathered", "kept", "known", "look", "looks", "made", "matter", "moved", "picked"),
        *("placed", "seen", "shown", "taken", "told", "turned", "turns", "wanted", "whole"),
    )
)
VAGUE = frozenset({"The setting.", "The state.", "The object.", "Always the same.", "See above."})
PER = re.compile(
    r"\b(?:photons?|electrons|counts|cycles|triangles|class|seconds|ms|bytes|MB|GB|pixels|steps|images|examples|samples|cells|number"
    r"|rows?|columns|lines?|files?|entry|one|processor time|thread)"
    r" an? (?:core|trial|task|process|pixel|solver|row|record|cell|step|start|axis|dataset|solve|side|network|image|sample|verb"
    r"|command|frame|metric|second|thread|radian)"
    r"\b(?! \w+s\b)"
)
"""A rate whose "per" is an article; a relative clause that begins with the same article is right."""
MINUS = re.compile(
    r"\b(?:image|images|phase|norm|size|index|object|maps|reference|first|interferogram|measured|field|intensity|truth|kernel's),?"
    r" less (?:the|its|their|what|that|those|an?|one)\b"
)


@dataclass(frozen=True)
class File:
    """What the tests read of one source file.

    Attributes:
        path: of the file.
        lines: its text.
        classes: names of the classes that it defines.
        functions: names of the functions that it defines.
        docstrings: by the name of what they stand in.
        identifiers: every name that it defines or uses.
    """

    path: Path
    lines: list[str]
    classes: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    docstrings: list[tuple[str, str]] = field(default_factory=list)
    identifiers: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> File:
        text = path.read_text("utf-8")
        file = cls(path, text.splitlines())
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
                    file.identifiers.add(name)
                case ast.ClassDef(name=name):
                    file.classes.append(name)
                case ast.FunctionDef(name=name):
                    file.functions.append(name)
            if (
                isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
                and (docstring := ast.get_docstring(node)) is not None
            ):
                file.docstrings.append((getattr(node, "name", "module"), docstring))
        return file


@cache
def files(*folders: str) -> list[File]:
    """The Python files of folders, each once: links inside the package lead to folders that are named as well."""
    paths = {path.resolve() for folder in folders for path in (ROOT / folder).rglob("*.py")}
    return [File.read(path) for path in sorted(paths)]


def prose() -> Iterator[tuple[Path, int, str]]:
    """Every line of documentation and of code, in which only comments and texts can match."""
    for path in [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "results").glob("*.md"),
        *(ROOT / "prbench").rglob("*.js"),
    ]:
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            yield path, number, line
    for file in files(*PACKAGES):
        for number, line in enumerate(file.lines, 1):
            yield file.path, number, line


def test_a_class_name_stands_for_one_class() -> None:
    names = Counter(name.lstrip("_") for file in files(*PACKAGES) for name in file.classes)
    assert [name for name, count in names.items() if count > 1] == []


def test_a_docstring_says_what_the_thing_is() -> None:
    docstrings = [(file.path.name, name, text) for file in files(*PACKAGES) for name, text in file.docstrings]
    empty = [entry for entry in docstrings if len(entry[2].split()) < 2 or entry[2] in VAGUE]
    assert [entry for entry in empty if not entry[2].startswith("``")] == []  # a formula says it


def test_modules_have_nouns_for_names() -> None:
    assert [file.path.name for file in files(*PACKAGES) if file.path.stem.strip("_") in PARTICIPLES] == []


def test_functions_and_classes_have_no_bare_participles_for_names() -> None:
    names = [(file.path.name, name) for file in files(*PACKAGES) for name in (*file.classes, *file.functions)]
    assert [name for name in names if name[1].strip("_").lower() in PARTICIPLES] == []


def test_nothing_is_called_a_place() -> None:
    names = [(file.path.name, name) for file in (*files(*PACKAGES), *files("tests")) for name in file.identifiers]
    assert [name for name in names if name[1].strip("_").lower() in ("place", "places")] == []


@pytest.mark.parametrize("pattern", [PER, MINUS], ids=["per", "minus"])
def test_prose_has_no_private_constructions(pattern: re.Pattern[str]) -> None:
    assert [f"{path.name}:{number}: {line.strip()}" for path, number, line in prose() if pattern.search(line)] == []


@pytest.mark.parametrize(
    ("pattern", "wrong", "right"),
    [
        (PER, "1e6 photons a pixel", "how many pixels a solver needs"),
        (PER, "one a solver", "one of a solver"),
        (PER, "5 ms a cell", "a cell of 5 ms"),
        (MINUS, "the image less its mean", "more matter, less phase"),
    ],
)
def test_the_patterns_tell_right_from_wrong(pattern: re.Pattern[str], wrong: str, right: str) -> None:
    assert pattern.search(wrong)
    assert not pattern.search(right)
