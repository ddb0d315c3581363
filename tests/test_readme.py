"""What the README and its neighbours say is true of what is installed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import click
import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from prbench.algorithms.speckle.unet_speckle import UNetSpeckle
from prbench.cli import app
from prbench.core import build_plugin
from prbench.metrics.costs import COSTS
from prbench.running.request.spec import Matrix
from prbench.tasks.far_field import FarField

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(kind, text) for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)]
SCRIPTS = [text for kind, text in BLOCKS if kind == "python" and not text.startswith("# my_solver.py")]


def block(first_line: str) -> str:
    return next(text for _, text in BLOCKS if text.startswith(first_line))


def commands() -> list[list[str]]:
    """Every prbench command of the README's code blocks, without its comment."""
    lines = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
    words = [shlex.split(line.rpartition("&& ")[2], comments=True) for line in lines]
    return [words[1:] for words in words if words[:1] == ["prbench"]]


def write_speckles(folder):
    import tifffile

    images = 1000 + 100 * np.random.default_rng(0).random((4, 32, 32), dtype=np.float32)
    for name in ("ref", "sam"):
        (folder / name).mkdir()
        for number, image in enumerate(images):
            tifffile.imwrite(folder / name / f"{number:03}.tif", image)


def write_frames(folder):
    import tifffile

    column = np.arange(64, dtype=np.float32)
    for name in ("intensity", "hologram", "empty"):
        fringes = 1 + 0.5 * np.cos(2 * np.pi * 0.2 * column)
        tifffile.imwrite(folder / f"{name}.tif", np.broadcast_to(fringes.astype(np.float32), (64, 64)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the README speaks of."""
    import h5py

    x = np.zeros((48, 48), dtype=complex)
    x[10:30, 12:34] = np.exp(1j * np.linspace(0, 1, 22))
    intensity = np.fft.fftshift(np.abs(np.fft.fftn(x)) ** 2).astype(np.float32)
    np.save(tmp_path / "measured.npy", intensity)
    with h5py.File(tmp_path / "measured.cxi", "w") as file:
        file["/entry_1/data_1/data"] = intensity
    (tmp_path / "my_solver.py").write_text(block("# my_solver.py"), encoding="utf-8")
    (tmp_path / "noise.yaml").write_text(block("# noise.yaml"), encoding="utf-8")
    (tmp_path / "slurm.yaml").write_text(block("jobs: 8"), encoding="utf-8")
    shutil.copytree(ROOT / "results", tmp_path / "results")
    write_speckles(tmp_path)
    write_frames(tmp_path)
    (tmp_path / "quick").mkdir()
    shutil.copy(UNetSpeckle.shipped_files()[0], tmp_path / "quick" / "weights.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("script", SCRIPTS, ids=[str(number) for number in range(len(SCRIPTS))])
def test_python_blocks_run(script, folder):
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", commands(), ids=shlex.join)
def test_commands_are_understood(words, folder):
    if words[0] == "run":
        result = CliRunner().invoke(app, [*words, "--dry-run"])
        assert result.exit_code == 0, result.output
        return
    context = click.Context(app)
    command, rest = app, words
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None, name
    command.make_context(" ".join(words), rest, parent=context)


def test_the_example_solver_solves(folder):
    solver = build_plugin("solver", "./my_solver.py:MySolver[iterations=200]")
    problem = build_plugin("dataset", "crystal2d[size=32]").problem(0)
    first = solver.init(problem.measurement, np.random.default_rng(0))
    state = first
    for _ in range(200):
        state = solver.step(problem.measurement, state)
    assert isinstance(problem.measurement, FarField)
    assert solver.residual(problem.measurement, state) < 0.5 * solver.residual(problem.measurement, first)


def test_the_matrix_expands(folder):
    cells = Matrix.read("noise.yaml").cells()
    assert len(cells) == 5 * 3 + 5 * 3 + 20 * 3 + 5


@pytest.mark.parametrize(("kind", "heading"), [("solvers", "solver"), ("datasets", "dataset"), ("metrics", "column")])
def test_tables_name_only_what_exists(kind, heading):
    """The reverse is `prbench list`'s business: adding a method needs no line here."""
    rows = README.split(f"\n| {heading}")[1].split("\n\n")[0].splitlines()[2:]
    named = set(re.findall(r"`([^`]+)`", " ".join(row.split("|")[1] for row in rows)))
    assert len(named) >= 7
    assert named <= {point.name for point in entry_points(group=f"prbench.{kind}")} | set(COSTS)


def test_statuses_and_links_exist():
    from prbench.running.store.record import STATUSES

    for status in set(STATUSES) - {"interrupted"}:  # which is no record's, but a run's
        assert f"| `{status}` |" in README
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).is_file(), link


def test_the_two_commands_are_those_that_ci_runs():
    first = next(text for _, text in BLOCKS)
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    install, tests = re.search(r"^(pip install .*\[test\]\S*) && (\S+)", first, re.MULTILINE).groups()
    assert install.replace("pip install", "pip install -q") in run
    assert run.rstrip().endswith(f"exec {tests}")


def test_the_citation_has_the_version_installed():
    from prbench import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
