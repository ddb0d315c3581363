"""The store: what goes in comes out, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.errors import PrbenchError, UsageError
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store
from prbench.running.store.plain import canonical
from prbench.running.store.record import CorruptRecord, Record
from prbench.running.store.record_text import seal


def record(sample: int = 0, seed: int = 0, status="ok", **more) -> Record:
    cell = Cell("hio", {"beta": 0.9}, "dots", {"size": 8}, "far-field", sample=sample, seed=seed)
    return Record(cell, status, "hio", "dots", **more)


def age(store: Store) -> None:
    """As if everything had been written an hour ago."""
    for path in [*store.path.rglob("*.json"), *(p for p in store.path.rglob("*") if p.is_dir())]:
        os.utime(path, ns=(path.stat().st_mtime_ns - 3_600_000_000_000,) * 2)


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(st.dictionaries(st.text(min_size=1, max_size=5), numbers, max_size=4), st.lists(numbers, max_size=4))
def test_a_record_survives_standard_json_with_every_number(metrics, residual):
    def refuse(name):
        raise AssertionError(name)

    text = record(metrics=metrics, curve={"residual": residual}).to_json()
    json.loads(text, parse_constant=refuse)
    back = Record.from_json(text)
    assert back.to_json() == text
    assert canonical(back.metrics) == canonical(metrics)
    assert np.array_equal(np.array(back.curve["residual"], float), np.array(residual, float), equal_nan=True)


def test_arrays_come_back_bit_for_bit_and_without_pickle(tmp_path):
    store, one = Store(tmp_path), record()
    arrays = {"object": np.random.default_rng(0).standard_normal((3, 4)) * 1j, "aux.file": np.int64(3), "aux.text": "word"}
    store.write(one, arrays)
    back = store.arrays(one.key)
    assert back.keys() == arrays.keys()
    assert all(np.asarray(arrays[k]).tobytes() == back[k].tobytes() for k in arrays)
    store.write(one, {})
    assert store.arrays(one.key) == {}
    with pytest.raises(PrbenchError, match=r"^x .*array"):
        store.write(one, {"x": object()})


def test_a_store_nobody_wrote_to_is_empty_and_leaves_no_trace(tmp_path):
    store = Store(tmp_path / "none")
    assert store.keys() == []
    assert list(store.records()) == []
    assert store.read("0" * 32) is None
    assert not store.path.exists()
    assert list(store.frame()["solver"]) == []


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(UsageError, match=rf"{tmp_path / 'x'} .*folder"):
        Store(tmp_path / "x")


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\xff", '{"schema": 1}', '{"schema": 99}'])
def test_what_is_no_record_is_missing_told_and_kept(tmp_path, text):
    store, one = Store(tmp_path), record()
    store.write(one)
    path = tmp_path / "runs" / one.key[:2] / f"{one.key}.json"
    path.write_bytes(text.encode("latin-1"))
    assert store.read(one.key) is None
    assert store.keys() == []
    assert list(store.corrupt) == [path]
    store.write(one)
    assert store.keys() == [one.key]
    assert not store.corrupt
    assert path.with_suffix(".json.corrupt").exists()


def test_a_record_cut_anywhere_or_moved_is_corrupt(tmp_path):
    text = record().to_json()
    for end in range(len(text)):
        with pytest.raises(CorruptRecord):
            Record.from_json(text[:end])
    with pytest.raises(CorruptRecord, match="digest"):
        Record.from_json(text.replace('"beta": 0.9', '"beta": 0.8'))
    moved = json.loads(text.replace('"beta": 0.9', '"beta": 0.8'))
    del moved["digest"]
    with pytest.raises(CorruptRecord, match="key"):
        Record.from_json(seal(json.dumps(moved)))


def test_an_archive_of_arrays_cut_off_is_told(tmp_path):
    store, one = Store(tmp_path), record()
    store.write(one, {"object": np.ones(100)})
    path = tmp_path / "runs" / one.key[:2] / f"{one.key}.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CorruptRecord, match=rf"{one.key}\.npz .*NPZ"):
        store.arrays(one.key)


def declares_four_terabytes(path):
    with zipfile.ZipFile(path, "w") as archive, archive.open("object.npy", "w") as stream:
        np.lib.format.write_array_header_1_0(stream, {"descr": "<f4", "fortran_order": False, "shape": (2**20, 2**20)})
        stream.write(bytes(2**10))


@pytest.mark.parametrize(
    "make",
    [lambda path: np.savez_compressed(path, object=np.zeros(2**20)), declares_four_terabytes, lambda p: p.write_bytes(b"PK")],
)
def test_an_archive_that_would_be_larger_than_its_file_is_refused(tmp_path, make):
    store, one = Store(tmp_path), record()
    store.write(one, {"object": np.ones(100)})
    make(tmp_path / "runs" / one.key[:2] / f"{one.key}.npz")
    with pytest.raises(CorruptRecord, match=rf"{one.key}\.npz .*NPZ"):
        store.arrays(one.key)


def mixture():
    for sample in range(30):
        status = "ok" if sample % 3 else "error"
        error = None if status == "ok" else {"stage": "solving", "type": "ValueError", "message": "no"}
        metrics = {"sa_mse": float(sample), "psnr": float("nan")} if status == "ok" else {}
        yield record(sample, status=status, metrics=metrics, cost={"latency_s": 1.0, "ffts": 3}, error=error)


@pytest.mark.parametrize("old", [False, True])
def test_compacting_changes_nothing_that_is_read(tmp_path, old):
    store = Store(tmp_path)
    for one in mixture():
        store.write(one)
    if old:
        age(store)
    loose = store.frame()
    assert store.compact() == 30
    pd.testing.assert_frame_equal(store.frame(), loose)
    assert [r.to_json() for r in store.records()] == sorted((r.to_json() for r in mixture()), key=lambda t: json.loads(t)["key"])

    changed, new = record(4, metrics={"sa_mse": -1.0}), record(99)
    gone = record(7)
    store.write(changed)
    store.write(new)
    (tmp_path / "runs" / gone.key[:2] / f"{gone.key}.json").unlink()
    assert store.frame().set_index("key").loc[changed.key, "sa_mse"] == -1.0
    assert set(store.keys()) == {r.key for r in mixture()} - {gone.key} | {new.key}
    before = store.frame()
    assert store.compact() == 30
    pd.testing.assert_frame_equal(store.frame(), before)
    (tmp_path / "records.parquet").unlink()
    pd.testing.assert_frame_equal(store.frame(), before)


def test_a_table_may_travel_alone(tmp_path):
    import shutil

    store = Store(tmp_path)
    for one in mixture():
        store.write(one)
    before, one = store.frame(), next(mixture())
    store.compact()
    shutil.rmtree(tmp_path / "runs")
    pd.testing.assert_frame_equal(store.frame(), before)
    assert store.read(one.key).to_json() == one.to_json()


@pytest.mark.parametrize("many", [5000, 10], ids=["one file", "a file per folder"])
def test_a_table_that_travelled_alone_keeps_its_rows_beside_new_records(tmp_path, monkeypatch, many):
    """A record of the same two first letters made a folder, and the rows whose files would be in it were gone."""
    import shutil

    monkeypatch.setattr("prbench.running.store.compacting.MANY", many)
    first = Store(tmp_path)
    for one in mixture():
        first.write(one)
    first.compact()
    shutil.rmtree(tmp_path / "runs")
    store = Store(tmp_path)
    old = {one.key: one.to_json() for one in store.records()}
    new = [record(n) for n in range(100, 400)]  # more than there are pairs of letters
    again = next(mixture())
    changed = dataclasses.replace(again, metrics={"sa_mse": -2.0})
    for one in (*new, changed):
        store.write(one)
    expected = {**old, **{one.key: one.to_json() for one in (*new, changed)}}
    for _ in range(3):
        assert {one.key: one.to_json() for one in Store(tmp_path).records()} == expected
        assert Store(tmp_path).compact() == len(expected)
        assert Store(tmp_path).read(sorted(old)[1]).key == sorted(old)[1]
    gone = new[0].key
    (tmp_path / "runs" / gone[:2] / f"{gone}.json").unlink()
    assert set(Store(tmp_path).keys()) == set(expected) - {gone}


@pytest.mark.parametrize("many", [5000, 10], ids=["one file", "a file per folder"])
def test_a_table_keeps_its_rows_beside_files_copied_to_it(tmp_path, monkeypatch, many):
    """Files put by hand into ``runs/`` of a table that had come alone cost it the rows of the same folders."""
    import shutil

    monkeypatch.setattr("prbench.running.store.compacting.MANY", many)
    table, other = Store(tmp_path / "table"), Store(tmp_path / "other")
    for one in mixture():
        table.write(one)
    table.compact()
    shutil.rmtree(tmp_path / "table" / "runs")
    again = dataclasses.replace(next(mixture()), metrics={"sa_mse": -2.0625})
    new = [record(n) for n in range(100, 180)]
    assert {one.key[:2] for one in new} & {one.key[:2] for one in mixture()}
    for one in (*new, again):
        other.write(one)
    expected = {one.key: one.to_json() for one in (*mixture(), *new, again)}
    shutil.copytree(tmp_path / "other" / "runs", tmp_path / "table" / "runs")
    for _ in range(2):
        assert {one.key: one.to_json() for one in Store(tmp_path / "table").records()} == expected
        assert Store(tmp_path / "table").compact() == len(expected)
    shutil.copytree(tmp_path / "other" / "runs", tmp_path / "table" / "runs", dirs_exist_ok=True)
    assert set(Store(tmp_path / "table").keys()) == set(expected)
    gone = new[0].key
    (tmp_path / "table" / "runs" / gone[:2] / f"{gone}.json").unlink()
    assert set(Store(tmp_path / "table").keys()) == set(expected) - {gone}


def test_a_large_table_is_read_at_once(tmp_path):
    from prbench.running.store.parquet import write_table

    records = [record(n, n % 7, metrics={"sa_mse": n / 3, "r_factor": 0.1}, cost={"latency_s": 1.0}) for n in range(10_000)]
    with (tmp_path / "records.parquet").open("wb") as file:
        write_table(file, {r.key: r.to_json() for r in records}, {r.key: 0 for r in records}, {})
    assert len(Store(tmp_path).frame()) == 10_000


def test_columns_are_in_the_order_promised(tmp_path):
    store = Store(tmp_path)
    store.write(record(metrics={"z": 1.0, "a": 2.0}))
    columns = list(store.frame().columns)
    assert columns[:7] == ["key", "task", "solver", "dataset", "sample", "seed", "status"]
    assert columns.index("a") < columns.index("z") < columns.index("latency_s") < columns.index("error")


def test_compacting_sweeps_what_killed_writers_left(tmp_path):
    store, one = Store(tmp_path), record()
    store.write(one)
    old, new = (tmp_path / "runs" / one.key[:2] / f".{name}.json.12.ab" for name in ("old", "new"))
    for path in (old, new):
        path.touch()
    os.utime(old, (0, 0))
    store.compact()
    assert (old.exists(), new.exists(), store.keys()) == (False, True, [one.key])


def test_environments_are_stored_once(tmp_path):
    store = Store(tmp_path)
    assert store.write_environment({"a": 1}) == store.write_environment({"a": 1}) != store.write_environment({"a": 2})
    assert len(list((tmp_path / "environments").iterdir())) == 2


def test_two_processes_write_one_folder(tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import numpy as np; from test_store import record; "
        "from prbench.running.store.folder import Store; s = Store(sys.argv[2])\n"
        "for n in range(150):\n"
        "    s.write(record(n % 10, metrics={'m': float(n)}), {'object': np.full(500, n)}); s.read(record((n * 3) % 10).key)\n"
        "    n % 50 or s.compact()\n"
        "assert not s.corrupt, s.corrupt"
    )
    call = [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)]
    processes = [subprocess.Popen(call, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in processes:
        _, told = process.communicate(timeout=300)
        assert process.returncode == 0, told
    store = Store(tmp_path)
    assert len(store.keys()) == 10
    assert not store.corrupt
    assert not [p for p in tmp_path.rglob(".*") if p.is_file()]
