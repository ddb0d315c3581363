"""Which plug-ins ``pytest --prbench NAME`` asked for, by kind."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from prbench.core import LearnedSolver, load_plugin, plugin_names, task_names
from prbench.core.registry import Kind
from prbench.errors import UsageError

LEARNED = "learned"
"""Solvers that were trained, which laws of their own hold for besides those of all solvers."""

_chosen: dict[str, tuple[str, ...]] = {}


def names_by_kind() -> dict[str, list[str]]:
    """The installed plug-ins of each kind."""
    kinds: tuple[Kind, ...] = ("solver", "dataset", "metric")
    return {**{kind: plugin_names(kind) for kind in kinds}, "task": task_names()}


def choose(names: Sequence[str]) -> None:
    """Look names up among all kinds; a name that several kinds have means all of them.

    Raises:
        UsageError: for a name that no installed plug-in has, with the nearest ones.
    """
    known = names_by_kind()
    for name in names:
        if not any(name in those for those in known.values()):
            near = difflib.get_close_matches(name, sorted({n for those in known.values() for n in those}), n=3, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}?" if near else "`prbench list` shows what is installed"
            raise UsageError(f"no installed plug-in is called {name!r}; {hint} (a package must be installed: pip install -e .)")
    _chosen.clear()
    _chosen.update({kind: tuple(name for name in names if name in those) for kind, those in known.items()})
    _chosen[LEARNED] = tuple(name for name in _chosen["solver"] if _is_learned(load_plugin("solver", name)))


def requested_names(kind: str) -> tuple[str, ...]:
    """The names of a kind that were asked for."""
    return _chosen.get(kind, ())


def _is_learned(plugin: Any) -> bool:
    return isinstance(plugin, type) and issubclass(plugin, LearnedSolver)
