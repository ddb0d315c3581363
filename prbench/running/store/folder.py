"""The store: one JSON file a record, its arrays beside it, in a folder that several runs may write into at once.

::

    runs/3f/3f09….json      the record        environments/<id>.json   versions and hardware, once each
    runs/3f/3f09….npz       its arrays        records.parquet          all records in one table, made by `prbench compact`

The JSON files are the truth; the table is derived from them and may be deleted. Every file is written under another name and
renamed, arrays before their record, so that what can be read is whole.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from prbench.errors import CannotWrite, PrbenchError, UsageError, one_line

from .array_files import read_arrays
from .plain import canonical, digest
from .record import CorruptRecord, Record
from .table import TABLE, Table, row_of, write_table

if TYPE_CHECKING:
    import pandas as pd

_TICK_NS = 2_000_000_000
_MANY = 5000


class Store:
    """Records under one folder; the folder is made by the first write.

    Attributes:
        path: the folder.
        corrupt: files met that are not what their name promises, with the reason. They count as missing and stay where they are;
            a new record in the place of one keeps it as ``<key>.json.corrupt``.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.corrupt: dict[Path, str] = {}
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file; results need a folder")

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def check_writable(self) -> None:
        """See, before anything is computed, whether there is room for a record.

        Raises:
            CannotWrite: where a page cannot be written into the folder, or above it where there is none yet.
        """
        nearest = next(place for place in (self.path.absolute(), *self.path.absolute().parents) if place.exists())
        try:
            with tempfile.TemporaryFile(dir=nearest) as file:
                file.write(bytes(4096))
                file.flush()
        except OSError as error:
            raise cannot_write(self.path, error) from error

    # One record

    def write(self, record: Record, arrays: Mapping[str, Any] | None = None) -> None:
        """Store a record; in place of its predecessor, whose arrays go unless ``arrays`` is None.

        Raises:
            CannotWrite: where the file system does not take it.
            PrbenchError: for an array of Python objects, which no plain format holds.
        """
        place = self._record_path(record.key)
        if arrays:
            whole: dict[str, Any] = plain_arrays(arrays)
            replace_file(place.with_suffix(".npz"), lambda file: np.savez(file, **whole))
        elif arrays is not None:
            place.with_suffix(".npz").unlink(missing_ok=True)
        if place.exists() and self._read(place) is None:
            place.rename(place.with_suffix(".json.corrupt"))
        replace_file(place, lambda file: file.write(record.to_json().encode()))
        self.corrupt.pop(place, None)

    def read(self, key: str) -> Record | None:
        """The record of a key, or None where there is none or none that can be read."""
        place = self._record_path(key)
        if place.exists():
            return self._read(place)
        text = self._table().texts([key]).get(key)
        return None if text is None else Record.from_json(text)

    def has(self, key: str) -> bool:
        """Whether a file of that key is there, unread: what another run may have finished meanwhile."""
        return self._record_path(key).exists()

    def stamp(self, key: str) -> str | None:
        """What changes when the file of a record is written anew, whatever the clock says; None where there is none."""
        try:
            found = self._record_path(key).stat()
        except FileNotFoundError:
            return None
        return f"{found.st_ino}.{found.st_mtime_ns}"

    def attempt_path(self, key: str, run: str) -> Path:
        """Where a run notes that it has begun a cell; swept as what killed writers leave."""
        return self.path / "runs" / key[:2] / f".{key}.begun.{run.strip('.')}"

    def _read(self, place: Path) -> Record | None:
        try:
            record = Record.from_json(place.read_text(encoding="utf-8"))
            if place.name != f"{record.key}.json":
                raise CorruptRecord(f"it is the record {record.key}")  # noqa: TRY301 - told as the other corruptions are
        except FileNotFoundError:
            return None
        except (CorruptRecord, UnicodeDecodeError, OSError) as error:
            self.corrupt[place] = one_line(error)
            return None
        return record

    def arrays(self, key: str) -> dict[str, np.ndarray]:
        """The arrays stored with a record, by name; empty where there are none.

        Raises:
            CorruptRecord: where the file cannot be read.
        """
        place = self._record_path(key).with_suffix(".npz")
        try:
            return read_arrays(place)
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise CorruptRecord(f"{place} is not readable as NPZ without pickles: {one_line(error)}") from error

    # All records

    def keys(self) -> list[str]:
        """The keys of all readable records, sorted."""
        return [str(key) for key in self.frame(["key"])["key"]]

    def records(self) -> Iterator[Record]:
        """All readable records, by key."""
        table = self._table()
        places, kept = self._overlay(table)
        texts, loose = table.texts(kept), {place.name.partition(".")[0]: place for place in places}
        for key in sorted({*loose, *texts}):
            record = self._read(loose[key]) if key in loose else Record.from_json(texts[key])
            if record is not None:
                yield record

    def outcomes(self) -> dict[str, tuple[str, str]]:
        """Status and code id of all readable records by key, for choosing what is still to do."""
        table = self._table()
        places, kept = self._overlay(table)
        return {**table.outcomes(kept), **{one.key: (one.status, one.code_id) for one in self._read_all(places)}}

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per record, by key; the columns are those of :func:`prbench.running.store.table.row_of`, all where None."""
        table = self._table()
        places, kept = self._overlay(table)
        return table.frame(kept, [row_of(record) for record in self._read_all(places)], columns)

    def compact_if_many(self) -> None:
        """Compact where thousands of records would be read from files of their own each time, and the folder allows it."""
        if len(self._overlay(self._table())[0]) >= _MANY:
            with contextlib.suppress(CannotWrite):
                self.compact()

    def compact(self) -> int:
        """Write ``records.parquet`` anew from the files and say how many records it holds."""
        # What has changed just now may change again within one tick of the file system's clock, and is read again next time.
        settled = time.time_ns() - _TICK_NS
        table = self._table()
        folders = {name: at if at < settled else 0 for name, at in self._folder_times().items()}
        places, kept = self._overlay(table)
        changed = {place.name.partition(".")[0]: place.stat().st_mtime_ns for place in places}
        texts, rows = table.texts(kept), []
        for record in self._read_all(places):
            texts[record.key] = record.to_json()
            rows.append(row_of(record))
        times = {**table.times(kept), **{row["key"]: changed[row["key"]] for row in rows}}
        times = {key: at if at < settled else 0 for key, at in times.items()}
        frame = table.frame(kept, rows, None)
        replace_file(self.path / TABLE, lambda file: write_table(file, texts, times, folders, frame))
        self._sweep()
        return len(texts)

    def _sweep(self) -> None:
        """Remove what processes killed while writing have left, once it is an hour old."""
        for place in self.path.glob("runs/??/.*.*.*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - place.stat().st_mtime > 3600:
                    place.unlink()

    def write_environment(self, environment: Mapping[str, Any]) -> str:
        """Store an environment once and return its id, the digest of its content."""
        text = canonical(environment)
        name = digest(text)[:16]
        place = self.path / "environments" / f"{name}.json"
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            replace_file(place, lambda file: file.write(text.encode()))
        return name

    # How table and files make one whole

    def _table(self) -> Table:
        return Table(self.path / TABLE)

    def _read_all(self, places: Sequence[Path]) -> Iterator[Record]:
        """The records of files, as far as they can be read, one after another."""
        return (record for place in places if (record := self._read(place)) is not None)

    def _overlay(self, table: Table) -> tuple[list[Path], set[str] | None]:
        """Files of records to be read, and the keys that the table answers for, None for all.

        A folder untouched since the table was made is not looked into; in another, a file unchanged since is not read again, and
        a row without its file is gone. A row whose whole folder is absent stands: a table may travel alone.
        """
        changed = {name for name, at in self._folder_times().items() if table.folders.get(name) != at}
        if not changed:
            return [], None
        known = table.times(None)
        kept = {key for key in known if key[:2] not in changed}
        loose: list[Path] = []
        for name in sorted(changed):
            for entry in os.scandir(self.path / "runs" / name):
                key, _, suffix = entry.name.partition(".")
                if suffix != "json":
                    continue
                if key in known and known[key] == entry.stat().st_mtime_ns:
                    kept.add(key)
                else:
                    loose.append(Path(entry.path))
        return loose, kept

    def _folder_times(self) -> dict[str, int]:
        """The folders of records with the time of their last change."""
        runs = self.path / "runs"
        if not runs.is_dir():
            return {}
        return {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(runs) if entry.is_dir() and len(entry.name) == 2}

    def _record_path(self, key: str) -> Path:
        return self.path / "runs" / key[:2] / f"{key}.json"


def plain_arrays(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The values as arrays of numbers, truth values or text.

    Raises:
        PrbenchError: for Python objects, which no plain format holds.
    """
    whole = {name: np.asarray(value) for name, value in values.items()}
    for name, array in whole.items():
        if array.dtype.hasobject:
            raise PrbenchError(f"{name} is neither an array nor a number; a reconstruction holds nothing else")
    return whole


def replace_file(place: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file whole or not at all; its folder is made where there is none.

    Raises:
        CannotWrite: where the file system does not take it.
    """
    folder, name = os.path.split(place)  # in plain text: paths as objects cost as much as the file
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{secrets.token_hex(4)}")  # noqa: PTH118
    try:
        try:
            file = open(temporary, "xb")  # noqa: PTH123, SIM115
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            file = open(temporary, "xb")  # noqa: PTH123, SIM115
        with file:
            write(file)
        os.replace(temporary, place)  # noqa: PTH105
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        if isinstance(error, OSError):
            raise cannot_write(place, error) from error
        raise


def cannot_write(place: Path, error: OSError) -> CannotWrite:
    """The one line for a file that the file system does not take."""
    reason = error.strerror or one_line(error)
    return CannotWrite(f"{place} cannot be written: {reason}; once that is mended the same command resumes")
