"""Which references may be imported: a record names the reference of its solver, and reading records must not run what they name.

Registered plug-ins are always imported. A reference such as ``path/to/file.py:Class`` is imported where the user has named it;
while results are read, only where it has been imported before or the user says that results are trusted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from prbench.errors import UsageError

_reading, _trusting = 0, 0
_refused: dict[str, None] = {}


class NotImported(UsageError):
    """A reference that results name, and that was not imported."""


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Import no reference within this context."""
    global _reading  # noqa: PLW0603 - what may be imported holds for the process, as imports do
    _reading += 1
    try:
        yield
    finally:
        _reading -= 1


@contextlib.contextmanager
def trusting() -> Iterator[None]:
    """Import references within this context although results are read."""
    global _trusting  # noqa: PLW0603 - as above
    _trusting += 1
    try:
        yield
    finally:
        _trusting -= 1


def check_reference(name: str) -> None:
    """Refuse a reference while results are read.

    Raises:
        NotImported: in one line.
    """
    if _reading and not _trusting:
        _refused[name] = None
        raise NotImported(f"{name}: unknown, not imported; --trust imports what results name")


def take_refused() -> list[str]:
    """The references that were refused since the last call."""
    result = list(_refused)
    _refused.clear()
    return result
