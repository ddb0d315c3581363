"""What pages are made of: tables of text and links, which one template draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class SiteCell:
    """One cell of a table: text, with a link where ``href`` is not empty; ``number`` aligns it to the right."""

    text: str
    href: str = ""
    number: bool = False
    title: str = ""


@dataclass(frozen=True)
class Row:
    """Cells, with what the filter of the page looks for; ``first`` is set in bold."""

    cells: Sequence[SiteCell | str]
    solver: str = ""
    dataset: str = ""
    run: str = ""
    first: bool = False


@dataclass(frozen=True)
class SiteBlock:
    """A heading, sentences, a table and a drawing, all of them optional.

    Attributes:
        heading: above it.
        anchor: its place on the page, for links.
        notes: sentences.
        headers: of the table; those that begin with ``#`` head numbers.
        rows: of the table.
        drawing: SVG of our own making.
        preformatted: text as it stands.
        filtered: whether the filter of the page applies to the rows.
    """

    heading: str = ""
    anchor: str = ""
    notes: Sequence[str] = ()
    headers: Sequence[str] = ()
    rows: Sequence[Row] = ()
    drawing: str = ""
    preformatted: str = ""
    filtered: bool = True


@dataclass(frozen=True)
class Page:
    """One file of the site.

    Attributes:
        path: below the site's folder, with ``/``.
        title: its heading.
        blocks: from top to bottom.
        summary: a sentence below the heading.
    """

    path: str
    title: str
    blocks: Sequence[SiteBlock] = field(default_factory=tuple)
    summary: str = ""

    @property
    def root(self) -> str:
        """The way to the site's folder from the page."""
        return "../" * self.path.count("/")
