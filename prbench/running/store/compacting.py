"""Making ``records.parquet``: one file for hundreds of records, one file per folder of records for thousands."""

from __future__ import annotations

import contextlib
import gc
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .files import cannot_write, replace_file
from .index import TABLE, Group, Index, keep_rows_without_files
from .parquet import Rows, Stamp, write_part
from .record import Record
from .table import row_of

if TYPE_CHECKING:
    import pyarrow as pa

MANY = 5000
_TICK_NS = 2_000_000_000
Read = Callable[[Path], tuple[Record, str] | None]
"""Reads the file of a record; None where it cannot be read."""


def compact(index: Index, groups: Sequence[tuple[str, Group]], read: Read) -> int:
    """Bring the tables up to date and say how many records they hold.

    Args:
        index: of the store.
        groups: as the index gave them.
        read: reads the file of a record.

    Raises:
        CannotWrite: where the file system does not take it.
        DamagedTable: where a table cannot be read.
    """
    # What has changed just now may change again within one tick of the file system's clock, and is read again next time.
    settled = time.time_ns() - _TICK_NS
    if index.came_alone:  # from here on the table knows files, and its other rows would be gone
        keep_rows_without_files(index)
        groups = list(index.groups(thorough=True))
    folders = {name: at if at < settled else 0 for name, at in index.folders.items()}
    count = sum(len(group) for _, group in groups)

    def noting(path: Path) -> tuple[Record, str] | None:
        result = read(path)
        if result is None:  # so that the folder is looked into, and the file told, the next time as well
            folders[path.parent.name] = 0
        return result

    collecting = gc.isenabled()
    gc.disable()  # what JSON makes has no cycles, and to look for some among all that is imported takes a third of the time
    try:
        if index.sharded:
            count = sum(_one_of_many(index, name, group, folders, noting, settled) for name, group in groups)
        elif count < MANY or _travels_alone(index, groups):
            count = _all_in_one(index, groups, folders, noting, settled)
        else:
            count = _cut(index, groups, folders, noting, settled)
        _sweep(index)
    except OSError as error:
        raise cannot_write(index.table, error) from error
    finally:
        if collecting:
            gc.enable()
    return count


def _all_in_one(index: Index, groups: Sequence[tuple[str, Group]], folders: Mapping[str, int], read: Read, settled: int) -> int:
    tables = [table for _, group in groups for table in _tables(group, read, settled)] or [Rows([], [], []).table()]
    replace_file(index.table, lambda file: write_part(file, tables, folders))
    return sum(len(table) for table in tables)


def _one_of_many(index: Index, name: str, group: Group, folders: Mapping[str, int], read: Read, settled: int) -> int:
    """Write the table of one folder anew where it no longer tells all."""
    path, at = index.part_path(name), folders.get(name)
    if group.part is not None and not group.changed and (at is None or group.part.folders.get(name) == at):
        return len(group)
    tables = list(_tables(group, read, settled))
    count = sum(len(table) for table in tables)
    if count:
        replace_file(path, lambda file: write_part(file, tables, {name: folders.get(name, 0)}))
    else:
        path.unlink(missing_ok=True)
    return count


def _cut(index: Index, groups: Sequence[tuple[str, Group]], folders: Mapping[str, int], read: Read, settled: int) -> int:
    """Write a folder of tables in place of one file or of none; complete before it takes its place."""
    import pyarrow.compute as pc

    new = index.table.with_name(f".{TABLE}.{os.getpid()}.{secrets.token_hex(4)}")
    old = new.with_suffix(".old")
    new.mkdir()
    count = 0
    one = groups[0][1] if groups and groups[0][0] == "" else None  # one file answers for all
    rows = None if one is None or one.part is None else one.part.read(None, one.keys)
    try:
        for name in sorted(folders):
            if one is not None:
                mine = Group(loose=[path for path in one.loose if path.parent.name == name])
                tables = [] if rows is None else [rows.filter(pc.starts_with(rows["key"], name))]
                tables += _tables(mine, read, settled)
            else:
                tables = [table for other, group in groups if other == name for table in _tables(group, read, settled)]
            length = sum(len(table) for table in tables)
            if length:
                replace_file(new / f"{name}.parquet", lambda file, t=tables, f={name: folders[name]}: write_part(file, t, f))  # type: ignore[misc]
            count += length
        if index.table.is_file():
            index.table.rename(old)
        new.rename(index.table)
    except OSError:
        if index.table.is_dir():  # another process was first
            return count
        raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
        old.unlink(missing_ok=True)
    return count


def _tables(group: Group, read: Read, settled: int) -> list[pa.Table]:
    """The rows of a group: those that a table answers for, and those read now."""
    tables = [] if group.part is None else [group.part.read(None, group.keys)]
    rows = Rows([], [], [])
    for path in group.loose:
        with contextlib.suppress(FileNotFoundError):
            before = path.stat()
            result = read(path)
            if result is not None:
                rows.rows.append(row_of(result[0]))
                rows.texts.append(result[1])
                rows.stamps.append(Stamp(before.st_mtime_ns if before.st_mtime_ns < settled else 0, before.st_size))
    return [table for table in (*tables, *([rows.table()] if rows.rows else [])) if len(table)]


def _travels_alone(index: Index, groups: Sequence[tuple[str, Group]]) -> bool:
    """Whether there are rows without the folders of their files, which nothing could make again."""
    part = groups[0][1].part if groups else None
    return part is not None and any(key[:2] not in index.folders for key in part.stamps())


def _sweep(index: Index) -> None:
    """Remove what processes killed while writing have left, once it is an hour old."""
    for path in index.runs.glob("??/.*.*.*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > 3600:
                path.unlink()
