"""The files that installed datasets read, measured data, and those that solvers read, published weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prbench.core import Dataset, load_plugin, plugin_names
from prbench.core.data_files import DataFile
from prbench.errors import UsageError

from .kinds import Kind
from .listing import listing

_FILES = "files"


@dataclass(frozen=True)
class Need:
    """One file and the dataset, or the solver, that reads it."""

    dataset: str
    file: DataFile

    @property
    def present(self) -> bool:
        """Whether a file of that name is there, whole or not."""
        return self.file.path.is_file()


def needs(datasets: tuple[str, ...] = ()) -> list[Need]:
    """The files that datasets and solvers read, of all that can be imported where none is named.

    Raises:
        UsageError: for an unknown name, or one that reads no files.
    """
    if not datasets:
        return [Need(name, file) for name in (*plugin_names("dataset"), *_solvers_with_files()) for file in _files_or_none(name)]
    for name in datasets:
        if not _files(name):
            raise UsageError(f"{name} needs no files; `prbench data list` shows the datasets that do")
    return [Need(name, file) for name in datasets for file in _files(name)]


def adopted(name: str, folder: Path | None) -> tuple[str, ...] | None:
    """What a dataset took of files that the user downloaded; None for one whose files are listed, see :meth:`Dataset.adopt`."""
    plugin = load_plugin(_kind(name), name)
    return plugin.adopt(folder) if issubclass(plugin, Dataset) else None


def _solvers_with_files() -> list[str]:
    """Solvers whose declarations have the tag ``files``; the others need not be imported to know."""
    return [line.name for line in listing(("solver",)) if _FILES in line.tags]


def _kind(name: str) -> Kind:
    """Of a solver its own; of any other name that of datasets, so that an unknown one is refused as such."""
    return "solver" if name in plugin_names("solver") else "dataset"


def _files(name: str) -> tuple[DataFile, ...]:
    result: tuple[DataFile, ...] = getattr(load_plugin(_kind(name), name), "files", ())
    return result


def _files_or_none(name: str) -> tuple[DataFile, ...]:
    try:
        return _files(name)
    except Exception:  # noqa: BLE001 - `prbench list` and `prbench doctor` say why a stranger's package cannot be imported
        return ()
