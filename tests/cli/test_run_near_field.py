"""A whole run of the near-field task: leaderboard, pictures, files."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.core import Problem, Provenance, Reconstruction
from prbench.reporting.maps import draw_maps
from prbench.tasks.near_field import NearField

SMALL = "size=48,distance_m=0.003,padding=16"


def invoke(*args):
    return CliRunner().invoke(app, list(args), env={"COLUMNS": "120"})


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_ranks_by_psnr_and_draws_phases(here):
    solvers = ("-s", "ctf", "-s", "tie", "-s", "gs[iterations=20]")
    ran = invoke("run", *solvers, "-d", f"radiograph[{SMALL}]", "--samples", "2", "--out", "out", "--jobs", "1")
    assert ran.exit_code == 0, ran.output
    assert (here / "out" / "pictures" / "near-field-best.png").is_file()
    rows = json.loads(invoke("leaderboard", "out", "--format", "json").stdout)
    assert {row["metric"] for row in rows} == {"psnr"}
    assert {"phase_rmse", "phase_correlation", "ssim", "intensity_residual"} <= set(rows[0])
    records = [json.loads(path.read_text("utf-8")) for path in (here / "out" / "runs").rglob("*.json")]
    assert len(records) == 6
    for record in records:
        scores = record["metrics"]
        assert scores["psnr"] > 5
        assert 0 < scores["intensity_residual"] < 1
        assert scores["phase_rmse"] > 0


def test_an_image_of_the_users_is_retrieved_without_truth(here):
    np.save("image.npy", 100 * (1 + 0.2 * np.random.default_rng(0).random((40, 48))))
    spelled = "near-field-file[path=image.npy,wavelength_m=532e-9,pixel_m=6.5e-6,distance_m=0.002,padding=16,holdout=0]"
    ran = invoke("run", "-s", "gs", "-d", spelled, "--out", "out", "--jobs", "1")
    assert ran.exit_code == 0, ran.output
    (row,) = json.loads(invoke("leaderboard", "out", "--format", "json").stdout)
    assert row["metric"] == "intensity_residual"
    assert 0 < row["median"] < 1


def test_phase_and_transmission_are_drawn():
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, n) for n in (40, 48)), indexing="ij")
    bump = np.exp(-3 * (rows**2 + columns**2))
    truth = Reconstruction(phase=bump, transmission=1 - 0.3 * bump)
    y = NearField(1 + 0.1 * bump, wavelength_m=532e-9, pixel_m=6.5e-6, distance_m=2e-3, padding=16)
    made = Problem(y, truth, "made", "test", Provenance("made here", "CC0"))
    titles = [axes.get_title() for axes in draw_maps(made, truth).axes]
    assert {"phase: truth", "transmission of the amplitude: truth"} <= set(titles)
    unknown = Problem(y, None, "made", "test", Provenance("made here", "CC0"))
    titles = [axes.get_title() for axes in draw_maps(unknown, Reconstruction(phase=bump)).axes]
    assert {"phase", "measured"} <= set(titles)
