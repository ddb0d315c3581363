import csv
import io
import json
import os
import re

import pytest
from click.testing import CliRunner

from prbench.cli import app

HIO, ER, DOTS = "hio[iterations=20]", "er[iterations=20]", "crystal2d[size=16]"
CURVE = [
    "sweep",
    "-s",
    f"{HIO},{ER}",
    "-d",
    DOTS,
    "--over",
    "photons=10,1000,none",
    "--samples",
    "2",
    "-j",
    "1",
    "--backend",
    "numpy",
]


def invoke(*args):
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "100"})


@pytest.fixture(scope="module")
def curve(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    before = os.getcwd()  # noqa: PTH109 - chdir is for the whole module
    os.chdir(folder)
    try:
        yield folder, invoke(*CURVE)
    finally:
        os.chdir(before)


def test_a_sweep_ends_with_a_table_and_pictures(curve):
    folder, result = curve
    assert result.exit_code == 0, result.output
    store = folder / "prbench-results" / "sweep-photons-crystal2d"
    assert len(list(store.glob("runs/*/*.json"))) == 2 * 3 * 2
    for form in ("png", "pdf"):
        assert (store / "pictures" / f"sweep.{form}").stat().st_size > 5000
    assert result.stdout.count(HIO) == 3
    assert "none" in result.stdout


def test_the_same_command_runs_nothing_again_and_more_values_run_only_those(curve):
    _, first = curve
    again = invoke(*CURVE)
    assert "0 done, 0 failed, 12 cached" in again.stderr
    assert again.stdout == first.stdout
    more = [part.replace("photons=10,", "photons=10,100,") for part in CURVE]
    assert "4 done, 0 failed, 12 cached" in invoke(*more).stderr


def test_a_dry_run_counts_and_writes_nothing(curve):
    folder, _ = curve
    result = invoke(*CURVE, "--dry-run", "-o", "dry")
    assert "12 of 12 cells" in result.stdout
    assert result.stdout.split()[-1] == "dry"
    assert len(result.stdout.splitlines()) == 1
    assert not (folder / "dry").exists()


def test_shards_make_the_whole_sweep(tmp_path):
    parts = [invoke(*CURVE, "-o", str(tmp_path), "--shard", f"{number}/2") for number in (1, 2)]
    assert [part.exit_code for part in parts] == [0, 0]
    whole = invoke(*CURVE, "-o", str(tmp_path), "--dry-run")
    assert whole.output.startswith("0 of 12 cells")


@pytest.mark.parametrize("form", ["json", "csv", "markdown", "latex"])
def test_formats(curve, form):
    text = invoke(*CURVE, "--format", form).stdout
    assert "hio" in text
    rows = json.loads(text) if form == "json" else list(csv.DictReader(io.StringIO(text))) if form == "csv" else None
    if rows is not None:
        assert len(rows) == 6
        assert {str(row["over.photons"]) for row in rows} == {"10.0", "1000.0", "none"}


def test_pictures_of_the_same_rows_are_the_same_bytes(curve):
    folder, _ = curve
    pictures = folder / "prbench-results" / "sweep-photons-crystal2d" / "pictures"
    invoke(*CURVE)
    before = {path.name: path.read_bytes() for path in pictures.iterdir()}
    invoke(*CURVE)
    assert {path.name: path.read_bytes() for path in pictures.iterdir()} == before


def test_two_settings_make_a_map(curve):
    more = ["--over", "beta=0.6,0.9", "-o", "map", "--samples", "1"]
    result = invoke(*[part.replace("photons=10,1000,none", "photons=10,1000") for part in CURVE], *more)
    assert result.exit_code == 0, result.output
    assert "beta \\ photons" in result.stdout
    assert f"{HIO} · success %" in result.stdout


def test_random_settings(curve):
    result = invoke("sweep", "-s", HIO, "-d", DOTS, "--settings", "3", "--vary", "beta", *CURVE[7:], "-o", "settings")
    assert result.exit_code == 0, result.output
    assert re.search(r"\bcorrelation\b.*\bsa_nmse\b", result.stdout)
    assert "8 done" in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], ["--over NAME=VALUES", "--settings N"]),
        (["--over", "photons=1,2", "--settings", "3"], ["--over NAME=VALUES", "--settings N"]),
        (["--over", "photons=1,2", "--vary", "beta"], ["--vary", "--settings N"]),
        (["--over", "photons=1,2", "--over", "photons=3,4"], ["--over photons "]),
        (["--over", "photons=1"], ["photons: ", "'1'", " NAME=LOW:HIGH:COUNT"]),
        (["--over", "colour=1,2"], ["setting 'colour'"]),
        (["--settings", "3", "--vary", "colour"], [": colour ", "range"]),
    ],
)
def test_what_cannot_be_swept_is_one_line_and_exit_code_2(tmp_path, monkeypatch, args, message):
    monkeypatch.chdir(tmp_path)
    result = invoke("sweep", "-s", HIO, "-d", DOTS, *args)
    assert result.exit_code == 2
    assert [name for name in message if name not in result.stderr] == [], result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
