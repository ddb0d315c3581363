"""A search: a training whose outcome is a structure, read off, drawn, and the same however often it was interrupted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from prbench.cli.app import app
from prbench.errors import UsageError
from prbench.training.search import search, search_plan

HERE = f"{Path(__file__).with_name('tiny.py')}:Choosing"


def run(out, **changes):
    plan = search_plan(HERE, out, changes, device="cpu")
    return plan, search(plan, machine={"python": "3"})


def test_a_search_leaves_its_structure_and_its_figures(tmp_path):
    plan, outcome = run(tmp_path / "out")
    assert outcome.finished
    assert "form=search" in plan.solver
    found = json.loads((tmp_path / "out" / "structure.json").read_text())
    assert 0 < found["left"][0] < 0.5
    assert found["search"]["steps_done"] == 9
    assert found["search"]["recipe"]["optimiser"] == "sgd"
    rows = [json.loads(line) for line in (tmp_path / "out" / "curve.jsonl").read_text().splitlines()]
    left = [row["left"] for row in rows]
    assert left == sorted(left, reverse=True)
    for name in ("structure.svg", "search.svg"):
        assert (tmp_path / "out" / name).read_text().lstrip().startswith("<?xml")


def test_an_interrupted_search_ends_with_the_same_structure(tmp_path):
    _, whole = run(tmp_path / "whole")
    plan = search_plan(HERE, tmp_path / "parts", {}, device="cpu", time_limit_s=1e-9)
    for _ in range(20):
        if search(plan, machine={"python": "3"}).finished:
            break
    assert whole.finished
    first, second = (json.loads((tmp_path / name / "structure.json").read_text()) for name in ("whole", "parts"))
    for found in (first, second):
        found["search"].pop("training_seconds")
    assert first == second


def test_a_search_of_nothing_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"^er .*\bSearchableSolver\b"):
        search_plan("er", tmp_path, {})
    assert not list(tmp_path.iterdir())


def test_the_command(tmp_path):
    out = str(tmp_path / "out")
    arguments = ["search", HERE, "--out", out, "--device", "cpu", "-j", "1", "--steps", "6"]
    first = CliRunner().invoke(app, [*arguments, "--time-limit", "1e-9"])
    assert first.exit_code == 0, first.output
    assert "1 of 6 steps" in first.output
    assert "structure.json" not in first.output
    second = CliRunner().invoke(app, arguments)
    assert second.exit_code == 0, second.output
    assert "structure.json" in second.output
    refused = CliRunner().invoke(app, ["search", "unet-offaxis", "--out", out])
    assert refused.exit_code == 2
    assert "unet-offaxis" in refused.output
    assert "SearchableSolver" in refused.output
