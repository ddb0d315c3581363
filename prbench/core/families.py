"""Families of solvers: plug-ins that are no classes of a package but read from elsewhere, such as files that declare programs.

A package offers a family by an entry point of the group ``prbench.solver_families``.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Any, Protocol

GROUP = "prbench.solver_families"


class SolverFamily(Protocol):
    """Solvers that are found by name or in a file."""

    suffix: str
    """How the name of a file ends that declares one, such as ``.toml``."""

    def names(self) -> tuple[str, ...]:
        """The names that are known without naming a file, sorted."""

    def load(self, name: str) -> Any:
        """The solver class of a name or of a file; the same one every time.

        Raises:
            UsageError: in one line, for what is no solver.
        """


@cache
def families() -> tuple[SolverFamily, ...]:
    """The families that installed packages offer."""
    return tuple(point.load() for point in sorted(entry_points(group=GROUP), key=lambda point: point.value))


def family_of(name: str) -> SolverFamily | None:
    """The family that has a name, or that reads files of its kind; None where there is none."""
    return next((family for family in families() if name.endswith(family.suffix) or name in family.names()), None)


def family_names() -> list[str]:
    """The names of all solvers of families, sorted."""
    return sorted(name for family in families() for name in family.names())
