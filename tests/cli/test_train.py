import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from prbench.cli.app import app
from prbench.core.weights import read_weights

TINY = str(Path(__file__).parents[1] / "training" / "tiny.py")


@pytest.fixture
def prbench_train(tmp_path):
    """The command on the tiny solver: exit code and everything it said."""

    def run(*arguments, solver=f"{TINY}:Tiny"):
        out = str(tmp_path / "out")
        found = CliRunner().invoke(app, ["train", solver, "--out", out, "--device", "cpu", "-j", "1", *arguments])
        return found.exit_code, found.output

    return run


def test_a_training_ends_with_scored_weights_that_can_be_used(prbench_train, tmp_path):
    code, said = prbench_train("--steps", "6", "--score", "2")
    assert code == 0, said
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["recipe"]["steps"] == 6
    (scores,) = card["scores"].values()
    assert scores["samples"] == scores["ok"] == 2
    assert scores["median"]["displacement_rmse"] > 0
    assert "6 of 6 steps" in said
    assert re.search(r"\bvalidation [\d.e+-]+ .*\bstep \d", said)
    assert str(tmp_path / "out" / "weights.safetensors") in said
    again, said = prbench_train("--steps", "6", "--score", "2")
    assert again == 0, said
    assert json.loads((tmp_path / "out" / "card.json").read_text()) == card


def test_a_training_stopped_by_its_limit_says_so(prbench_train, tmp_path):
    code, said = prbench_train("--steps", "50", "--time-limit", "1e-9")
    assert code == 0
    assert "1 of 50 steps" in said
    assert "validation" not in said
    assert not (tmp_path / "out" / "weights.safetensors").exists()


def test_settings_of_the_solver_are_trained(prbench_train, tmp_path):
    code, said = prbench_train("--steps", "2", "--score", "0", solver=f"{TINY}:Tiny[width=3]")
    assert code == 0, said
    assert read_weights(tmp_path / "out" / "weights.safetensors").card["settings"] == {"width": 3}


@pytest.mark.parametrize(
    ("arguments", "solver", "message"),
    [
        ((), "er", [" er ", "`prbench list`"]),
        ((), "nobody", ["solver 'nobody'"]),
        (("-d", "nothing"), f"{TINY}:Tiny", ["dataset 'nothing'"]),
        (("--steps", "0"), f"{TINY}:Tiny", ["--steps", "0", "1"]),
        (("--from", "nowhere.safetensors"), f"{TINY}:Tiny", ["--from", "'nowhere.safetensors'"]),
    ],
)
def test_what_cannot_be_trained_is_one_line(prbench_train, arguments, solver, message):
    code, said = prbench_train(*arguments, solver=solver)
    assert code == 2
    assert [name for name in message if name not in said] == [], said
    assert said.count("\n") == 1
