"""Checking everything that a folder of results holds against the digests written with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from prbench.core.names import is_reference
from prbench.errors import PrbenchError, one_line
from prbench.running.code_id import code_id

from .array_files import arrays_digest
from .folder import Store
from .index import DamagedTable, Index
from .plain import digest
from .record import CorruptRecord, Record


@dataclass
class Verification:
    """What was found.

    Attributes:
        records: how many were read and are what they were when they were written.
        rows: of tables, how many are what they were when they were written; a record and its row count both.
        arrays: how many files of arrays match the digest in their record.
        undigested: records of schema 1, which were written without a digest.
        faults: what does not match, with the reason.
    """

    records: int = 0
    rows: int = 0
    arrays: int = 0
    undigested: int = 0
    faults: dict[Path, str] = field(default_factory=dict)


def verify(store: Store) -> Verification:
    """Read every record, its arrays, the environments and the tables, whatever the tables say, and compare digests."""
    result = Verification()
    for path in sorted(store.path.glob("runs/??/*.json")):
        _verify_record(store, path, result)
    for path in sorted(store.path.glob("runs/??/*.npz")):
        if not path.with_suffix(".json").exists():
            result.faults[path] = "arrays without a record: their run was killed, or the record has been removed"
    for path in sorted(store.path.glob("environments/*.json")):
        if digest(path.read_bytes())[:16] != path.stem:
            result.faults[path] = "the environment does not match the digest that is its name"
    _verify_tables(store, result)
    return result


def _verify_record(store: Store, path: Path, result: Verification) -> None:
    try:
        text = path.read_bytes().decode()
        record = Record.from_json(text)
        if path.name != f"{record.key}.json":
            result.faults[path] = f"it is the record {record.key}"
            return
    except (CorruptRecord, UnicodeDecodeError, OSError) as error:
        result.faults[path] = one_line(error)
        return
    result.records += 1
    result.undigested += '"digest"' not in text[-60:]
    if (misspelled := _misspelled(record)) is not None:
        result.faults[path] = misspelled
    arrays = path.with_suffix(".npz")
    if not arrays.exists():
        if record.arrays:
            result.faults[arrays] = "the arrays of the record are missing"
        return
    try:
        stored = arrays_digest(store.arrays(record.key))
    except CorruptRecord as error:
        result.faults[arrays] = one_line(error)
        return
    if record.arrays and stored != record.arrays:
        result.faults[arrays] = "the arrays do not match the digest in their record"
    elif record.arrays:
        result.arrays += 1


def _misspelled(record: Record) -> str | None:
    """Whether names leave out settings that are not at their defaults; told only where the code is that of the record.

    Only registered solvers and datasets are looked at: a reference named by a record is never imported.
    """
    cell = record.cell
    if is_reference(cell.solver) or is_reference(cell.dataset):
        return None
    try:
        spelled = cell.solver_spelled, cell.dataset_spelled
        if record.code_id != code_id(type(cell.build_solver()), type(cell.build_dataset())):
            return None
    except PrbenchError:
        return None
    if spelled == (record.solver, record.dataset):
        return None
    return f"its names do not give the settings of its spec, which are those of {one_line(' on '.join(spelled), 160)}"


def _verify_tables(store: Store, result: Verification) -> None:
    index = Index(store.path, {})
    for path in sorted(index.table.glob("*.parquet")) if index.sharded else [index.table]:
        if not path.exists():
            continue
        try:
            part = index.open_part(path)
            texts = part.texts()
        except DamagedTable as damage:
            result.faults[path] = str(damage)
            continue
        for key, text in texts.items():
            try:
                if Record.from_json(text).key == key:
                    result.rows += 1
                else:
                    result.faults[path / key] = "the row holds another record"
            except CorruptRecord as error:
                result.faults[path / key] = one_line(error)
