"""Docstrings as the terminal shows them."""

from __future__ import annotations


def clean(docstring: str) -> str:
    """A docstring without its indentation: paragraphs on one line each, code marks dropped, indented blocks as they are."""
    paragraphs = docstring.replace("``", "").split("\n\n")
    return "\n\n".join(p if any(line[:1].isspace() for line in p.splitlines()) else " ".join(p.split()) for p in paragraphs)


def first_paragraph(text: str) -> str:
    """What stands before the first empty line."""
    return text.split("\n\n", maxsplit=1)[0]
