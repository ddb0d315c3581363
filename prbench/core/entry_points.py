"""Importing what entry points name: a package that is broken is named, and does not take the others down."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint
from typing import Any, TypeVar

from prbench.errors import UsageError, one_line

T = TypeVar("T")
_broken: dict[str, str] = {}
"""What was left out since :func:`take_broken` was last called, each once."""


class BrokenPlugin(UsageError):
    """A plug-in of an installed package cannot be imported or is not what its entry point says; the message names the package."""


def imported(kind: str, point: EntryPoint) -> Any:
    """What an entry point names.

    Raises:
        BrokenPlugin: where it cannot be imported, for whatever reason.
        UsageError: of the plug-in itself.
    """
    try:
        return point.load()
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {one_line(error, 200)}"
        raise BrokenPlugin(f"{described(kind, point)} cannot be imported ({reason}); {_REMEDY}") from error


def refused(kind: str, point: EntryPoint, expected: str) -> BrokenPlugin:
    """The error for an object that is not what its entry point says."""
    return BrokenPlugin(f"{described(kind, point)} is not {expected}; {_REMEDY}")


_REMEDY = "update or uninstall that package"


def described(kind: str, point: EntryPoint) -> str:
    """A plug-in with the package that offers it."""
    package = point.dist.name if point.dist is not None else "unknown"
    return f"the {kind} {point.name!r} of the package {package} ({point.value})"


def usable(names: Iterable[str], load: Callable[[str], T]) -> dict[str, T]:
    """What ``load`` makes of names, those left out whose plug-in is broken, which :func:`take_broken` tells."""
    found = {}
    for name in names:
        try:
            found[name] = load(name)
        except BrokenPlugin as error:
            _broken.setdefault(name, str(error))
    return found


def take_broken() -> list[str]:
    """What was left out since the last call, one message each."""
    told = list(_broken.values())
    _broken.clear()
    return told
