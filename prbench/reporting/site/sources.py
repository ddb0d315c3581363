"""Folders of results as the site shows them: who ran what, where, with which version."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from prbench.analysis import NOT_RUN, leaderboards
from prbench.errors import UsageError, one_line

if TYPE_CHECKING:
    import pandas as pd

    from prbench.analysis import Leaderboard
    from prbench.running.store.results import ResultSet

SUBMISSION = "submission.json"
"""Beside the records of a submitted folder: ``name``, ``submitter``, ``note``."""
UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class SiteSource:
    """One folder of results.

    Attributes:
        slug: its name in addresses, unique on the site.
        name: its name on pages.
        submitter: who ran it; ``unknown`` where the folder does not say.
        note: what the submitter says of it.
        results: the records.
    """

    slug: str
    name: str
    submitter: str
    note: str
    results: ResultSet

    @cached_property
    def boards(self) -> list[Leaderboard]:
        """The boards of the folder, as every other command computes them."""
        frame = self.frame
        return [] if frame["status"].isin(NOT_RUN).all() else leaderboards(frame)

    @property
    def frame(self) -> pd.DataFrame:
        """Its records."""
        return self.results.frame

    @cached_property
    def _environments(self) -> list[dict[str, Any]]:
        """Environments, that of most records first."""
        known = []
        for name, _ in Counter(map(str, self.frame["environment"])).most_common():
            path = self.results.store.path / "environments" / f"{name}.json"
            try:
                values = json.loads(path.read_bytes()) if name and path.is_file() else {}
            except (OSError, ValueError, RecursionError) as error:
                self.results.store.corrupt[path] = one_line(error, 120)
                values = {}
            known.append(values if isinstance(values, dict) else {})
        return known

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of prbench that its records were made with."""
        packages = [values.get("packages") for values in self._environments]
        found = [str(entry["prbench"]) for entry in packages if isinstance(entry, dict) and "prbench" in entry]
        return tuple(dict.fromkeys(found)) or (UNKNOWN,)

    @property
    def machine(self) -> str:
        """The processor, and the GPU where there was one."""
        values = self._environments[0] if self._environments else {}
        parts = [str(values[name]) for name in ("processor", "gpu") if values.get(name)]
        return one_line(", ".join(parts), 120) or UNKNOWN

    @property
    def date(self) -> str:
        """The day of the last record, ISO 8601; empty where none says."""
        return str(self.frame["ended"].max())[:10] if len(self.frame) else ""

    @property
    def sealed(self) -> str:
        """How many records are of sealed problems, in words."""
        counts = Counter(map(str, self.frame["sealed"])) if "sealed" in self.frame else Counter[str]()
        return ", ".join(f"{count} {state}" for state, count in counts.most_common()) or UNKNOWN


def read_sources(results: Sequence[ResultSet]) -> list[SiteSource]:
    """The folders as sources, oldest first.

    Raises:
        UsageError: for a folder without records.
    """
    sources: list[SiteSource] = []
    taken: set[str] = set()
    for one in results:
        if one.frame.empty:
            raise UsageError(f"no records in {one.store.path}; `prbench run` makes some")
        said = _said(one)
        name = str(said.get("name") or one.store.path.resolve().name)
        label = slug(name, taken)
        sources.append(SiteSource(label, name, str(said.get("submitter") or UNKNOWN), str(said.get("note") or ""), one))
    return sorted(sources, key=lambda source: (source.date, source.slug))


def _said(results: ResultSet) -> dict[str, Any]:
    path = results.store.path / SUBMISSION
    if not path.is_file():
        return {}
    try:
        said = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {one_line(error, 120)}; `prbench submit` writes it anew") from error
    if not isinstance(said, dict):
        raise UsageError(f"{path} must hold an object with name and submitter, got {type(said).__name__}")
    return said


def slug(name: str, taken: set[str] | None = None) -> str:
    """A name as part of an address: letters, digits, dots and hyphens; unlike all ``taken``, to which it is added."""
    plain = "-".join(re.findall(r"[A-Za-z0-9.]+", name)).strip(".")[:80] or "unnamed"
    taken = set() if taken is None else taken
    free = plain
    count = 2
    while free.lower() in taken:
        free, count = f"{plain}-{count}", count + 1
    taken.add(free.lower())
    return free
