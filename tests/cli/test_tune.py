import json
import os
import re

import pytest
import yaml
from click.testing import CliRunner

from prbench.cli import app

TUNE = ["tune", "hio[iterations=10]", "-d", "crystal2d[size=16]", "--vary", "beta,threshold", "--samples", "2", "-j", "1"]
TUNE += ["--backend", "numpy"]


def invoke(*args):
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "100"})


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    before = os.getcwd()  # noqa: PTH109 - chdir is for the whole module
    os.chdir(folder)
    try:
        yield folder, invoke(*TUNE, "--trials", "4")
    finally:
        os.chdir(before)


def records(folder):
    return [json.loads(path.read_text()) for path in folder.glob("prbench-results/tune-*/runs/*/*.json")]


def test_the_result_is_kept_with_its_budget(tuned):
    folder, result = tuned
    assert result.exit_code == 0, result.output
    held = yaml.safe_load((folder / "prbench-tuned" / "hio@tuned.yaml").read_text())
    assert held["solver"] == "hio"
    assert set(held["settings"]) == {"iterations", "beta", "threshold"}
    assert held["budget"]["trials"] == 4
    assert held["budget"]["cells"] == 8
    assert held["budget"]["seconds"] > 0
    assert held["budget"]["fft_pairs"] > 0
    assert held["score"] <= held["score_as_named"]
    assert "next:    prbench run -s 'hio[iterations=10],hio@tuned'" in result.stdout
    assert result.stderr.count("trial ") == 4


def test_only_the_tune_split_is_looked_at(tuned):
    folder, _ = tuned
    found = records(folder)
    assert len(found) == 8
    assert {record["spec"]["split"] for record in found} == {"tune"}
    refused = invoke(*TUNE, "--split", "test")
    assert refused.exit_code == 2
    assert "--split" in refused.stderr
    assert "'test'" in refused.stderr


def test_the_same_command_runs_nothing_again_and_comes_to_the_same(tuned):
    folder, first = tuned
    held = (folder / "prbench-tuned" / "hio@tuned.yaml").read_text()
    times = {path: path.stat().st_mtime_ns for path in folder.glob("prbench-results/*/runs/*/*.json")}
    again = invoke(*TUNE, "--trials", "4")
    assert again.stdout == first.stdout
    assert (folder / "prbench-tuned" / "hio@tuned.yaml").read_text() == held
    assert {path: path.stat().st_mtime_ns for path in folder.glob("prbench-results/*/runs/*/*.json")} == times


def test_more_trials_carry_on(tuned):
    folder, _ = tuned
    before = {record["key"] for record in records(folder)}
    result = invoke(*TUNE, "--trials", "6", "--label", "more")
    assert result.exit_code == 0, result.output
    assert before < {record["key"] for record in records(folder)}
    assert (folder / "prbench-tuned" / "hio@more.yaml").exists()


def test_the_label_runs_as_its_settings(tuned):
    folder, _ = tuned
    result = invoke("run", "-s", "hio@tuned", "-d", "crystal2d[size=16]", "-o", "used", "-j", "1", "--backend", "numpy")
    assert result.exit_code == 0, result.output
    settings = yaml.safe_load((folder / "prbench-tuned" / "hio@tuned.yaml").read_text())["settings"]
    (record,) = [json.loads(path.read_text()) for path in (folder / "used").glob("runs/*/*.json")]
    assert record["spec"]["solver"] == "hio"
    assert {key: record["spec"]["solver_params"][key] for key in settings} == settings


def test_a_setting_under_its_former_name_is_kept_under_its_present_one(tuned):
    folder, _ = tuned
    words = ["tune", "hio[iterations=10,free=0.05]", "-d", "crystal2d[size=16]", "--vary", "beta", "--samples", "1", "-j", "1"]
    result = invoke(*words, "--backend", "numpy", "--trials", "2", "--label", "former")
    assert result.exit_code == 0, result.output
    settings = yaml.safe_load((folder / "prbench-tuned" / "hio@former.yaml").read_text())["settings"]
    assert set(settings) == {"iterations", "holdout", "beta"}
    assert settings["holdout"] == 0.05


def test_a_trial_over_the_limit_of_processor_time_ends_with_the_cell_that_exceeds_it(tuned):
    folder, _ = tuned
    words = ["--samples", "3", "--trials", "2", "--label", "none", "--processor-limit", "1e-9", "--out", "over"]
    result = invoke(*TUNE, *words)
    assert result.exit_code == 2
    assert re.search(r"\b2 trials\b.*\b1e-09 s\b", result.stderr.splitlines()[-1])
    assert len(list((folder / "over").glob("runs/*/*.json"))) == 2
    assert not (folder / "prbench-tuned" / "hio@none.yaml").exists()


def test_tables_show_the_label_and_say_what_it_stands_for(tuned):
    assert tuned[1].exit_code == 0
    run = invoke("run", "-s", "hio@tuned", "-d", "crystal2d[size=16]", "-o", "shown", "-j", "1", "--backend", "numpy")
    assert run.exit_code == 0, run.output
    board = invoke("leaderboard", "shown", "--format", "markdown").stdout
    assert "| hio@tuned |" in board, board
    assert "hio@tuned: hio\\[" in board
    assert json.loads(invoke("leaderboard", "shown", "--format", "json").stdout)[0]["solver"].startswith("hio[")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["tune", "hio@tuned", "-d", "crystal2d"], ["hio@tuned: ", " @"]),
        (["tune", "hio", "-d", "warped-speckle"], ["hio ", "far-field", "warped-speckle", " speckle "]),
        (["tune", "hio", "-d", "crystal2d", "--label", "../x"], ["--label", "'../x'"]),
        (["tune", "hio", "-d", "crystal2d[size=16]", "--vary", "colour"], ["hio: colour ", "range"]),
        (["tune", "hio", "-d", "cell2d"], ["hio@tuned.yaml", "crystal2d[size=16]", "--label"]),
        (["run", "-s", "hio@never", "-d", "crystal2d"], ["hio@never.yaml", "`prbench tune hio -d DATASET --label never`"]),
    ],
)
def test_what_cannot_be_tuned_is_one_line_and_exit_code_2(tuned, args, message):
    result = invoke(*args)
    assert result.exit_code == 2
    assert [name for name in message if name not in result.stderr] == [], result.stderr
    assert len(result.stderr.splitlines()) == 1
