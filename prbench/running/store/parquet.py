"""Parquet files of records: the rows of results, each with the text of its record and how its file was when it was read."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from prbench.errors import one_line

from .record import Record
from .table import COST, COUNTS, HEAD, SPEC, TAIL, TEXTS, in_order, row_of

if TYPE_CHECKING:
    import pyarrow as pa

_TEXT, _TIME, _SIZE, _FOLDERS = "_record", "_file_time_ns", "_file_bytes", b"prbench.folders"
_HIDDEN = (_TEXT, _TIME, _SIZE)
_WITHOUT_FILE = -2


class DamagedTable(Exception):
    """A Parquet file cannot be read, or does not hold what a table of records holds; the records' own files can."""

    def __init__(self, path: Path, reason: object) -> None:
        super().__init__(f"not a table of records: {one_line(reason, 200)}")
        self.path = path


@dataclass(frozen=True)
class Stamp:
    """How a record's file was when it was read: what tells one that has been changed since.

    Attributes:
        time_ns: of its last change; 0 where it may change again within one tick of the clock.
        size: bytes; -1 in a table of an older version, which did not note it; -2 where the row alone is left of the record.
    """

    time_ns: int
    size: int = -1

    @property
    def without_file(self) -> bool:
        """Whether the row stands without a file: the table came from elsewhere, and its records' files did not."""
        return self.size == _WITHOUT_FILE

    def same(self, time_ns: int, size: int) -> bool:
        """Whether a file that is so now has not been written to since."""
        return self.time_ns == time_ns and self.size in (size, -1)


class TablePart:
    """One Parquet file; replaced meanwhile, it is read to its end.

    Attributes:
        path: the file.

    Raises:
        DamagedTable: from every method, where the file is not what it should be.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.path = path
        try:
            self._file = pq.ParquetFile(path, page_checksum_verification=True)
            self.names = self._file.schema_arrow.names
            kinds = dict(zip(self.names, self._file.schema_arrow.types, strict=True))
            wrong = [name for name in (*HEAD, _TEXT, _TIME) if name not in kinds]  # others may be a later version's
            wrong += [name for name in (*TEXTS, _TEXT) if name in kinds and not _is_text(kinds[name])]
            wrong += [name for name in (*COUNTS, _TIME, _SIZE) if name in kinds and not pa.types.is_integer(kinds[name])]
            wrong += [n for n in self.names if n not in (*TEXTS, *COUNTS, *_HIDDEN) and not _is_number(kinds[n])]
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise DamagedTable(path, error) from error
        if wrong:
            raise DamagedTable(path, f"the column {wrong[0]} is missing or of another kind")

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @cached_property
    def folders(self) -> dict[str, int]:
        """When each folder of records had last changed at the time the file was made."""
        try:
            result = json.loads((self._file.schema_arrow.metadata or {}).get(_FOLDERS, b"{}"))
            return {str(name): int(at) for name, at in result.items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedTable(self.path, error) from error

    def read(self, columns: Sequence[str] | None = None, keys: set[str] | None = None) -> pa.Table:
        """Rows, those of ``keys`` or all, with those of ``columns`` that there are, or all."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = None if columns is None else list(dict.fromkeys(n for n in ("key", *columns) if n in self.names))
        try:
            result = self._file.read(columns=wanted)
            if any(result[name].null_count for name in result.column_names if name in (*HEAD, _TEXT, _TIME, _SIZE)):
                raise DamagedTable(self.path, "a column has gaps")
            return result if keys is None else result.filter(pc.is_in(result["key"], pa.array(sorted(keys), pa.string())))
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise DamagedTable(self.path, error) from error

    def visible(self, columns: Sequence[str] | None = None, keys: set[str] | None = None) -> pa.Table:
        """As :meth:`read`, without the columns that are for the store alone."""
        return self.read([name for name in self.names if name not in _HIDDEN] if columns is None else columns, keys)

    def stamps(self, prefix: str = "") -> dict[str, Stamp]:
        """How the files of records were, by key, of those whose keys begin with ``prefix``."""
        result = self.read([_TIME, _SIZE])
        keys, times = result["key"].to_pylist(), result[_TIME].to_pylist()
        sizes = result[_SIZE].to_pylist() if _SIZE in result.column_names else [-1] * len(keys)
        return {key: Stamp(at, size) for key, at, size in zip(keys, times, sizes, strict=True) if key.startswith(prefix)}

    def texts(self, keys: set[str] | None = None) -> dict[str, str]:
        """The JSON of records by key."""
        result = self.read([_TEXT], keys)
        return dict(zip(result["key"].to_pylist(), result[_TEXT].to_pylist(), strict=True))


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind))


@dataclass
class Rows:
    """Records on their way into a table.

    Attributes:
        rows: as :func:`~prbench.running.store.table.row_of` makes them.
        texts: their JSON.
        stamps: how their files were.
    """

    rows: list[dict[str, Any]]
    texts: list[str]
    stamps: list[Stamp]

    def table(self) -> pa.Table:
        """All columns, the hidden ones included."""
        import pyarrow as pa

        hidden = {
            _TEXT: pa.array(self.texts, pa.string()),
            _TIME: pa.array([stamp.time_ns for stamp in self.stamps], pa.int64()),
            _SIZE: pa.array([stamp.size for stamp in self.stamps], pa.int64()),
        }
        return table_of(self.rows, hidden)


def table_of(rows: Sequence[Mapping[str, Any]], more: Mapping[str, pa.Array] | None = None) -> pa.Table:
    """Rows with all columns and ``more``; numbers but counts are floats, empty where a record has none."""
    import pyarrow as pa

    names = in_order([*HEAD, *SPEC, *COST, *TAIL, *set().union(*rows)])
    lists = zip(*(map(row.get, names) for row in rows), strict=True) if rows else [()] * len(names)
    columns = {name: _column(name, values) for name, values in zip(names, lists, strict=True)}
    return pa.table({**columns, **(more or {})})


def _column(name: str, values: Sequence[Any]) -> pa.Array:
    import pyarrow as pa

    if name in TEXTS or name in COUNTS:
        return pa.array(values, pa.string() if name in TEXTS else pa.int64())
    try:
        return pa.array(values, pa.float64())
    except pa.ArrowInvalid:  # a whole number that a float holds in round figures only
        return pa.array([None if value is None else float(value) for value in values], pa.float64())


def write_part(file: IO[bytes], tables: Sequence[pa.Table], folders: Mapping[str, int]) -> None:
    """Write rows, sorted by key, with the times of the folders that their files are in."""
    import pyarrow.parquet as pq

    table = concatenated(tables).sort_by("key")
    table = table.select([*in_order(table.column_names), *(name for name in _HIDDEN if name in table.column_names)])
    table = table.replace_schema_metadata({_FOLDERS: json.dumps(folders).encode()})
    repeated = [name for name in table.column_names if name in TEXTS and name != "key"]
    counted = [name for name in table.column_names if name not in _HIDDEN]
    pq.write_table(table, file, compression="zstd", write_page_checksum=True, use_dictionary=repeated, write_statistics=counted)


def concatenated(tables: Sequence[pa.Table]) -> pa.Table:
    """Rows of several tables; a column that one does not have is empty there."""
    import pyarrow as pa

    return tables[0] if len(tables) == 1 else pa.concat_tables(tables, promote_options="permissive")


def marked_without_files(table: pa.Table, folders: Collection[str]) -> pa.Table | None:
    """The rows with those marked whose folder of files is none of ``folders``; None where all of these are marked already."""
    import pyarrow as pa

    keys, times = table["key"].to_pylist(), table[_TIME].to_pylist()
    sizes = table[_SIZE].to_pylist() if _SIZE in table.column_names else [-1] * len(keys)
    stamps = [
        Stamp(at, size) if key[:2] in folders else Stamp(0, _WITHOUT_FILE)
        for key, at, size in zip(keys, times, sizes, strict=True)
    ]
    if [stamp.size for stamp in stamps] == sizes:
        return None
    told = {_TIME: [stamp.time_ns for stamp in stamps], _SIZE: [stamp.size for stamp in stamps]}
    for name, values in told.items():
        column = pa.array(values, pa.int64())
        at = table.column_names.index(name) if name in table.column_names else None
        table = table.append_column(name, column) if at is None else table.set_column(at, name, column)
    return table


def write_table(file: IO[bytes], texts: Mapping[str, str], times: Mapping[str, int], folders: Mapping[str, int]) -> None:
    """Write records as one Parquet file.

    Args:
        file: to write to.
        texts: the JSON of every record by key.
        times: when the file of each was last changed, in nanoseconds.
        folders: the same of the folders that the files are in.
    """
    keys = sorted(texts)
    rows = Rows(
        rows=[row_of(Record.from_json(texts[key])) for key in keys],
        texts=[texts[key] for key in keys],
        stamps=[Stamp(times[key], len(texts[key].encode())) for key in keys],
    )
    write_part(file, [rows.table()], folders)
