"""Reading records that are damaged, edited, older, or made by a stranger: the record, or one line that says why not."""

from __future__ import annotations

import contextlib
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prbench.running.request.cell import Cell
from prbench.running.store.parquet import table_of
from prbench.running.store.plain import canonical, digest
from prbench.running.store.record import SCHEMA, CorruptRecord, Record
from prbench.running.store.record_text import seal
from prbench.running.store.table import metric_columns, row_of


def whole() -> Record:
    cell = Cell("hio", {"beta": 0.9, "free": None}, "dots", {"size": 8}, "far-field", sample=3)
    return Record(
        cell,
        "ok",
        "hio[beta=0.9]",
        "dots",
        metrics={"sa_nmse": 0.1, "prtf": float("nan")},
        notes={"image": "phase", "range": 6.2},
        cost={"latency_s": 0.1, "ffts": 4, "flops": None},
        curve={"iteration": [0, 4], "seconds": [0.0, 0.1], "residual": [1.0, float("inf")]},
        environment="00ff",
        threads=1,
        problem={"id": "x", "measurement": {"shape": [8, 8], "symmetries": ["shift"]}, "provenance": {"source": "computed"}},
        started="2026-01-01T00:00:00+00:00",
        ended="2026-01-01T00:00:01+00:00",
    )


def unsealed(record: Record) -> dict:
    data = json.loads(record.to_json())
    del data["digest"]
    return data


def read(text: str) -> tuple[Record | None, str]:
    try:
        return Record.from_json(text), ""
    except CorruptRecord as error:
        return None, str(error)


DEEP = "[" * 5000 + "]" * 5000
ODD = (None, True, -1, 10**400, 2**70, 1.5, "text", "", "\ud800", [], {}, [[]], {"a": {"b": [None]}}, ["\x00"], "NaN")


def paths(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


PATHS = [path for path in paths(unsealed(whole())) if path]


def mutated(path, odd, how):
    """A record's JSON with one value changed, sealed anew, and with the key of its spec: only its form can be wrong."""
    data = unsealed(whole())
    at = data
    for step in path[:-1]:
        at = at[step]
    if how == "replace":
        at[path[-1]] = copy.deepcopy(odd)
    elif how == "remove":
        del at[path[-1]]
    elif isinstance(at, dict):
        at[f"{path[-1]}?"] = at.pop(path[-1])
    with contextlib.suppress(ValueError, KeyError):
        data["key"] = digest(canonical(data["spec"])) if path[0] != "key" else data["key"]
    return seal(json.dumps(data))


@given(st.sampled_from(PATHS), st.sampled_from(ODD), st.sampled_from(["replace", "replace", "remove", "rename"]))
def test_a_mutated_record_is_read_whole_or_refused_in_one_line(path, odd, how):
    text = mutated(path, odd, how)
    record, refused = read(text)
    if record is None:
        assert refused.isprintable()
        assert 0 < len(refused) < 400
        return
    again = Record.from_json(record.to_json())
    assert again.to_json() == record.to_json()
    table = table_of([row_of(record)])
    assert table.num_rows == 1
    assert {"key", "status", "latency_s", "error"} <= set(table.column_names)
    table.to_pandas().to_csv()
    record.to_json().encode()


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_that_are_no_record_are_refused(data):
    with pytest.raises(CorruptRecord):
        Record.from_json(data.decode("utf-8", errors="replace"))


@pytest.mark.parametrize("where", ["", "metrics", "problem", "new"])
def test_json_nested_deeply_is_refused(where):
    data = unsealed(whole())
    text = DEEP if not where else json.dumps({**data, where: 0}).replace(f'"{where}": 0', f'"{where}": {DEEP}')
    with pytest.raises(CorruptRecord):
        Record.from_json(text)
    with pytest.raises(CorruptRecord, match="deep"):
        Record.from_json(seal(json.dumps({**data, "problem": {"x": json.loads("[" * 30 + "]" * 30)}})))


def test_an_error_that_is_text_is_told_by_its_member():
    with pytest.raises(CorruptRecord, match=r"\berror .*\btext\b.*\bobject\b"):
        Record.from_json(seal(json.dumps({**unsealed(whole()), "error": "no"})))


def test_every_single_edit_of_a_sealed_record_is_noticed():
    text = whole().to_json()
    for at in range(len(text)):
        other = "1" if text[at] != "1" else "2"
        with pytest.raises(CorruptRecord):
            Record.from_json(text[:at] + other + text[at + 1 :])
    assert Record.from_json(text + "\n").to_json() == text


def test_a_record_of_the_first_schema_takes_the_defaults_of_what_it_lacks():
    data = {**unsealed(whole()), "schema": 1}
    for name in ("warnings", "arrays", "notes", "curve", "threads", "error", "problem"):
        del data[name]
    record = Record.from_json(json.dumps(data))
    assert (record.threads, record.error, dict(record.curve), record.arrays) == (0, None, {}, "")
    assert json.loads(record.to_json())["schema"] == SCHEMA == 2


def test_a_spec_of_fewer_members_keeps_its_key():
    data = {**unsealed(whole()), "schema": 1}
    del data["spec"]["inputs"]
    data["key"] = digest(canonical(data["spec"]))
    record = Record.from_json(json.dumps(data))
    assert record.key == data["key"]
    assert record.cell.inputs == ""


@pytest.mark.parametrize("schema", [0, 3, "2", None, True, [2]])
def test_another_schema_is_refused_by_number(schema):
    with pytest.raises(CorruptRecord, match="schema"):
        Record.from_json(seal(json.dumps({**unsealed(whole()), "schema": schema})))


@pytest.mark.parametrize(
    ("member", "text"),
    [
        ("solver", "raar"),
        ("solver", "hio[beta=0.8]"),
        ("solver", "hio[beta=0.9,gamma=1]"),
        ("solver", "hio["),
        ("dataset", "dots[size=9]"),
        ("dataset", "crystal2d"),
    ],
)
def test_names_that_are_not_those_of_the_spec_are_refused(member, text):
    with pytest.raises(CorruptRecord, match=f"its {member}"):
        Record.from_json(seal(json.dumps({**unsealed(whole()), member: text})))


@pytest.mark.parametrize("text", ["hio", "hio[beta=0.9]", "hio[beta=0.90]", "hio[free=none]", "hio[free=none,beta=0.9]"])
def test_names_that_agree_with_the_spec_are_read(text):
    assert Record.from_json(seal(json.dumps({**unsealed(whole()), "solver": text}))).solver == text


@pytest.mark.parametrize("name", ["status", "key", "latency_s", "error", "stale", "_record", ""])
def test_a_metric_named_as_a_column_has_a_column_of_its_own(name):
    cell = whole().cell
    row = row_of(Record(cell, "ok", "hio", "dots", metrics={name: 0.5, "psnr": 2.0}))
    assert row["status"] == "ok"
    assert row[f"metric.{name}"] == 0.5
    assert metric_columns(row) == sorted(["psnr", f"metric.{name}"])
