"""Which features feed which stage of a decoder, as data: 90 possible links, of which a search keeps a few.

Wu, Zhang, Huang, ICCV 2019, 6767, arXiv:1904.07642 (SparseMask). ``E1`` to ``E9`` are the encoder's features from fine to coarse,
``D1`` to ``D9`` the decoder's stages, ``D1`` the last and finest, ``G`` the mean of E9 over the image. Stage ``Dl`` may be fed by
``Ei`` for i >= l, by ``Di`` for i > l, and by ``G``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from prbench.errors import BadInput, one_line

STAGES = 9
POOL = "G"


def possible_sources(stage: int) -> tuple[str, ...]:
    """What may feed stage ``stage``, 1 to 9: encoder features, stages, pool."""
    encoder = tuple(f"E{i}" for i in range(stage, STAGES + 1))
    return encoder + tuple(f"D{i}" for i in range(stage + 1, STAGES + 1)) + (POOL,)


POSSIBLE = tuple((f"D{stage}", source) for stage in range(1, STAGES + 1) for source in possible_sources(stage))
"""The 90 links, each as (stage, source)."""


@dataclass(frozen=True)
class Links:
    """A set of links; what does not reach D1 is allowed, and :meth:`pruned` takes it away.

    Attributes:
        kept: pairs (stage, source).

    Raises:
        BadInput: for a link that is not among the 90.
    """

    pairs: frozenset[tuple[str, str]]

    def __post_init__(self) -> None:
        strange = sorted(self.pairs - set(POSSIBLE))
        if strange:
            stage, source = strange[0]
            raise BadInput(
                f"there is no link from {source} to {stage}; D1 to D9 are fed by E of their number or above, later D, and G"
            )

    def __len__(self) -> int:
        return len(self.pairs)

    def __contains__(self, link: tuple[str, str]) -> bool:
        return link in self.pairs

    @cached_property
    def table(self) -> dict[str, tuple[str, ...]]:
        """The sources of each stage that has some, from D9 to D1: the order in which stages are computed."""
        result = {}
        for stage in range(STAGES, 0, -1):
            sources = tuple(s for s in possible_sources(stage) if (f"D{stage}", s) in self.pairs)
            if sources:
                result[f"D{stage}"] = sources
        return result

    def users(self, source: str) -> frozenset[str]:
        """The stages that a source feeds."""
        return frozenset(stage for stage, fed_by in self.pairs if fed_by == source)

    # Kinds of links

    @classmethod
    def of(cls, table: Mapping[str, Iterable[str]]) -> Links:
        """From the sources of each stage."""
        return cls(frozenset((stage, source) for stage, sources in table.items() for source in sources))

    @classmethod
    def full(cls) -> Links:
        """All 90 possible links."""
        return cls(frozenset(POSSIBLE))

    @classmethod
    def u_shape(cls) -> Links:
        """The links of a U-Net: each stage is fed by the feature of its own number and by the stage before it."""
        following = {(f"D{stage}", f"D{stage + 1}") for stage in range(1, STAGES)}
        return cls(frozenset(following | {(f"D{stage}", f"E{stage}") for stage in range(1, STAGES + 1)}))

    @classmethod
    def random(cls, count: int, draw: int) -> Links:
        """``count`` links drawn at random such that pruning takes none away.

        A number of links is drawn first, then so many links, which are pruned; draws that then have another number are dropped.

        Args:
            count: of links.
            draw: a number for each set of links.

        Raises:
            BadInput: for a count that cannot be had.
        """
        if not 2 <= count <= len(POSSIBLE):
            raise BadInput(f"there can be 2 to {len(POSSIBLE)} links, asked for {count}")
        generator = torch.Generator().manual_seed(draw)
        for _ in range(100_000):
            before = int(torch.randint(count, len(POSSIBLE) + 1, (), generator=generator))
            order = torch.randperm(len(POSSIBLE), generator=generator).tolist()
            result = cls(frozenset(POSSIBLE[n] for n in order[:before])).pruned()
            if len(result) == count:
                return result
        raise BadInput(f"no draw of {count} links stayed whole when pruned")

    # Pruning

    def pruned(self) -> Links:
        """The links that matter.

        Taken away are, in turn until nothing changes: links from stages without sources; stages that D1 does not depend on; of
        two stages with the same sources the finer one, whose users then use the coarser; and a stage all of whose sources feed a
        finer stage that feeds all of its users as well. Neither of the last two compares with D1.
        """
        result = self
        while True:
            before = result
            for rule in (_without_empty, _without_unreachable, _without_duplicates, _without_subsets):
                result = rule(result)
            if result == before:
                return result

    # Plain values

    def plain(self) -> dict[str, list[str]]:
        """The sources of each stage, as plain values."""
        return {stage: list(sources) for stage, sources in reversed(self.table.items())}

    @classmethod
    def from_plain(cls, structure: object) -> Links:
        """From what a file holds: ``{"links": {"D1": ["E1", ...], ...}}``, or the array of SparseMask's authors.

        Raises:
            BadInput: for something else.
        """
        if isinstance(structure, np.ndarray):
            return cls.from_mask(structure)
        table = structure.get("links") if isinstance(structure, Mapping) else None
        if not isinstance(table, Mapping) or not all(isinstance(sources, list) for sources in table.values()):
            wanted = '{"links": {"D1": ["E1", ...], ...}}, the sources of each stage'
            raise BadInput(f"a structure holds links as {wanted}, got {one_line(structure, 60)}")
        return cls.of({str(stage): [str(source) for source in sources] for stage, sources in table.items()})

    @classmethod
    def from_mask(cls, mask: np.ndarray) -> Links:
        """From the layout of the authors' code: (9, 9, 2) bool, stages and sources from coarse to fine.

        ``mask[s, t, 0]`` links E(9-t) to D(9-s); ``mask[s, t, 1]`` links G (t = 0) or D(10-t) to D(9-s).

        Raises:
            BadInput: for another shape.
        """
        if mask.shape != (STAGES, STAGES, 2):
            raise BadInput(f"a mask of links has shape (9, 9, 2), got {mask.shape}")
        pairs = set()
        for s, t, kind in np.argwhere(mask).tolist():
            source = f"E{STAGES - t}" if kind == 0 else POOL if t == 0 else f"D{STAGES + 1 - t}"
            pairs.add((f"D{STAGES - s}", source))
        return cls(frozenset(pairs))


def _only(links: Links, keep: Iterable[tuple[str, str]]) -> Links:
    result = frozenset(keep)
    return links if result == links.pairs else Links(result)


def _without_empty(links: Links) -> Links:
    return _only(links, ((d, s) for d, s in links.pairs if s[0] != "D" or s in links.table))


def _without_unreachable(links: Links) -> Links:
    reached = {"D1"}
    for stage in sorted(links.table):  # users of a stage are finer
        if stage in reached:
            reached |= {source for source in links.table[stage] if source[0] == "D"}
    return _only(links, ((d, s) for d, s in links.pairs if d in reached))


def _without_duplicates(links: Links) -> Links:
    for coarse in sorted(links.table, reverse=True):
        for fine in sorted(links.table, reverse=True):
            if "D1" < fine < coarse and links.table[fine] == links.table[coarse]:
                moved = {(d, coarse if s == fine else s) for d, s in links.pairs if d != fine}
                return _without_duplicates(Links(frozenset(moved)))
    return links


def _without_subsets(links: Links) -> Links:
    for other in sorted(links.table):
        for stage in sorted(links.table):
            fewer_sources = set(links.table[stage]) <= set(links.table[other])
            if "D1" < other < stage and fewer_sources and links.users(stage) <= links.users(other):
                return _without_subsets(_only(links, ((d, s) for d, s in links.pairs if stage not in (d, s))))
    return links
