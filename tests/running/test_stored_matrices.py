"""Every matrix that stands in results/ can be run as it is."""

from pathlib import Path

import pytest
import yaml

from prbench.core import build_plugin
from prbench.core.tuned import read_tuned
from prbench.errors import DataNotFound
from prbench.running.request.spec import Matrix

RESULTS = Path(__file__).parents[2] / "results"
TUNED = RESULTS / "contestants" / "tuned"
OVER = RESULTS / "contestants" / "over.yaml"
MATRICES = sorted(path for path in RESULTS.rglob("*.yaml") if path.parent != TUNED and path != OVER)


@pytest.mark.parametrize("path", MATRICES, ids=lambda path: path.name)
def test_it_names_what_is_installed(path, monkeypatch):
    monkeypatch.setenv("PRBENCH_TUNED", str(TUNED))
    matrix = Matrix.read(path)
    try:
        cells = matrix.cells()
    except DataNotFound as error:
        if "prbench-results" not in str(error):
            raise
        pytest.skip(f"{error}; the commands that make it stand in the matrix")
    assert cells
    assert len({cell.key for cell in cells}) == len(cells)


@pytest.mark.parametrize("path", sorted(TUNED.glob("*.yaml")), ids=lambda path: path.name)
def test_tuned_settings_were_found_on_the_tune_split_within_their_limit(path):
    solver = path.stem.removesuffix("@tuned")
    held = read_tuned(path, solver)
    build_plugin("solver", solver, held["settings"])
    assert held["split"] == "tune"
    assert held["budget"]["trials"] == 30
    assert held["processor_limit_s"] == 1.5


def test_what_could_not_be_tuned_was_tried_alike():
    over = yaml.safe_load(OVER.read_text("utf-8"))
    assert over
    for solver, held in over.items():
        assert held["trials"] == 30
        assert held["processor_limit_s"] == 1.5
        assert not (TUNED / f"{solver}@tuned.yaml").exists()
