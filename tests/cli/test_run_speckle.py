"""A whole run of the speckle task: leaderboards, pictures, files."""

import json
import re

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from prbench.cli import app

PLUGINS = """
from dataclasses import dataclass
import numpy as np
from prbench.core import Dataset, DirectSolver, Problem, Provenance, Reconstruction, SpeckleStack, register, setting


@register("rods", task="speckle", cite="none", licence="CC0", tags=("measured",))
@dataclass(frozen=True)
class Rods(Dataset):
    '''A stack of 40 x 48 pixels, as if it had been measured.'''

    images: int = setting(3, doc="pairs")

    @property
    def samples(self):
        return 1

    def make(self, index, seed, split):
        reference = 1 + np.random.default_rng(0).random((self.images, 40, 48))
        y = SpeckleStack(reference, 0.8 * reference, energy_ev=25e3, distance_m=1.0, pixel_m=6.5e-6)
        published = {"dark_field": np.ones(y.shape)}
        return Problem(y, None, "rods-0", split, Provenance("made here", "CC0"), reference=published)


@register("still", task="speckle", cite="none", tags=("classical",))
@dataclass(frozen=True)
class Still(DirectSolver[SpeckleStack]):
    '''Says that nothing moved.'''

    absorbing: bool = setting(True, doc="whether the mean is explained")

    def solve(self, y, rng):
        xp = y.backend.xp
        y.counters.operators += 1
        zero = 0 * y.sample[0]
        share = xp.mean(y.sample) / xp.mean(y.reference) if self.absorbing else 1.0
        return Reconstruction(displacement=xp.stack([zero, zero]), transmission=zero + share, phase=zero)
"""


def invoke(*args):
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "120"})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(PLUGINS)
    return tmp_path


def test_measured_stacks_end_as_tiffs(here):
    args = ["run", "-s", "mine.py:Still,mine.py:Still[absorbing=false]", "-d", "mine.py:Rods", "-j", "1", "--backend", "numpy"]
    result = invoke(*args)
    assert result.exit_code == 0, result.output
    for word in ("stack_residual", "measured", "residual"):
        assert word in result.stdout
    assert "free R" not in result.stdout
    folders = sorted(here.glob("prbench-results/custom/tiff/*"))
    assert len(folders) == 2
    for folder in folders:
        names = sorted(path.name for path in folder.iterdir())
        assert names == ["displacement_columns_px.tif", "displacement_rows_px.tif", "phase_rad.tif", "transmission.tif"]
        assert folder.name in result.stdout.replace("\n", "")
    means = sorted(round(float(tifffile.imread(folder / "transmission.tif").mean()), 3) for folder in folders)
    assert means == [0.8, 1.0]
    assert (here / "prbench-results/custom/pictures/speckle-best.png").stat().st_size > 1000
    written = [path.stat().st_mtime_ns for path in here.glob("prbench-results/custom/tiff/*/*.tif")]
    assert invoke(*args).exit_code == 0
    assert [path.stat().st_mtime_ns for path in here.glob("prbench-results/custom/tiff/*/*.tif")] == written


def test_simulated_stacks_are_ranked_by_displacement(here):
    result = invoke("run", "-s", "mine.py:Still", "-d", "warped-speckle[size=64,images=2]", "--backend", "numpy", "-j", "1")
    assert result.exit_code == 0, result.output
    assert re.search(r"\branked\b.*\bdisplacement_rmse\b", result.stdout)
    assert not (here / "prbench-results/custom/tiff").exists()
    assert "next:    prbench run -s" in result.stdout
    assert "warped-speckle[size=64,images=2]" in result.stdout.rpartition("next:")[2]
    rows = json.loads(invoke("leaderboard", "prbench-results/custom", "--format", "json").stdout)
    assert rows[0]["metric"] == "displacement_rmse"
    assert rows[0]["images_used"] == 2
    assert np.isfinite(rows[0]["phase_rmse"])
    assert "2 scored" not in invoke("rescore", "prbench-results/custom").stdout


def test_trackers_are_compared_against_the_number_of_images(here):
    datasets = ["warped-speckle[size=96,images=2]", "warped-speckle[size=96,images=5]"]
    result = invoke("run", "-s", "umpa,lcs", "-d", datasets[0], "-d", datasets[1], "--backend", "numpy", "-j", "1")
    assert result.exit_code == 0, result.output
    assert "4 done, 0 failed" in result.stdout
    assert (here / "prbench-results/custom/pictures/speckle-best.png").stat().st_size > 1000
    assert (here / "prbench-results/custom/pictures/speckle-worst.png").stat().st_size > 1000
    rows = json.loads(invoke("leaderboard", "prbench-results/custom", "--by", "images", "--format", "json").stdout)
    error = {(row["solver"], row["value"]): row["median"] for row in rows}
    assert set(error) == {(solver, images) for solver in ("umpa", "lcs") for images in (2, 5)}
    assert error["umpa", 5] < error["umpa", 2]
    assert {row["value"]: row["dose"] for row in rows} == {2: 10000, 5: 25000}
    table = invoke("leaderboard", "prbench-results/custom", "--by", "images").stdout
    assert re.search(r"\bdisplacement_rmse\b.*\bimages\b", table)
    refused = invoke("leaderboard", "prbench-results/custom", "--by", "colour")
    assert refused.exit_code == 2
    assert "setting 'colour'" in refused.stderr
