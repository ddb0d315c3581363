"""Results made by a stranger: names with markup, control characters and path parts stay text, inside the folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.core import task_names
from prbench.running.request.cell import Cell
from prbench.running.store.folder import Store
from prbench.running.store.record import CorruptRecord, Record

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"
CONTROL = "\x1b]0;title\x07\x1b[31mred\n\r\u202eback"
SOLVERS = ("er", f"../../{MARKUP}", CONTROL, "'; touch executed #", "{{7*7}}", "$(touch executed)")
DATASETS = ("crystal2d", f"x[path='{MARKUP}']", CONTROL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A store of well-formed records in which every text is hostile."""
    monkeypatch.chdir(tmp_path)
    store = Store(tmp_path / "in" / "here" / "out")
    cells = [(s, d, t) for s in SOLVERS for d in DATASETS for t in ("far-field", "../../../evil", MARKUP + CONTROL)]
    for number, (solver, dataset, task) in enumerate(cells):
        cell = Cell(solver, {"a": MARKUP}, dataset, {"b": CONTROL}, task, sample=number)
        error = {"stage": "solving", "type": MARKUP, "message": CONTROL + MARKUP, "traceback": MARKUP}
        known = {
            "metrics": {"sa_nmse": 0.1, "r_factor": 0.1, MARKUP: 1.0},
            "cost": {"latency_s": 1.0, "latency_fft": 2.0},
            "curve": {"iteration": [0, 1], "seconds": [0, 1.0], "residual": [1, 0.5]},
            "problem": {"id": MARKUP, "provenance": {"source": MARKUP}},
            "code_id": MARKUP,
        }
        bad = number % 3 == 0
        record = Record(cell, "error" if bad else "ok", solver, dataset, **({"error": error} if bad else known))
        store.write(record, {} if bad else {"object": np.ones((4, 4), np.complex64)})
    return store.path


VERBS = [
    ["status"],
    ["status", "--format", "json"],
    ["leaderboard"],
    *(["leaderboard", "--format", form] for form in ("json", "csv", "markdown", "latex")),
    ["compact"],
    ["rescore"],
]


def test_verbs_tell_them_as_text_and_touch_nothing_else(folder):
    outside = {path for path in Path.cwd().rglob("*") if folder not in path.parents}
    for words in VERBS:
        result = CliRunner().invoke(app, [words[0], str(folder), *words[1:]], env={"COLUMNS": "100"})
        assert result.exit_code in (0, 1), (words, result.output)
        assert "Traceback" not in result.output
        assert not set(result.output) & set("\x1b\x07\r"), words
        if "markdown" in words:
            assert "<script" not in result.output
    assert {path for path in Path.cwd().rglob("*") if folder not in path.parents} == outside


@pytest.mark.parametrize(
    "change",
    [
        {"task": "../../../evil"},
        {"sample": "../../evil"},
        {"seed": -1},
        {"sample": 1.5},
        {"solver": ["er"]},
        {"solver_params": {"a": {"b": 1}}},
        {"environment": "../../../../etc/passwd"},
        {"threads": "1"},
    ],
)
def test_a_record_with_path_parts_in_place_of_a_word_is_corrupt(change, tmp_path):
    spec = {"solver": "er", "solver_params": {}, "dataset": "crystal2d", "dataset_params": {}, "task": "far-field"}
    cell = Cell(**{**spec, **{name: value for name, value in change.items() if name not in ("environment", "threads")}})
    rest = {name: value for name, value in change.items() if name in ("environment", "threads")}
    text = Record(cell, "ok", "er", "crystal2d", **rest).to_json()
    with pytest.raises(CorruptRecord, match=rf"\b({'|'.join(rest) or 'spec'}) .*\bkind\b"):
        Record.from_json(text)


def test_the_report_shows_markup_as_text(folder):
    """The page's own scripts aside, no tag of the records' is in it."""
    call = [sys.executable, "-c", "from prbench.cli import main; main()", "report", str(folder), "-o", "report.html"]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = Path("report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not set(page) & set("\x1b\x07")
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["in", "report.bib", "report.html"]


@pytest.mark.parametrize(
    "name", ["../er", "/etc/passwd", "er/../hio", "..", "er\x00", "er\nhio", MARKUP, "file:///etc/passwd", "er;ls"]
)
def test_a_name_with_path_parts_or_worse_is_refused_in_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for args in (["-s", name, "-d", "crystal2d"], ["-s", "er", "-d", name]):
        result = CliRunner().invoke(app, ["run", *args, "--dry-run"])
        assert result.exit_code == 2, result.output
        assert len(result.stderr.strip().splitlines()) == 1
        assert not set(result.stderr) & set("\x1b\x07\r\x00")
    assert list(tmp_path.iterdir()) == []


def test_tasks_are_words():
    """They name files."""
    assert all(task.replace("-", "").isalpha() for task in task_names())
