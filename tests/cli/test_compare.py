import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from prbench.algorithms.far_field import hio
from prbench.analysis import comparison
from prbench.cli import app, compare
from prbench.cli.compare import WORSE

STORED = Path(__file__).parents[2] / "results" / "contestants"


def invoke(*args):
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "100"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Seven samples by two solvers, one of which hardly starts."""
    path = tmp_path_factory.mktemp("compared")
    before = os.getcwd()  # noqa: PTH109 - chdir is for the whole module
    os.chdir(path)
    try:
        run = ["run", "-s", "er[iterations=1],hio[iterations=60]", "-d", "crystal2d[size=16]", "--samples", "7", "-j", "1"]
        assert invoke(*run, "--backend", "numpy", "-o", "all").exit_code == 0
    finally:
        os.chdir(before)
    return path / "all"


def test_a_table_of_many_columns_is_compared_without_a_warning(tmp_path):
    shutil.copytree(STORED, tmp_path / "stored")
    result = invoke("compare", str(tmp_path / "stored"), "--solvers", "hio,raar", "--format", "json")
    assert result.exit_code == 0, result.output
    assert {row["units"] for row in json.loads(result.stdout)["rows"]} >= {10}


def test_a_long_name_is_broken_between_settings_and_told_once(tmp_path):
    shutil.copytree(STORED, tmp_path / "stored")
    result = invoke("compare", str(tmp_path / "stored"), "--solvers", "hio,raar")
    names = [line.split()[0] for line in result.stdout.splitlines() if re.match(r" *(crystal2d|size|photons)\b", line)]
    assert names == ["crystal2d[size=48,", "photons=100]", "crystal2d[size=48]"]


@pytest.mark.parametrize("form", ["table", "json", "csv", "markdown", "latex"])
def test_two_solvers_of_a_folder(folder, form):
    result = invoke("compare", str(folder), "--solvers", "er,hio", "--format", form)
    assert result.exit_code == 0, result.output
    assert "better" in result.stdout
    if form == "json":
        quality = next(row for row in json.loads(result.stdout)["rows"] if row["measure"] == "quality")
        assert quality["verdict"] == "better"
        assert quality["units"] == 7


def test_a_folder_against_itself_shows_no_difference(folder):
    result = invoke("compare", str(folder), str(folder), "--format", "json")
    assert result.exit_code == 0
    rows = json.loads(result.stdout)["rows"]
    assert {row["verdict"] for row in rows} == {"no difference shown"}
    assert {row["first"] for row in rows} == {"er[iterations=1]", "hio[iterations=60]"}


def test_a_file_is_named_as_it_was_for_the_run(tmp_path, monkeypatch):
    """Records spell ``./mine.py:Mine`` as ``mine.py:Mine``; both mean the same solver."""
    monkeypatch.chdir(tmp_path)
    source = Path(hio.__file__).read_text("utf-8").replace("from ._", "from prbench.algorithms.far_field._")
    (tmp_path / "mine.py").write_text(source.replace('"hio"', '"mine"'), "utf-8")
    run = ["run", "-s", "./mine.py:HybridInputOutput[iterations=60],er[iterations=1]", "-d", "crystal2d[size=16]", "-j", "1"]
    assert invoke(*run, "--backend", "numpy", "-o", "all").exit_code == 0
    for spelled in ("./mine.py:HybridInputOutput", "mine.py:HybridInputOutput[iterations=60]"):
        result = invoke("compare", "all", "-s", f"er,{spelled}", "--format", "json")
        assert result.exit_code == 0, result.output
        assert {row["second"] for row in json.loads(result.stdout)["rows"]} == {"mine.py:HybridInputOutput[iterations=60]"}
    rows = json.loads(invoke("leaderboard", "all", "-s", "./mine.py:HybridInputOutput", "--format", "json").stdout)
    assert [row["solver"] for row in rows] == ["mine.py:HybridInputOutput[iterations=60]"]


def test_a_verdict_may_fail_the_command(folder):
    worse = invoke("compare", str(folder), "--solvers", "hio,er", "--fail-on", "worse")
    assert worse.exit_code == 3, worse.output
    assert "worse" in worse.stdout
    assert invoke("compare", str(folder), str(folder), "--fail-on", "worse").exit_code == 0
    assert WORSE == comparison.WORSE


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], ["--solver A,B"]),
        (["--solvers", "er,nothing"], ["solver 'nothing'", ": er[iterations=1], hio[iterations=60]"]),
        (["--solvers", "er,hio", "--task", "speckle"], ["task 'speckle'", ": far-field"]),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_exit_code_2(folder, args, message):
    result = invoke("compare", str(folder), *args)
    assert result.exit_code == 2
    assert [name for name in message if name not in result.stderr] == [], result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_costs_offered_are_those_known():
    assert compare.COMPARED == comparison.COMPARED
