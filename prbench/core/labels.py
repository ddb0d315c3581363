"""Labels of tuned settings, to be read: ``hio-er@tuned`` in place of the settings that stand behind it."""

from __future__ import annotations

from collections.abc import Iterable

from prbench.errors import PrbenchError

from .names import format_name
from .registry import build_plugin
from .settings import setting_defaults
from .tuned import read_tuned, tuned_path


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """``solver@label`` by spelled name, for those names whose settings a file in the folder of tuned settings holds; where
    several hold them, ``@tuned`` or the first.

    Args:
        names: of solvers, as records spell them: with the settings that are not the defaults.
    """
    result: dict[str, str] = {}
    for solver, spelled in _by_solver(names).items():
        paths = tuned_path(solver).parent.glob(tuned_path(solver, "*").name)
        for path in sorted(paths, key=lambda path: (path != tuned_path(solver), path)):
            label = path.stem.rpartition("@")[2]
            try:
                built = build_plugin("solver", solver, read_tuned(path, solver)["settings"])
            except PrbenchError:
                continue  # a file that cannot be used labels nothing; whoever uses it is told
            defaults = setting_defaults(type(built))
            own = format_name(solver, {key: value for key, value in built.params().items() if value != defaults[key]})
            if own in spelled:
                result.setdefault(own, f"{solver}@{label}")
    return result


def _by_solver(names: Iterable[str]) -> dict[str, set[str]]:
    """The names with settings, by solver."""
    found: dict[str, set[str]] = {}
    for name in names:
        solver, bracket, _ = name.partition("[")
        if bracket:
            found.setdefault(solver, set()).add(name)
    return found
