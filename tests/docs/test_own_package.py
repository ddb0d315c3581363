"""A package outside the repository adds a task, a solver, a dataset and a metric: one file, one line each, and nothing else."""

import json
import os
import subprocess
import sys

import pytest

SOURCE = '''
from dataclasses import dataclass

import numpy as np

from prbench.core import COMPLEX_OBJECT, Dataset, DirectSolver, Problem, Provenance, Reconstruction, metric, register, setting
from prbench.tasks.far_field import FarField


@register("own-solver", task="far-field", cite="nobody, doi:10.0/0", tags=("classical",))
@dataclass(frozen=True)
class OwnSolver(DirectSolver[FarField]):
    """Ones wherever the object may be."""

    value: float = setting(1.0, valid="(0, inf)", doc="the value")

    def solve(self, y, rng):
        xp = y.backend.xp
        return Reconstruction(object=self.value * xp.ones(y.object_shape, dtype=y.backend.complex))


@register("own-data", task="far-field", cite="nobody, doi:10.0/0", tags=("simulated",))
@dataclass(frozen=True)
class OwnData(Dataset):
    """A square."""

    side: int = setting(6, valid="[2, 16]", doc="side", unit="px")

    def make(self, index, seed, split):
        x = np.zeros((16, 16), complex)
        x[2 : 2 + self.side, 3 : 3 + self.side] = 1 + index
        pattern = np.abs(np.fft.fftshift(np.fft.fft2(x, (32, 32)))) ** 2
        return Problem(FarField(pattern), Reconstruction(object=x), f"{split}-{index}", split, Provenance("made up", "CC0"))


@metric(
    "own_metric", better="lower", answers=(COMPLEX_OBJECT,), header="largest", meaning="largest magnitude", needs="measurement"
)
def own_metric(case):
    """The largest magnitude of the object."""
    return float(np.abs(case.reconstruction.object).max())
'''

POINTS = """
[prbench.solvers]
own-solver = own_package:OwnSolver
[prbench.datasets]
own-data = own_package:OwnData
[prbench.metrics]
own_metric = own_package:own_metric
"""


@pytest.fixture(scope="module", name="run")
def _run(tmp_path_factory: pytest.TempPathFactory):
    site, here = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("here")
    (site / "own_package.py").write_text(SOURCE, "utf-8")
    info = site / "own_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: own-package\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(POINTS, "utf-8")
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
    assert "largest magnitude" in board
    rows = {row["solver"]: row for row in json.loads(run("leaderboard", "results", "--format", "json"))}
    assert rows["own-solver"]["own_metric"] == pytest.approx(1)
    assert rows["own-solver[value=3]"]["own_metric"] == pytest.approx(3)


def test_it_ranks_where_it_is_asked_to(run) -> None:
    rows = json.loads(run("leaderboard", "results", "--rank-by", "own_metric", "--format", "json"))
    assert [row["solver"] for row in rows] == ["own-solver", "own-solver[value=3]"]
