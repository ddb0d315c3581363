"""The tables of the page on speckle are those of its records."""

import sys
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "results"
RECORDS = RESULTS / "speckle"


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(RECORDS))
    monkeypatch.delitem(sys.modules, "tables", raising=False)
    import tables

    yield tables
    del sys.modules["tables"]


def test_every_row_stands_on_the_page(tables, capsys):
    tables.of_records(RECORDS)
    page = set((RESULTS / "speckle.md").read_text("utf-8").splitlines())
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(rows) > 60
    assert [row for row in rows if row not in page] == []


def test_the_objects_held_back_are_those_that_the_training_left_out(tables):
    frame = tables.read(RECORDS)
    seen = frame[frame["kind"] == "seen"]
    assert set(seen["geometry"]) == {"cuboid", "random"}
    assert set(seen["material"]) == {"al2o3", "pmma"}
    rest = frame[frame["kind"] != "seen"]
    assert ((rest["material"] == "nylon") | rest["geometry"].isin(["fibre", "sphere"])).all()
