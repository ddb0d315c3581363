"""Bibliographic entries behind the citation lines of solvers, datasets and metrics.

``references.bib`` beside this file holds one BibTeX entry per publication. A citation line (``cite=``) names one source or
several, separated by ``"; "``. A source leads to its entry by DOI, arXiv identifier or URL; to an entry that has none of these by
the first author's surname and the year.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;,]+")
_ARXIV = re.compile(r"arXiv[:\s]*(\d{4}\.\d{4,5})", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s;,]+")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_LATEX_SPECIAL = re.compile(r"([&%$#_])")
_START = re.compile(r"@(\w+)\s*\{\s*([^,\s]+)\s*,")
_FIELD = re.compile(r"\s*(\w+)\s*=\s*\{")
_ACCENT = re.compile(r"\\(?:[`'^\"~=.]|[cuvHkr](?=\{))")
COMPLETE = {
    "article": ("author", "title", "journal", "year"),
    "inproceedings": ("author", "title", "booktitle", "year"),
    "book": ("author", "title", "publisher", "year"),
    "techreport": ("author", "title", "institution", "year"),
    "misc": ("author", "title"),
}
"""The fields that make an entry of each type complete."""


@dataclass(frozen=True)
class Reference:
    """One BibTeX entry.

    Attributes:
        kind: type of the entry, such as ``article``.
        key: citation key.
        fields: field names in lower case and their values in LaTeX, without the outer braces.
    """

    kind: str
    key: str
    fields: Mapping[str, str]

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that a complete entry of this type has and this one lacks; an unknown type is held to an article's."""
        return tuple(name for name in COMPLETE.get(self.kind, COMPLETE["article"]) if not self.fields.get(name))

    @property
    def bibtex(self) -> str:
        """The entry as BibTeX text, without a trailing newline."""
        lines = [f"  {name} = {{{value}}}," for name, value in self.fields.items()]
        return "\n".join([f"@{self.kind}{{{self.key},", *lines, "}"])

    @property
    def identifiers(self) -> tuple[str, ...]:
        """What finds the entry: DOI, arXiv identifier and URL, or ``surname year`` where it has none of them."""
        doi, eprint, url = (self.fields.get(name, "") for name in ("doi", "eprint", "url"))
        first = self.fields.get("author", "").partition(" and ")[0].partition(",")[0]
        by_author = f"{_folded(first)} {self.fields.get('year', '')}"
        return tuple(text.lower() for text in (doi, eprint and f"arxiv:{eprint}", url) if text) or (by_author,)


def parse_bibtex(text: str) -> list[Reference]:
    """The entries of a BibTeX text whose values stand in braces; what is between entries is a comment.

    Raises:
        ValueError: for an entry that is not closed, or a value that does not stand in braces.
    """
    result, position = [], 0
    while start := _START.search(text, position):
        kind, key = start.group(1).lower(), start.group(2)
        fields, position = {}, start.end()
        while field := _FIELD.match(text, position):
            end = _closing(text, field.end(), key)
            fields[field.group(1).lower()] = " ".join(text[field.end() : end].split())
            position = end + 1
            comma = re.compile(r"\s*,").match(text, position)
            position = comma.end() if comma else position
        close = re.compile(r"\s*\}").match(text, position)
        if close is None:
            raise ValueError(f"the BibTeX entry {key} is not closed, or a value does not stand in braces")
        position = close.end()
        result.append(Reference(kind, key, fields))
    return result


@cache
def references() -> tuple[Reference, ...]:
    """Every entry of ``references.bib``, in its order."""
    return tuple(parse_bibtex(files(__package__).joinpath("references.bib").read_text(encoding="utf-8")))


def find_reference(source: str) -> Reference | None:
    """The entry of one source of a citation line; None where ``references.bib`` has none."""
    by_identifier = _by_identifier()
    for identifier in _identifiers(source):
        if identifier in by_identifier:
            return by_identifier[identifier]
    if _identifiers(source):
        return None  # it says exactly what it is, and that is not in the file
    year = _YEAR.search(source.rpartition("(")[2]) or _YEAR.search(source)
    keys = [f"{_folded(word)} {year.group()}" for word in re.findall(r"[^\W\d_][\w'-]+", source)] if year else []
    return next((by_identifier[key] for key in keys if key in by_identifier), None)


def cited(cite: str, name: str = "", bibtex: str = "") -> list[Reference]:
    """The entries of a citation line.

    Args:
        cite: one source or several, separated by ``"; "``.
        name: of the plug-in; the key of a source that has no entry starts with it.
        bibtex: the plug-in's own entries, which count instead of the line.
    """
    if bibtex:
        return parse_bibtex(bibtex)
    sources = [source.strip() for source in cite.split(";")]
    result = [find_reference(source) or _note(source, f"{name}-{n}") for n, source in enumerate(sources, start=1)]
    return list({reference.key: reference for reference in result if reference is not None}.values())


def bibliography(entries: Iterable[Reference]) -> str:
    """BibTeX text of entries, each once, ordered by key; empty where there are none."""
    by_key = {entry.key: entry for entry in entries}
    return "".join(f"{by_key[key].bibtex}\n\n" for key in sorted(by_key)).removesuffix("\n")


def _note(source: str, key: str) -> Reference | None:
    """An entry that holds a citation line as it is, for a source that ``references.bib`` does not have."""
    doi, arxiv, url = _DOI.search(source), _ARXIV.search(source), _URL.search(source)
    if not (doi or arxiv or url or _YEAR.search(source)):
        return None
    fields = {"note": _LATEX_SPECIAL.sub(r"\\\1", source)}
    if doi:
        fields["doi"] = doi.group().rstrip(".")
    if arxiv:
        fields |= {"eprint": arxiv.group(1), "archiveprefix": "arXiv"}
    if url and not doi:
        fields["url"] = url.group().rstrip(".")
    return Reference("misc", key, fields)


@cache
def _by_identifier() -> dict[str, Reference]:
    return {identifier: reference for reference in references() for identifier in reference.identifiers}


def _identifiers(source: str) -> list[str]:
    """The DOIs, arXiv identifiers and URLs of a source, in lower case."""
    urls = [url.rstrip(".") for url in _URL.findall(source)]
    dois = [doi.rstrip(".").lower() for doi in _DOI.findall(source)]
    return [*dois, *(f"arxiv:{number}" for number in _ARXIV.findall(source)), *(url.lower() for url in urls)]


def _closing(text: str, start: int, key: str) -> int:
    """The position of the brace that closes a value that starts at ``start``."""
    depth = 1
    for position in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return position
    raise ValueError(f"the BibTeX entry {key} has a value that is not closed")


def _folded(name: str) -> str:
    """A name in lower case without accents and braces, Unicode or LaTeX."""
    plain = _ACCENT.sub("", name).replace("{", "").replace("}", "").replace("\\i", "i")
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c)).strip().lower()
