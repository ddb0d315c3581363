"""What the pipeline must reach on measured patterns, at what a test can afford; results/real-data.yaml is the full size."""

import os

import numpy as np
import pytest
from scipy.ndimage import label

import prbench
from prbench.core import load_plugin, parse_name

CRYSTAL = "hio-er[recipe=2*(20*ER+130*HIO)+20*ER,beta=0.9,starts=1,follow=estimate,threshold=0.085,sigma_start=1,sigma_end=1]"


def needs(name: str) -> pytest.MarkDecorator:
    here = "PRBENCH_DATA" in os.environ and load_plugin("dataset", name).files[0].path.is_file()
    return pytest.mark.skipif(not here, reason=f"{name}: set PRBENCH_DATA to a folder that holds it")


@needs("esrf-logo")
def test_the_logo_is_explained_within_its_published_support():
    made = prbench.get_dataset("esrf-logo[support=reference]").problem(0)
    found = prbench.solve("hio-er[recipe=500*HIO+100*ER,beta=0.9,starts=2]", made.measurement, backend="torch")
    marks = prbench.score(found.reconstruction, made, metrics=["r_factor", "support_overlap"])
    assert marks["r_factor"] <= 0.08
    assert marks["support_overlap"] == 1
    seen = np.asarray(found.reconstruction.object)
    inside = np.asarray(found.reconstruction.aux["support"])
    assert (seen[~inside] == 0).all()


@needs("bcdi-34idc")
def test_the_crystal_is_one_compact_piece_that_explains_its_counts():
    made = prbench.get_dataset("bcdi-34idc[crop=80x80x64]").problem(0)
    found = prbench.solve(CRYSTAL, made.measurement, backend="torch")
    assert prbench.score(found.reconstruction, made, metrics=["r_factor"])["r_factor"] < 0.15
    pieces, _ = label(found.reconstruction.aux["support"])
    sizes = np.bincount(pieces.ravel())[1:]
    assert sizes.max() > 0.9 * sizes.sum()
    # Half the grid in every axis makes voxels eight times as large.
    assert 1_500 < sizes.sum() < 6_000


def test_the_preset_for_measured_patterns_is_what_runs_and_is_told():
    solver = prbench.get_solver("hio-er[preset=measured,iterations=40,starts=2,breed_every=0]")
    told = parse_name(solver.spelled())[1]
    assert "preset" not in told
    assert (told["autocorrelation"], told["starts"], told["iterations"]) == ("0.04", "2", "40")
    made = prbench.get_dataset("crystal2d", size=16).problem(0, split="tune")
    found, again = (prbench.solve(each, made.measurement, seed=0, backend="numpy") for each in (solver, solver.spelled()))
    np.testing.assert_array_equal(found.reconstruction.object, again.reconstruction.object)
