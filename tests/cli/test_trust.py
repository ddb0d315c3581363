"""Reading results runs nothing that they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import prbench
from prbench.cli import app
from prbench.core import registry
from prbench.running.engine import run_matrix
from prbench.running.request import cell
from prbench.running.request.spec import Matrix
from prbench.running.store.folder import Store

CODE = """
from pathlib import Path
from dataclasses import dataclass
from prbench.core import Dataset, register
import sys
sys.path.insert(0, {home!r})
from misbehaving import Guess as Base, Dots as Data
Path({marker!r}).write_text("imported")

@register("stranger", task="far-field")
@dataclass(frozen=True)
class Stranger(Base):
    "Guesses."

@register("strange-dots", task="far-field")
@dataclass(frozen=True)
class StrangeDots(Data):
    "Dots."
"""


@pytest.fixture
def strange(tmp_path):
    """A folder of results whose solver and dataset are in a file that leaves a mark where it is imported."""
    home, marker, file = Path(__file__).parents[1] / "running", tmp_path / "marker", tmp_path / "strange.py"
    file.write_text(CODE.format(home=home.as_posix(), marker=str(marker)))
    matrix = Matrix.of("t", solvers=f"{file}:Stranger", datasets=f"{file}:StrangeDots", samples=2, backend="numpy")
    run_matrix(matrix.cells(), Store(tmp_path / "out"), jobs=1, threads=1)
    for name in list(registry.sys.modules):
        if name.startswith("_prbench_file_strange"):
            del registry.sys.modules[name]
    registry.load_plugin.cache_clear()
    cell._built.clear()
    marker.unlink()
    return tmp_path / "out", marker


COMMANDS = {
    "status": [],
    "leaderboard": [],
    "by": ["leaderboard", "--by", "size"],
    "csv": ["leaderboard", "--format", "csv"],
    "report": [],
    "figures": [],
    "compact": [],
    "verify": [],
}


@pytest.mark.parametrize("verb", COMMANDS)
def test_reading_imports_nothing(strange, verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder, marker = strange
    result = CliRunner().invoke(app, [*(COMMANDS[verb] or [verb]), str(folder)])
    assert result.exit_code in (0, 2), (result.output, result.stderr)
    if result.exit_code == 2:
        assert len([line for line in result.stderr.splitlines() if line]) <= 3
    assert not marker.exists()
    if verb in ("leaderboard", "report", "figures"):
        assert result.exit_code == 0
        assert any("strange.py:Stranger" in line and "--trust" in line for line in result.stderr.splitlines())
    if verb in ("status", "leaderboard"):
        assert "Stranger" in result.output


def test_trusted_results_are_imported(strange):
    folder, marker = strange
    result = CliRunner().invoke(app, ["leaderboard", str(folder), "--trust"])
    assert result.exit_code == 0
    assert marker.exists()
    assert "--trust" not in result.stderr


def test_the_frame_imports_nothing_and_calls_nothing_stale(strange):
    folder, marker = strange
    frame = prbench.load_results(folder).frame
    assert not frame["stale"].any()
    assert not marker.exists()


def test_rescoring_says_what_it_did_not_import(strange):
    folder, marker = strange
    result = CliRunner().invoke(app, ["rescore", str(folder)])
    assert "--trust" in result.output + result.stderr
    assert not marker.exists()
