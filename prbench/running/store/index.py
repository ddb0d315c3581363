"""Which records a folder holds: those that its Parquet files answer for, and those whose own files are to be read.

``records.parquet`` is one file or, for thousands of records, a folder of one file per folder of ``runs/``, so that making it
takes the memory of a single such folder and bringing it up to date rewrites only those that have changed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .files import replace_file
from .parquet import DamagedTable, Stamp, TablePart, marked_without_files, write_part

TABLE = "records.parquet"


@dataclass
class Group:
    """Records that are read together.

    Attributes:
        part: the Parquet file that answers for some of them, None where there is none.
        kept: the keys for which it does, None for all that it holds.
        loose: the files of the others.
    """

    part: TablePart | None = None
    keys: set[str] | None = None
    loose: list[Path] = field(default_factory=list)

    def __len__(self) -> int:
        of_part = 0 if self.part is None else len(self.part) if self.keys is None else len(self.keys)
        return of_part + len(self.loose)

    @property
    def changed(self) -> bool:
        """Whether the Parquet file no longer tells all."""
        return bool(self.loose) or self.keys is not None


class Index:
    """The Parquet files of a store beside its folders of records, as they are now.

    A folder untouched since its Parquet file was made is not looked into unless asked; in another, a file unchanged since is not
    read again, and a row without its file is gone. A row whose whole folder is absent stands: a table may travel alone. Where
    new records are written beside such a table, its rows are marked first (:func:`keep_rows_without_files`), and stand as well.
    So do they where files were copied beside it by hand, none of which it knows (:attr:`came_alone`).

    Attributes:
        runs, table: where the records are, and the table or the folder of tables.
        folders: the folders of records with the time of their last change.
        sharded: whether there is a Parquet file for each of them.
    """

    def __init__(self, path: Path, damaged: Mapping[Path, str]) -> None:
        self.runs, self.table, self._damaged = path / "runs", path / TABLE, damaged
        self.folders = self._folder_times()
        self.sharded = self.table.is_dir()

    @cached_property
    def came_alone(self) -> bool:
        """Whether there are rows and files of records, and no file is one that a table has noted."""
        if next(self.runs.glob("??/*.json"), None) is None:
            return False
        if any(part.folders.get(name) == at for part in self._parts() for name, at in self.folders.items()):
            return False  # without a look at rows, of which there may be a million
        return any(map(len, self._parts())) and not any(map(self._knows_a_file, self._parts()))

    def part_path(self, name: str) -> Path:
        """Where the Parquet file of a folder of records is, or would be."""
        return self.table / f"{name}.parquet" if self.sharded else self.table

    def groups(self, *, thorough: bool = False) -> Iterator[tuple[str, Group]]:
        """The records by folder, ``""`` for all, in the order of their keys.

        Args:
            thorough: look at every file, not only into folders that have changed: what was edited in place is found.
        """
        if not self.sharded and (single := self.open_if_whole(self.table)) is not None:
            yield "", self._of_one_file(single, thorough=thorough)
            return
        names = {*self.folders, *(path.stem for path in self.table.glob("??.parquet"))} if self.sharded else self.folders
        for name in sorted(names):
            part = self.open_if_whole(self.part_path(name)) if self.sharded else None
            yield name, self._of_folder(name, part, thorough=thorough)

    def part_of(self, key: str) -> TablePart | None:
        """The Parquet file that may know a key."""
        return self.open_if_whole(self.part_path(key[:2]))

    def open_part(self, path: Path) -> TablePart:
        """A Parquet file of this store; raises as :class:`~prbench.running.store.parquet.TablePart`."""
        return TablePart(path)

    def open_if_whole(self, path: Path) -> TablePart | None:
        """The same, None where there is none or it is known to be damaged."""
        return TablePart(path) if path not in self._damaged and path.is_file() else None

    def _of_one_file(self, part: TablePart, *, thorough: bool) -> Group:
        names = {name for name, at in self.folders.items() if thorough or part.folders.get(name) != at}
        if not names:
            return Group(part)
        stamps = part.stamps()
        group = Group(part, {key for key, stamp in stamps.items() if key[:2] not in names or self._stands(stamp)})
        for name in sorted(names):
            self._scan(name, stamps, group)
        return _simplified(group, len(stamps))

    def _of_folder(self, name: str, part: TablePart | None, *, thorough: bool) -> Group:
        at = self.folders.get(name)
        if part is not None and (at is None or (not thorough and part.folders.get(name) == at)):
            return Group(part)
        stamps = {} if part is None else part.stamps(name)
        group = Group(part, {key for key, stamp in stamps.items() if self._stands(stamp)})
        self._scan(name, stamps, group)
        return _simplified(group, -1 if part is None else len(part))

    def _stands(self, stamp: Stamp) -> bool:
        """Whether a row stands without its file."""
        return stamp.without_file or self.came_alone

    def _parts(self) -> Iterator[TablePart]:
        """The Parquet files that may know a file of a folder that is there."""
        for path in sorted({self.part_path(name) for name in self.folders}):
            if (part := self.open_if_whole(path)) is not None:
                yield part

    def _knows_a_file(self, part: TablePart) -> bool:
        """Whether a file is as a row says."""
        for key, stamp in part.stamps().items():
            if key[:2] in self.folders and not stamp.without_file:
                with contextlib.suppress(FileNotFoundError):
                    result = (self.runs / key[:2] / f"{key}.json").stat()
                    if stamp.time_ns in (0, result.st_mtime_ns) and stamp.size in (-1, result.st_size):
                        return True
        return False

    def _scan(self, name: str, stamps: Mapping[str, Stamp], group: Group) -> None:
        """Sort the files of a folder into those that the table answers for and those to be read."""
        assert group.keys is not None
        try:
            entries = sorted(os.scandir(self.runs / name), key=lambda entry: entry.name)
        except FileNotFoundError:  # removed meanwhile
            return
        for entry in entries:
            key, _, suffix = entry.name.partition(".")
            if suffix != "json":
                continue
            known = stamps.get(key)
            if known is not None:
                result = entry.stat()
                if known.same(result.st_mtime_ns, result.st_size):
                    group.keys.add(key)
                    continue
                group.keys.discard(key)  # run again, beside a table that had it without its file
            group.loose.append(Path(entry.path))

    def _folder_times(self) -> dict[str, int]:
        if not self.runs.is_dir():
            return {}
        return {
            entry.name: entry.stat().st_mtime_ns for entry in os.scandir(self.runs) if len(entry.name) == 2 and entry.is_dir()
        }


def _simplified(group: Group, rows: int) -> Group:
    """The group with ``kept`` None where the table answers for all that it holds."""
    return Group(group.part, None, group.loose) if group.keys is not None and len(group.keys) == rows else group


def keep_rows_without_files(index: Index) -> None:
    """Have the rows stand whose files never came with their table, before a record or another table is written beside it.

    Raises:
        CannotWrite: where the file system does not take it.
        DamagedTable: where a table cannot be read.
    """
    paths = sorted(index.table.glob("??.parquet")) if index.sharded else [index.table]
    for path in paths:
        part = index.open_if_whole(path)
        table = None if part is None else marked_without_files(part.read(), () if index.came_alone else index.folders)
        if part is not None and table is not None:
            replace_file(path, lambda file, t=table, f=part.folders: write_part(file, [t], f))  # type: ignore[misc]


__all__ = ["TABLE", "DamagedTable", "Group", "Index", "keep_rows_without_files"]
