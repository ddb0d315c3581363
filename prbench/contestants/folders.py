"""Where contestants are found: folders of packages that declare them, one folder per contestant.

A package names a package of its own, in the entry-point group ``prbench.contestants``, whose folder holds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from prbench.errors import UsageError

from .declaration import FILE, Declaration, read_declaration

GROUP = "prbench.contestants"


@cache
def installed_declarations() -> dict[str, Path]:
    """The declarations that packages bring along, by the names of their folders, sorted; none of them is read.

    Raises:
        UsageError: where two packages bring the same one.
    """
    return contestants_of(entry_points(group=GROUP))


def contestants_of(points: Iterable[EntryPoint]) -> dict[str, Path]:
    """As :func:`installed_declarations`, of some entry points."""
    found: dict[str, Path] = {}
    for point in points:
        for path in sorted(_folder(point.value).glob(f"*/{FILE}")):
            name = path.parent.name.replace("_", "-")
            if name in found and found[name] != path:
                raise UsageError(f"two packages offer a contestant {name!r}: {found[name]} and {path}")
            found[name] = path
    return dict(sorted(found.items()))


def declaration_of(name: str) -> Declaration:
    """A contestant by name, by its folder, or by the path of its file.

    Raises:
        UsageError: where there is none, or its folder is not named as it is.
    """
    if name not in installed_declarations():
        return read_declaration(Path(spelled_contestant(name)))
    return named_declaration(name, installed_declarations()[name])


def spelled_contestant(text: str) -> str:
    """What a user wrote for a contestant, where that is its folder with the path of the declaration in it."""
    path = Path(text) / FILE
    return str(path) if text not in installed_declarations() and path.is_file() else text


def named_declaration(name: str, path: Path) -> Declaration:
    """The declaration at a path, whose folder is named as it is.

    Raises:
        UsageError: where it is not, or the file is no declaration.
    """
    declaration = read_declaration(path)
    if declaration.name != name:
        raise UsageError(
            f"{declaration.path}: the contestant is called {declaration.name!r}, its folder {name!r}; name both alike"
        )
    return declaration


def _folder(package: str) -> Path:
    top, *rest = package.split(".")
    spec = find_spec(top)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(f"the entry point {package} of {GROUP} names no package")
    return Path(next(iter(spec.submodule_search_locations)), *rest)
