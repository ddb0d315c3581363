"""The store: one JSON file per record, its arrays beside it, in a folder that several runs may write into at once.

::

    runs/3f/3f09….json      the record        environments/<id>.json   versions and hardware, once each
    runs/3f/3f09….npz       its arrays        records.parquet          all records in tables, made by `prbench compact`
    claims/3f09…            a run is at it

The JSON files are the truth; the tables are derived from them and may be deleted. Every file is written under another name and
renamed, arrays before their record, so that what can be read is whole.
"""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from prbench.errors import CannotWrite, UsageError, one_line
from prbench.running.salts import add_salt_folder

from .array_files import arrays_digest, read_arrays
from .compacting import MANY, compact
from .files import Flushing, check_room, plain_arrays, read_bytes, replace_file, write_once
from .folder_handle import FolderHandle
from .frames import as_frame, with_texts
from .index import TABLE, DamagedTable, Group, Index, keep_rows_without_files
from .outcomes import Outcomes
from .parquet import table_of
from .plain import canonical
from .record import CorruptRecord, Record
from .table import RENAMED, row_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

T = TypeVar("T")
_AT_A_TIME = 2000


class Store:
    """Records under one folder; the folder is made by the first write.

    Attributes:
        path: the folder.
        corrupt: files met that are not what their name promises, with the reason. They count as missing and stay where they are;
            a new record in the place of one keeps it as ``<key>.json.corrupt``.
        renamed: columns met of metrics that have the name of another column (see :func:`.table.metric_column`).
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.corrupt: dict[Path, str] = {}
        self.renamed: set[str] = set()
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file; results need a folder")
        self._runs = str(self.path / "runs")
        add_salt_folder(self.path)
        self._handle = FolderHandle(self.path)
        self._flushing = Flushing()
        self._rows_kept = False

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def check_writable(self) -> None:
        """See, before anything is computed, whether there is room for a record.

        Raises:
            CannotWrite: where a page cannot be written into the folder, or above it where there is none yet.
        """
        check_room(self.path)

    def hold(self) -> None:
        """Make the folder, and from now on notice when it is renamed or removed; called by whoever runs cells into it.

        Raises:
            CannotWrite: where it cannot be made.
        """
        self._handle.hold()

    def remove_if_unused(self) -> None:
        """Remove the folder, and those above it, where :meth:`hold` has made them and nothing has been written into them."""
        self._handle.remove_if_unused()

    def check_location(self) -> None:
        """See whether the folder that is held is still where it was.

        Raises:
            CannotWrite: where it has been renamed or removed.
        """
        self._handle.check()

    def flush_soon(self, *, now: bool = False) -> None:
        """Have what this and other processes of the machine have written flushed to the disk, in the background.

        Called after each cell by whoever watches the workers; does nothing most of the time, but for ``now``.
        """
        self._flushing.soon(self.path, now=now)

    # One record

    def write(self, record: Record, arrays: Mapping[str, Any] | None = None) -> None:
        """Store a record; in place of its predecessor, whose arrays go unless ``arrays`` is None.

        Raises:
            CannotWrite: where the file system does not take it, or the folder has been renamed or removed; then the record is
                written where the folder is now.
            PrbenchError: for an array of Python objects, which no plain format holds.
        """
        relocation = self._handle.relocation()
        root = self.path if relocation is None else relocation.now
        path = root / "runs" / record.key[:2] / f"{record.key}.json"
        self._keep_rows(path.parent)
        if arrays:
            plain = plain_arrays(arrays)
            record = record.with_arrays(arrays_digest(plain))
            saved: dict[str, Any] = plain
            replace_file(path.with_suffix(".npz"), lambda file: np.savez(file, **saved), self._flushing)
        elif arrays is not None:
            record = record.with_arrays("")
            path.with_suffix(".npz").unlink(missing_ok=True)
        if path.exists() and self._read(path) is None:
            path.rename(path.with_suffix(".json.corrupt"))
        replace_file(path, lambda file: file.write(record.to_json().encode()), self._flushing)
        self.corrupt.pop(path, None)
        if relocation is not None:
            raise CannotWrite(relocation.message)

    def read(self, key: str) -> Record | None:
        """The record of a key, or None where there is none or none that can be read."""
        path = Path(self._record_file(key))
        if path.exists():
            return self._read(path)

        def of_table(index: Index) -> Record | None:
            part = index.part_of(key)
            text = None if part is None else part.texts({key}).get(key)
            return None if part is None or text is None else self._of_text(part.path, key, text)

        return self._tried(of_table)

    def has(self, key: str) -> bool:
        """Whether a file of that key is there, unread: what another run may have finished meanwhile."""
        return os.path.exists(self._record_file(key))  # noqa: PTH110 - see there

    def stamp(self, key: str) -> str | None:
        """What changes when the file of a record is written anew, whatever the clock says; None where there is none."""
        try:
            result = os.stat(self._record_file(key))  # noqa: PTH116 - see there
        except FileNotFoundError:
            return None
        return f"{result.st_ino}.{result.st_mtime_ns}"

    def attempt_path(self, key: str, run: str) -> Path:
        """Where a run notes that it has begun a cell; swept as what killed writers leave."""
        return self.path / "runs" / key[:2] / f".{key}.begun.{run.strip('.')}"

    def _read(self, path: Path) -> Record | None:
        text = self._text(path)
        return None if text is None else self._of_file(path, text)

    def _text(self, path: Path) -> str | None:
        try:
            return read_bytes(path).decode()
        except FileNotFoundError:
            return None
        except (UnicodeDecodeError, OSError) as error:
            self.corrupt[path] = one_line(error)
            return None

    def _of_file(self, path: Path, text: str, *, curve: bool = True) -> Record | None:
        try:
            record = Record.from_json(text, curve=curve)
            if path.name != f"{record.key}.json":
                raise CorruptRecord(f"it is the record {record.key}")  # noqa: TRY301 - told as the other corruptions are
        except CorruptRecord as error:
            self.corrupt[path] = one_line(error) if text else "it is empty, as after a power cut; the cell can be run again"
            return None
        return record

    def _of_text(self, table: Path, key: str, text: str) -> Record | None:
        """A record from a table, which may be damaged as its own file may."""
        try:
            record = Record.from_json(text)
        except CorruptRecord as error:
            self.corrupt[table / key] = one_line(error)
            return None
        if record.key != key:
            self.corrupt[table / key] = f"it is the record {record.key}"
            return None
        return record

    def arrays_path(self, key: str) -> Path:
        """Where the arrays of a record are, if it has any."""
        return Path(self._record_file(key)).with_suffix(".npz")

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """The arrays stored with a record, by name; empty where there are none.

        Raises:
            CorruptRecord: where the file cannot be read.
        """
        path = self.arrays_path(key)
        try:
            return read_arrays(path)
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise CorruptRecord(f"{path} is not readable as NPZ without pickles: {one_line(error)}") from error

    # All records

    def keys(self) -> list[str]:
        """The keys of all readable records, sorted."""
        return [str(key) for key in self.frame(["key"])["key"]]

    def records(self) -> Iterator[Record]:
        """All readable records, by key."""
        for _, group in self._tried(lambda index: list(index.groups())):
            texts = self._texts_of(group)
            loose = {path.name.partition(".")[0]: path for path in group.loose}
            for key in sorted({*loose, *texts}):
                if key in loose:
                    record = self._read(loose[key])
                else:
                    assert group.part is not None
                    record = self._of_text(group.part.path, key, texts[key])
                if record is not None:
                    yield record

    def outcomes(self) -> Outcomes:
        """Status and code id of all readable records by key, for choosing what is still to do."""

        def of(index: Index) -> Outcomes:
            result = Outcomes()
            for _, group in index.groups():
                if group.part is not None:
                    result.add_table(group.part.read(["status", "code_id"], group.keys))
                for read in map(self._read_with_text, group.loose):
                    if read is not None:
                        result.add(read[0].key, read[0].status, read[0].code_id)
            return result.sorted()

        return self._tried(of)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per record, by key; the columns are those of :func:`prbench.running.store.table.row_of`, all where None."""
        return self._tried(lambda index: as_frame(self._tables(index, columns), columns))

    def tally(self, columns: Sequence[str]) -> pd.DataFrame:
        """How many records have the same values in ``columns``: those, and ``cells``, the number; in bounded memory."""
        import pandas as pd

        def of(index: Index) -> Counter[tuple[Any, ...]]:
            counts = Counter[tuple[Any, ...]]()
            for table in self._tables(index, columns):
                grouped = table.group_by(list(columns)).aggregate([([], "count_all")]).to_pydict()
                for values in zip(*(grouped[name] for name in (*columns, "count_all")), strict=True):
                    counts[values[:-1]] += values[-1]
            return counts

        counts = self._tried(of)
        rows = [(*values, count) for values, count in sorted(counts.items(), key=lambda item: tuple(map(str, item[0])))]
        return pd.DataFrame(rows, columns=[*columns, "cells"])

    def compact_if_many(self) -> None:
        """Compact where thousands of records would be read from files of their own each time, and the folder allows it."""

        def of(index: Index) -> None:
            groups = list(index.groups())
            if sum(len(group.loose) for _, group in groups) >= MANY:
                with contextlib.suppress(CannotWrite):
                    compact(index, groups, self._read_with_text)

        self._tried(of)

    def compact(self, *, thorough: bool = True) -> int:
        """Bring ``records.parquet`` up to date with the files and say how many records it holds.

        Args:
            thorough: look at every file, so that one edited or cut off in place is noticed, not only into folders that changed.

        Raises:
            CannotWrite: where the file system does not take it.
        """
        return self._tried(lambda index: compact(index, list(index.groups(thorough=thorough)), self._read_with_text))

    def write_environment(self, environment: Mapping[str, Any]) -> str:
        """Store an environment once and return its id, the digest of its content."""
        relocation = self._handle.relocation()
        folder = (self.path if relocation is None else relocation.now) / "environments"
        return write_once(folder, canonical(environment), self._flushing)

    # How tables and files make one whole

    def _keep_rows(self, folder: Path) -> None:
        """Before a folder of records is made: the rows of a table that came without its files do not go for that."""
        if not self._rows_kept and not folder.exists():
            if (self.path / TABLE).exists():
                self._tried(keep_rows_without_files)
            self._rows_kept = True

    def _tried(self, use: Callable[[Index], T]) -> T:
        """What ``use`` makes of the index; anew, and by the records' own files, where a table turns out to be damaged."""
        while True:
            try:
                return use(Index(self.path, self.corrupt))
            except DamagedTable as damage:
                self.corrupt[damage.path] = f"{damage}; the records' own files are read"

    def _texts_of(self, group: Group) -> dict[str, str]:
        if group.part is None:
            return {}
        try:
            return group.part.texts(group.keys)
        except DamagedTable as damage:
            self.corrupt[damage.path] = f"{damage}; the records' own files are read"
            pattern = "??" if damage.path.name == TABLE else damage.path.stem
            group.loose = sorted(self.path.glob(f"runs/{pattern}/*.json"))
            return {}

    def _tables(self, index: Index, columns: Sequence[str] | None) -> Iterator[pa.Table]:
        """The rows of all readable records in pieces of bounded size."""
        for _, group in index.groups():
            if group.part is not None:
                self.renamed.update(name for name in group.part.names if name.startswith(RENAMED))
                yield with_texts(group.part.visible(columns, group.keys), columns)
            for start in range(0, len(group.loose), _AT_A_TIME):
                paths = group.loose[start : start + _AT_A_TIME]
                rows = [row_of(result[0]) for path in paths if (result := self._read_with_text(path)) is not None]
                table = table_of(rows)
                self.renamed.update(name for name in table.column_names if name.startswith(RENAMED))
                yield table if columns is None else table.select(list(dict.fromkeys(["key", *columns])))

    def _read_with_text(self, path: Path) -> tuple[Record, str] | None:
        """A record for a row, with an empty curve, and its text."""
        text = self._text(path)
        record = None if text is None else self._of_file(path, text, curve=False)
        return None if record is None or text is None else (record, text)

    def _record_file(self, key: str) -> str:
        """The file of a record, in plain text: four times per cell, paths as objects would cost as much as the system's calls."""
        return f"{self._runs}/{key[:2]}/{key}.json"
