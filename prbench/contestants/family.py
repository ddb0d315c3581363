"""Solver classes made of declarations: the family of solvers that other programs are."""

from __future__ import annotations

import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

from prbench.core import plugin_names, register, setting
from prbench.errors import UsageError

from .declaration import TAG, Declaration
from .folders import declaration_of, installed_declarations
from .solver import Contestant


class _Contestants:
    """The family; see :class:`prbench.core.families.SolverFamily`."""

    suffix = ".toml"

    def names(self) -> tuple[str, ...]:
        """The contestants that packages bring along."""
        return tuple(installed_declarations())

    def load(self, name: str) -> type[Contestant]:
        """The solver class of a contestant, by name or by the path of its file.

        Raises:
            UsageError: for what is no declaration, or has the name of another solver.
        """
        return _class_of(name if name in installed_declarations() else str(Path(name).resolve()))


FAMILY = _Contestants()


@cache
def _class_of(label: str) -> type[Contestant]:
    declaration = declaration_of(label)
    taken = installed_declarations().get(declaration.name)
    if declaration.name in plugin_names("solver") or (taken is not None and taken.resolve() != declaration.path.resolve()):
        raise UsageError(
            f"{declaration.path}: {declaration.name!r} is the name of another solver; choose one of your own, such as "
            f"{declaration.name}-{declaration.path.parent.name.replace('_', '-').lower()}"
        )
    return _contestant_class(declaration, label)


def _contestant_class(declaration: Declaration, reference: str) -> type[Contestant]:
    fields: list[tuple[str, Any, Any]] = []
    for name, details in declaration.settings.items():
        rest = {key: value for key, value in details.items() if key != "default"}
        fields.append((name, type(details["default"]), setting(details["default"], **rest)))
    space: dict[str, Any] = {
        "__doc__": declaration.summary,
        "__module__": Contestant.__module__,
        "declaration": declaration,
        "reference": reference,
        "libraries": ("numpy", "torch") if "cuda" in declaration.devices else ("numpy",),
    }
    title = "".join(word.capitalize() for word in declaration.name.split("-"))
    cls: Any = dataclasses.make_dataclass(title, fields, bases=(Contestant,), frozen=True, namespace=space)
    cls.__module__ = Contestant.__module__
    register(
        declaration.name,
        task=declaration.task,
        cite=declaration.cite or declaration.homepage,
        licence=declaration.licence or "not stated",
        bibtex=declaration.bibtex,
        tags=(TAG, *declaration.tags),
    )(cls)
    cls().params()  # defaults that are out of their own range are told now, with the name of the setting
    return cls  # type: ignore[no-any-return]
