"""What the README, the documentation and their neighbours say is true of what is installed, and every code block in them runs."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
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

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDE = {README: README.read_text("utf-8"), **{path: path.read_text("utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))}}
"""The README and the pages of the documentation, by path."""
PAGES = GUIDE | {path: path.read_text("utf-8") for path in [ROOT / "CONTRIBUTING.md", *sorted((ROOT / "results").glob("*.md"))]}
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [(path, kind, text) for path, page in PAGES.items() for kind, text in _BLOCK.findall(page)]
_FILE = re.compile(r"# ([\w-]+\.(?:py|yaml))\n")
_PLACEHOLDER = re.compile(r"^[A-Z]+$|[$]")
EXECUTED = ("docs/start.md", "docs/your-data.md", "docs/adding/solver.md", "docs/adding/dataset.md", "docs/adding/task.md")
"""The pages that a newcomer follows, whose commands `pytest -m docs` executes in their order."""


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


SCRIPTS = {
    f"{name_of(path)}-{number}": text
    for number, (path, kind, text) in enumerate(BLOCKS)
    if kind == "python" and not _FILE.match(text)
}


def block(first_line: str) -> str:
    return next(text for _, _, text in BLOCKS if text.startswith(first_line))


def commands(path: Path) -> list[list[str]]:
    """Every prbench command of a page's code blocks, without its comment."""
    texts = [text.replace("\\\n", " ") for kind, text in _BLOCK.findall(PAGES[path]) if not kind]
    lines = [line.strip() for text in texts for line in text.splitlines()]
    words = [shlex.split(line.rpartition("&& ")[2], comments=True) for line in lines]
    return [words[1:] for words in words if words[:1] == ["prbench"]]


COMMANDS = {shlex.join(words): words for path in PAGES for words in commands(path)}
DRY = {shlex.join(words) for path in GUIDE for words in commands(path) if words[0] == "run"}
"""Runs that are rehearsed; those of stored results may need weights that were trained before."""


def write_speckles(folder):
    import tifffile

    images = 1000 + 100 * np.random.default_rng(0).random((4, 32, 32), dtype=np.float32)
    for name in ("ref", "sam"):
        (folder / name).mkdir()
        for number, image in enumerate(images):
            tifffile.imwrite(folder / name / f"{number:03}.tif", image)


def write_frames(folder):
    import tifffile

    column = np.arange(96, dtype=np.float32)
    for name in ("intensity", "hologram", "empty"):
        fringes = 1 + 0.5 * np.cos(2 * np.pi * 0.2 * column)
        tifffile.imwrite(folder / f"{name}.tif", np.broadcast_to(fringes.astype(np.float32), (96, 96)))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the pages speak of."""
    import h5py

    x = np.zeros((48, 48), dtype=complex)
    x[10:30, 12:34] = np.exp(1j * np.linspace(0, 1, 22))
    intensity = np.fft.fftshift(np.abs(np.fft.fftn(x)) ** 2).astype(np.float32)
    np.save(tmp_path / "measured.npy", intensity)
    with h5py.File(tmp_path / "measured.cxi", "w") as file:
        file["/entry_1/data_1/data"] = intensity
    for _, _, text in BLOCKS:
        if name := _FILE.match(text):
            (tmp_path / name.group(1)).write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "results", tmp_path / "results")
    shutil.copytree(ROOT / "docs" / "examples", tmp_path / "docs" / "examples")
    write_speckles(tmp_path)
    write_frames(tmp_path)
    (tmp_path / "quick").mkdir()
    shutil.copy(UNetSpeckle.shipped_files()[0], tmp_path / "quick" / "weights.safetensors")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_pages_are_where_this_test_looks():
    assert len(GUIDE) >= 30
    assert len(SCRIPTS) >= 10
    assert len(COMMANDS) >= 60


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS)
def test_python_blocks_run(script, folder):
    exec(compile(script, "a page", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_commands_are_understood(words, folder):
    if shlex.join(words) in DRY:
        result = CliRunner().invoke(app, [*words, "--dry-run"])
        assert result.exit_code == 0, result.output
        return
    context = click.Context(app)
    command, rest = app, words
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(context, rest)
        assert command is not None, name
    command.make_context(" ".join(words), rest, parent=context)


@pytest.mark.docs
@pytest.mark.parametrize("page", EXECUTED)
def test_commands_run(page, folder):
    for words in commands(ROOT / page):
        if not any(_PLACEHOLDER.search(word) for word in words):
            done = subprocess.run([sys.executable, "-m", "prbench", *words], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("path", GUIDE, ids=name_of)
def test_blocks_of_data_can_be_read(path):
    for kind, text in _BLOCK.findall(GUIDE[path]):
        assert kind in ("", "python", "yaml", "toml"), kind
        if kind == "yaml":
            assert yaml.safe_load(text)
        if kind == "toml":
            assert tomllib.loads(text)


def test_the_example_solver_solves(folder):
    solver = build_plugin("solver", "./my_solver.py:MySolver[iterations=200]")
    problem = build_plugin("dataset", "crystal2d[size=32]").problem(0)
    first = solver.init(problem.measurement, np.random.default_rng(0))
    state = first
    for _ in range(200):
        state = solver.step(problem.measurement, state)
    assert isinstance(problem.measurement, FarField)
    assert solver.residual(problem.measurement, state) < 0.5 * solver.residual(problem.measurement, first)


def test_the_example_dataset_repeats_itself_and_keeps_its_objects_under_noise(folder):
    clean, noisy = (build_plugin("dataset", f"./my_dataset.py:Discs{photons}") for photons in ("", "[photons=10]"))
    first, again, with_noise = clean.problem(0), clean.problem(0), noisy.problem(0)
    assert np.array_equal(first.measurement.intensity, again.measurement.intensity)
    assert np.array_equal(first.truth.object, with_noise.truth.object)
    assert not np.array_equal(first.measurement.intensity, with_noise.measurement.intensity)


def test_the_matrix_expands(folder):
    cells = Matrix.read("noise.yaml").cells()
    assert len(cells) == 5 * 3 + 5 * 3 + 20 * 3 + 5


@pytest.mark.parametrize(
    ("kind", "heading", "page"),
    [("solvers", "solver", "catalogue"), ("datasets", "dataset", "catalogue"), ("metrics", "column", "metrics")],
)
def test_tables_name_only_what_exists(kind, heading, page):
    """The reverse is `prbench list`'s business: adding a method needs no line here."""
    tables = [part.split("\n\n")[0] for part in GUIDE[ROOT / "docs" / f"{page}.md"].split(f"\n| {heading} |")[1:]]
    rows = [row for table in tables for row in table.splitlines()[2:]]
    named = set(re.findall(r"`([^`]+)`", " ".join(row.split("|")[1] for row in rows)))
    assert len(named) >= 7
    assert named <= {point.name for point in entry_points(group=f"prbench.{kind}")} | set(COSTS)


def test_the_table_of_commands_names_only_what_exists():
    named = set(re.findall(r"`prbench ([\w-]+)`", GUIDE[ROOT / "docs" / "commands.md"]))
    assert len(named) >= 20
    assert named <= set(app.list_commands(click.Context(app)))


def test_every_task_has_its_page_picture_and_notebook():
    for point in entry_points(group="prbench.tasks"):
        if point.value.startswith("prbench."):
            page = GUIDE[ROOT / "docs" / "tasks" / f"{point.name}.md"]
            assert f"](../pictures/{point.name}.png)" in page
            assert f"](../notebooks/{point.name}.ipynb)" in page


def test_every_status_is_explained():
    from prbench.running.store.record import STATUSES

    for status in set(STATUSES) - {"interrupted"}:  # which is no record's, but a run's
        assert any(f"| `{status}` |" in page for page in GUIDE.values())


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_links_exist(path):
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGES[path]):
        assert (path.parent / link).exists(), link


def test_pictures_and_notebooks_are_small():
    for path in [*(ROOT / "docs" / "pictures").iterdir(), *(ROOT / "docs" / "notebooks").glob("*.ipynb")]:
        assert path.stat().st_size < 100_000, path
        assert any(f"/{path.name})" in page for page in GUIDE.values()), f"no page shows {path.name}"


def test_the_two_commands_are_those_that_ci_runs():
    first = _BLOCK.search(GUIDE[README]).group(2)
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    install, tests = re.search(r"^(pip install .*\[test\]\S*) && (\S[^#\n]*?) *(?:#|$)", first, re.MULTILINE).groups()
    assert install.replace("pip install", "pip install -q") in run
    assert run.rstrip().endswith(f"exec {tests}")
    assert first in GUIDE[ROOT / "docs" / "start.md"]


def test_the_readme_is_short():
    assert len(GUIDE[README].splitlines()) <= 170


def test_the_citation_has_the_version_installed():
    from prbench import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest.group(1) in (__version__, "Unreleased")  # .ci/release_version.py asks a release for its dated section
