"""A folder that is sound can be submitted, and one that was touched cannot."""

import json
import re
import shutil

import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.running.executing import execute
from prbench.running.request.cell import find_plugin, make_cell
from prbench.running.store.folder import Store


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("results") / "mine")
    for sample in range(3):
        solver, dataset = find_plugin("solver", "er[iterations=5]"), find_plugin("dataset", "crystal2d[size=32]")
        execute(make_cell(solver, dataset, sample=sample, seed=0, backend="numpy"), store)
    return store.path


def submit(folder, out):
    return CliRunner().invoke(app, ["submit", str(folder), "--submitter", "Ada", "--seed", "1", "--out", str(out), "--jobs", "1"])


def test_a_sound_folder_becomes_a_folder_and_a_text(folder, tmp_path):
    done = submit(folder, tmp_path / "out")
    assert done.exit_code == 0, done.output
    target = tmp_path / "out" / "results" / "submissions" / "mine"
    assert json.loads((target / "submission.json").read_text("utf-8"))["submitter"] == "Ada"
    assert len(list(target.glob("runs/*/*.json"))) == 3
    text = (tmp_path / "out" / "PULL_REQUEST.md").read_text("utf-8")
    assert re.search(r"\b1 cells\b.*\bseed 1\b.*\b1 .*\bscores\b", text)
    assert CliRunner().invoke(app, ["verify", str(target)]).exit_code == 0


@pytest.mark.parametrize("kind", ["json", "npz"])
def test_a_folder_that_was_touched_is_refused(folder, tmp_path, kind):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "claims", ignore_errors=True)
    path = min(copy.glob(f"runs/*/*.{kind}"))
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"r_factor": ', b'"r_factor": 0') if kind == "json" else content[:-200])
    if kind == "json":
        assert path.read_bytes() != content
    done = submit(copy, tmp_path / "out")
    assert done.exit_code == 1
    assert path.name in done.output
    assert not (tmp_path / "out").exists()
