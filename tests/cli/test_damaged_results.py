"""Folders with damaged, edited and odd files: every command tells each in one line, shows the rest, and ends by itself."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.reporting.csv_text import csv_text
from prbench.running.request.cell import Cell, find_plugin, make_cell
from prbench.running.store import compacting
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.record_text import seal
from prbench.running.store.verifying import verify

SAMPLES = 8
COMMANDS = [
    ["status"],
    ["status", "--format", "json"],
    ["status", "--verify"],
    ["leaderboard"],
    *(["leaderboard", "--format", form] for form in ("json", "csv", "markdown", "latex")),
    ["report"],
    ["figures", "--format", "svg"],
    ["rescore"],
    ["compact"],
    ["verify"],
]


def records(samples: int = SAMPLES, **more) -> list[Record]:
    solver, dataset = find_plugin("solver", "er[iterations=200]"), find_plugin("dataset", "crystal2d[size=32]")
    made = []
    for sample in range(samples):
        cell = make_cell(solver, dataset, sample=sample, seed=0, backend="numpy")
        known = {
            "metrics": {"sa_nmse": 0.1 + sample, "r_factor": 0.1},
            "cost": {"latency_s": 1.0, "latency_fft": 2.0},
            "curve": {"iteration": [0, 1], "seconds": [0.0, 1.0], "residual": [1.0, 0.5]},
        }
        made.append(Record.of(cell, "ok", **{**known, **more}))
    return made


def invoke(*words: str):
    result = CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), (words, result.exception)
    assert result.exit_code in (0, 1), (words, result.output)
    return result


def path_of(folder: Path, record: Record, suffix: str = ".json") -> Path:
    return folder / "runs" / record.key[:2] / f"{record.key}{suffix}"


def edited(record: Record, **members) -> str:
    data = {**json.loads(record.to_json()), **members}
    del data["digest"]
    return seal(json.dumps(data))


@pytest.fixture
def damaged(tmp_path):
    """Eight records, of which seven are damaged in different ways, four of them so that nothing can be read."""
    store, made = Store(tmp_path / "out"), records()
    for record in made:
        store.write(record, {"object": np.ones((32, 32), np.complex64)})
    folder = store.path
    path_of(folder, made[0]).write_text(edited(made[0], error="no"))
    path_of(folder, made[1]).write_text("[" * 100_000)
    path_of(folder, made[2]).write_bytes(b"")
    path_of(folder, made[3]).write_text(made[3].to_json().replace('"r_factor": 0.1', '"r_factor": 0.0'))
    path_of(folder, made[4]).write_text(edited(made[4], metrics={"status": 0.5, "sa_nmse": 0.1, "=1+1": 2.0}))
    arrays = path_of(folder, made[5], ".npz")
    arrays.write_bytes(arrays.read_bytes()[:3000])
    np.savez(path_of(folder, made[6], ".npz"), nonsense=np.ones(3))
    (folder / "environments").mkdir()
    (folder / "environments" / "0123456789abcdef.json").write_text("[" * 100_000)
    return folder, made


def test_every_command_shows_the_rest_and_names_what_is_damaged(damaged):
    folder, made = damaged
    assert "metric.status" in invoke("status", folder).stderr
    for words in COMMANDS:
        result = invoke(words[0], folder, *words[1:])
        if words[0] != "rescore":
            for number in range(4):
                assert made[number].key in result.output, (words, result.output)
    assert "4 cells" in invoke("status", folder).output
    assert invoke("verify", folder).exit_code == 1
    assert invoke("status", folder, "--verify").exit_code == 1


@pytest.mark.parametrize("harm", ["cut", "noise", "text", "folder of noise", "other columns", "flipped"])
def test_a_damaged_table_is_told_and_the_records_are_read(tmp_path, harm):
    import pyarrow as pa
    import pyarrow.parquet as pq

    store, made = Store(tmp_path), records()
    for record in made:
        store.write(record)
    store.compact()
    table = tmp_path / "records.parquet"
    data = bytearray(table.read_bytes())
    if harm == "folder of noise":
        table.unlink()
        table.mkdir()
        (table / f"{made[0].key[:2]}.parquet").write_bytes(b"PAR1 noise PAR1")
    elif harm == "other columns":
        pq.write_table(pa.table({"key": [1, 2], "status": [None, "ok"]}), table)
    elif harm == "flipped":
        for at in range(4, len(data) // 2, 7):
            data[at] ^= 0xFF
        table.write_bytes(data)
    else:
        table.write_bytes({"cut": bytes(data[:-100]), "noise": os.urandom(5000), "text": b"{}"}[harm])
    if harm != "folder of noise":  # a table is asked although its folders are untouched
        for words in COMMANDS[:8]:
            assert "records.parquet" in invoke(words[0], tmp_path, *words[1:]).output, words
    assert len(Store(tmp_path).frame()) == SAMPLES
    assert len(list(Store(tmp_path).records())) == SAMPLES
    assert invoke("compact", tmp_path).exit_code == 0
    assert not Store(tmp_path).corrupt
    assert len(Store(tmp_path).frame()) == SAMPLES


def test_compact_notices_what_was_edited_or_cut_in_place(tmp_path):
    store, made = Store(tmp_path), records()
    for record in made:
        store.write(record)
    assert "8 records" in invoke("compact", tmp_path).output
    for record, text in ((made[0], made[0].to_json().replace("0.1", "0.0")), (made[1], made[1].to_json()[:300])):
        path = path_of(tmp_path, record)
        with path.open("r+") as file:  # in place: the folder's time stays
            file.truncate()
            file.write(text)
    result = invoke("compact", tmp_path)
    assert "6 records" in result.output
    for told in (result, invoke("status", tmp_path), invoke("compact", tmp_path), invoke("leaderboard", tmp_path)):
        assert made[0].key in told.stderr
        assert made[1].key in told.stderr


def test_thousands_of_records_are_cut_into_tables_of_their_own(tmp_path, monkeypatch):
    """As five thousand are: from one table, and from none; what changes in one folder leaves the other tables alone."""
    store, made = Store(tmp_path), records(40)
    for record in made[:30]:
        store.write(record)
    before = store.frame()
    store.compact()
    assert (tmp_path / "records.parquet").is_file()
    monkeypatch.setattr(compacting, "MANY", 20)
    assert store.compact() == 30
    tables = {path.stem: path.stat().st_ino for path in (tmp_path / "records.parquet").iterdir()}
    assert set(tables) == {record.key[:2] for record in made[:30]}
    pd.testing.assert_frame_equal(store.frame(), before)
    for path in [*tmp_path.glob("runs/??/*"), *tmp_path.glob("runs/??")]:
        os.utime(path, (1e9, 1e9))
    store.compact()
    tables = {path.stem: path.stat().st_ino for path in (tmp_path / "records.parquet").iterdir()}
    for record in made[30:]:
        store.write(record)
    assert len(store.frame()) == 40
    assert {key: store.outcomes()[key][0] for key in store.outcomes()} == {record.key: "ok" for record in made}
    assert store.compact() == 40
    touched = {record.key[:2] for record in made[30:]}
    after = {path.stem: path.stat().st_ino for path in (tmp_path / "records.parquet").iterdir()}
    assert {name for name in tables if after[name] != tables[name]} <= touched
    assert [record.key for record in store.records()] == sorted(record.key for record in made)
    path_of(tmp_path, made[0]).unlink()
    assert store.compact() == 39
    assert "39 cells" in invoke("status", tmp_path).output


def test_records_of_a_task_that_nothing_declares_are_told_and_left_out(tmp_path):
    store, made = Store(tmp_path), records()
    for record in made:
        store.write(record)
    cell = Cell("other", {}, "thing", {}, "no-such-task")
    store.write(Record(cell, "ok", "other", "thing", metrics={"sa_nmse": 0.1}))
    result = invoke("leaderboard", tmp_path)
    assert "no-such-task" in result.stderr
    assert "crystal2d" in result.output
    assert "no-such-task" in invoke("status", tmp_path).output


def test_verify_finds_what_only_digests_can(tmp_path):
    store, made = Store(tmp_path), records(4)
    for record in made:
        store.write(record, {"object": np.ones((32, 32), np.complex64)})
    store.write_environment({"a": 1})
    store.compact()
    assert invoke("verify", tmp_path).exit_code == 0
    np.savez(path_of(tmp_path, made[0], ".npz"), object=np.zeros((32, 32), np.complex64))
    path_of(tmp_path, made[1], ".npz").unlink()
    path, before = path_of(tmp_path, made[2]), path_of(tmp_path, made[2]).stat()
    path.write_text(path.read_text().replace("0.1", "0.0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    next((tmp_path / "environments").iterdir()).write_text('{"a":2}')
    result = invoke("verify", tmp_path)
    assert result.exit_code == 1
    assert "4 faults" in result.output
    assert all(made[n].key in result.stderr for n in range(3))
    assert made[3].key not in result.stderr


def test_cells_of_csv_are_no_formulas():
    texts = ["=1+1", "+1", "-cmd", "@x", "\tx", "\rx", "plain", "a=b"]
    rows = pd.DataFrame({"=name": texts, "value": [-1.0] * 8, "mixed": [-1, *texts[1:]]})
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert read[0] == ["'=name", "value", "mixed"]
    assert [row[0] for row in read[1:]] == ["'=1+1", "'+1", "'-cmd", "'@x", "'\tx", "' x", "plain", "a=b"]
    assert {row[1] for row in read[1:]} == {"-1.0"}
    assert read[1][2] == "-1"


def test_leaderboards_write_hostile_names_as_text(tmp_path):
    store = Store(tmp_path)
    for number, name in enumerate(("=cmd|calc!A0", "+x", "@x")):
        cell = Cell(name, {}, "-dots", {}, "far-field", sample=number)
        store.write(Record(cell, "ok", name, "-dots", metrics={"sa_nmse": 0.1, "r_factor": 0.1}, cost={"latency_s": 1.0}))
    read = list(csv.reader(io.StringIO(invoke("leaderboard", tmp_path, "--format", "csv").stdout)))
    assert not [cell for row in read for cell in row if cell[:1] in "=+-@" and cell[:1] and not cell[1:2].isdigit()]
    assert any("'=cmd" in cell for row in read for cell in row)


def _folder(path):
    return path.parent.name


@pytest.mark.parametrize("stored", sorted((Path(__file__).parents[2] / "results").glob("*/records.parquet")), ids=_folder)
def test_rows_of_a_table_that_came_alone_are_verified_and_counted(stored, tmp_path):
    shutil.copy(stored, tmp_path)
    result = verify(Store(tmp_path))
    assert (result.records, result.rows, result.faults) == (0, pq.read_metadata(stored).num_rows, {})
    assert invoke("verify", tmp_path).exit_code == 0
