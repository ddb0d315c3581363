"""What every page knows: the runs, what columns mean, and where pages stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prbench.analysis import Leaderboard
from prbench.core import MetricInfo

from .blocks import SiteCell
from .sources import SiteSource, slug


@dataclass
class Site:
    """Everything that pages are made from.

    Attributes:
        sources: the folders, oldest first.
        infos: what columns mean, by name.
        kinds: of solvers by their plain name: ``contestant`` for other programs, else ``solver``.
    """

    sources: Sequence[SiteSource]
    infos: Mapping[str, MetricInfo]
    kinds: Mapping[str, str]
    _slugs: dict[tuple[str, str], str] = field(default_factory=dict)
    _taken: dict[str, set[str]] = field(default_factory=dict)

    def address(self, kind: str, name: str) -> str:
        """The file of the page of a task, dataset, solver or run."""
        if (kind, name) not in self._slugs:
            self._slugs[kind, name] = slug(name, self._taken.setdefault(kind, set()))
        return f"{kind}/{self._slugs[kind, name]}.html"

    def boards(self) -> Iterator[tuple[SiteSource, Leaderboard]]:
        """Every board of every folder, newest folder first."""
        for source in reversed(self.sources):
            for board in source.boards:
                yield source, board

    def tasks(self) -> list[str]:
        """Tasks with a board."""
        return sorted({board.task for _, board in self.boards()})


def plain(name: str) -> str:
    """A plug-in's name without its settings."""
    return name.partition("[")[0]


def solver_cell(site: Site, spelled: str) -> SiteCell:
    """A solver's name with a link to its page."""
    return SiteCell(spelled, site.address("solver", plain(spelled)))
