"""Results whose records were made under two conditions: figures and the report keep them apart."""

import json
import re

import pytest

from prbench.reporting.figures import draw_figures
from prbench.reporting.html import write_report
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store
from prbench.running.store.record import Record
from prbench.running.store.results import ResultSet


@pytest.fixture(scope="module")
def two_splits(tmp_path_factory):
    """On the test split one solver is better, on the tune split the other."""
    store = Store(tmp_path_factory.mktemp("splits"))
    dataset = find_plugin("dataset", "crystal2d[size=16]")
    for split in ("test", "tune"):
        for sample in range(6):
            for solver, better in (("er", split == "test"), ("hio", split == "tune")):
                cell = make_cell(find_plugin("solver", solver), dataset, sample=sample, seed=0, split=split, backend="numpy")
                metrics = {"sa_nmse": (0.01 if better else 0.1) * (1 + sample)}
                curve = {"iteration": [0, 10], "seconds": [0.0, 0.1], "residual": [1.0, 0.1]}
                cost = {"latency_s": 0.1, "latency_fft": 10.0, "fft_pair_s": 0.01}
                store.write(Record.of(cell, "ok", metrics=metrics, cost=cost, curve=curve, started="2026-01-01T00:00:00"))
    return ResultSet(store)


def test_the_report_has_a_board_for_each(two_splits, tmp_path):
    page = write_report(two_splits, tmp_path / "report.html").path.read_text()
    data = json.loads(re.search(r'<script[^>]*id="data"[^>]*>(.*?)</script>', page, flags=re.DOTALL)[1])
    tasks = {task["name"]: task for task in data["tasks"]}
    assert list(tasks) == ["far-field-split-test", "far-field-split-tune"]
    for name, first in (("far-field-split-test", "er"), ("far-field-split-tune", "hio")):
        board = tasks[name]["board"]["columns"]
        assert board["solver"]["levels"][0] == first
        assert board["median"] == [0.035, 0.35]
        assert tasks[name]["records"] == 12
        assert [curve["cells"] for curve in tasks[name]["curves"]] == [6, 6]


def test_figures_and_tables_of_each_have_files_of_their_own(two_splits, tmp_path):
    names = {path.name for path in draw_figures(two_splits, tmp_path, formats=("svg",))}
    for split in ("test", "tune"):
        assert {f"far-field-split-{split}-{kind}" for kind in ("quality.svg", "leaderboard.tex", "captions.md")} <= names
    text = (tmp_path / "far-field-split-tune-leaderboard.tex").read_text()
    assert text.index("hio") < text.index("{er}")
