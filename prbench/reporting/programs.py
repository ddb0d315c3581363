"""Which of the solvers in results are programs of other packages, and in which versions all of them ran."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from prbench.errors import one_line

if TYPE_CHECKING:
    from prbench.running.store.results import ResultSet

_ID = re.compile(r"[0-9a-f]{1,64}")
_MOST_BYTES = 1 << 22


def program_versions(results: ResultSet) -> dict[str, str]:
    """By solver as spelled, the version of the program that did the work where that is none of prbench's own; several versions
    stand side by side. Empty text where the program told none.
    """
    found: dict[str, set[str]] = {}
    pairs = results.frame[["solver", "environment"]].drop_duplicates()
    for solver, name in pairs.itertuples(index=False):
        told = _environment(results, str(name)).get("contestant")
        if isinstance(told, dict):
            found.setdefault(str(solver), set()).add(one_line(told.get("version") or "", 40))
    return {solver: ", ".join(sorted(versions - {""})) for solver, versions in found.items()}


def own_versions(results: ResultSet) -> str:
    """The versions of prbench that made the results, side by side; empty where no environment tells."""
    packages = [_environment(results, str(name)).get("packages") for name in results.frame["environment"].unique()]
    versions = {one_line(told["prbench"], 40) for told in packages if isinstance(told, dict) and told.get("prbench")}
    return ", ".join(sorted(versions))


def _environment(results: ResultSet, name: str) -> Mapping[str, Any]:
    """What is stored of an environment; nothing where that is missing or damaged, as anywhere in results."""
    path = results.store.path / "environments" / f"{name}.json"
    if not _ID.fullmatch(name) or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return {}
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}
