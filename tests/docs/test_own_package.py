"""A package outside the repository adds a task, a solver, a dataset and a metric: one file, one line each, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "own-package"


def entry_points_text() -> str:
    """The entry points of the example's pyproject.toml as an installed package has them."""
    groups = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    lines = [line for group, points in groups.items() for line in (f"[{group}]", *(f"{k} = {v}" for k, v in points.items()))]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory: pytest.TempPathFactory):
    site, here = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("here")
    shutil.copy(EXAMPLE / "own_package.py", site)
    info = site / "own_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-package\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(entry_points_text(), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(site)}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "prbench", *words]
        done = subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("run", "-s", "own-solver,own-solver[value=3]", "-d", "own-data", "--samples", "2", "--out", "results")
    return run


def test_they_are_listed(run) -> None:
    lines = json.loads(run("list", "--format", "json"))
    known = {(line["kind"], line["name"]): line for line in lines}
    for kind, name in (("solver", "own-solver"), ("dataset", "own-data"), ("metric", "own_metric")):
        assert not known[kind, name]["broken"]
        assert "far-field" in known[kind, name]["tasks"]


def test_the_metric_stands_on_the_board_without_being_asked_for(run) -> None:
    board = run("leaderboard", "results", "--format", "markdown")
    assert "largest" in board
    assert "magnitude" in board
    rows = {row["solver"]: row for row in json.loads(run("leaderboard", "results", "--format", "json"))}
    assert rows["own-solver"]["own_metric"] == pytest.approx(1)
    assert rows["own-solver[value=3]"]["own_metric"] == pytest.approx(3)


def test_it_ranks_where_it_is_asked_to(run) -> None:
    rows = json.loads(run("leaderboard", "results", "--rank-by", "own_metric", "--format", "json"))
    assert [row["solver"] for row in rows] == ["own-solver", "own-solver[value=3]"]
