"""The table of public originals: repository, commit, path and SHA-256."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from urllib.parse import quote

from prbench.core.data_files import Original


@cache
def _table() -> dict[str, tuple[Original, ...]]:
    text = files(__package__).joinpath("files.tsv").read_text("utf-8")
    table: dict[str, list[Original]] = {}
    for line in text.splitlines()[1:]:
        dataset, repository, commit, path, sha256 = line.split("\t")
        url = f"https://raw.githubusercontent.com/{repository}/{commit}/{quote(path)}"
        table.setdefault(dataset, []).append(Original(path.rpartition("/")[2], url, sha256))
    return {dataset: tuple(originals) for dataset, originals in table.items()}


def originals_of(dataset: str) -> tuple[Original, ...]:
    """The public files that a dataset is made from, in the order of their paths."""
    return _table()[dataset]


def original(dataset: str, name: str) -> Original:
    """One of them by its name."""
    return next(found for found in originals_of(dataset) if found.name == name)
