import numpy as np
import pandas as pd
import pytest

from prbench.analysis import leaderboards, pivots
from prbench.errors import UsageError


def records(datasets, seed=0):
    rng = np.random.default_rng(seed)
    rows = []
    for dataset in datasets:
        for solver, scale in (("er", 1.0), ("hio", 0.1)):
            for sample in range(6):
                score = scale * 10 ** rng.normal(-1, 0.2)
                rows.append((solver, dataset, sample, score, rng.random()))
    frame = pd.DataFrame(rows, columns=["solver", "dataset", "sample", "sa_nmse", "latency_s"])
    keys = [str(i) for i in range(len(frame))]
    return frame.assign(task="far-field", seed=0, status="ok", key=keys, r_factor=0.1, latency_fft=1.0)


NOISE = ["crystal2d", "crystal2d[photons=100]", "crystal2d[photons=1000]"]


def test_the_values_of_a_setting_stand_side_by_side():
    frame = records(NOISE)
    (pivot,) = pivots(leaderboards(frame), "photons")
    assert (pivot.task, pivot.dataset, pivot.setting) == ("far-field", "crystal2d", "photons")
    assert pivot.values == (100, 1000, None)
    assert len(pivot.rows) == 2 * 3
    assert list(dict.fromkeys(pivot.rows["solver"])) == ["hio", "er"]
    mine = frame[(frame["solver"] == "er") & (frame["dataset"] == "crystal2d[photons=100]")]
    row = pivot.rows[(pivot.rows["solver"] == "er") & (pivot.rows["value"] == 100)].iloc[0]
    assert row["median"] == pytest.approx(mine["sa_nmse"].median())
    assert row["latency_s"] == pytest.approx(mine["latency_s"].median())
    assert row["median_low"] <= row["median"] <= row["median_high"]


def test_datasets_that_differ_elsewhere_stand_apart_and_others_are_left_out():
    frame = records([*NOISE, "crystal2d[size=96,photons=100]", "cell2d"])
    found = pivots(leaderboards(frame), "size")
    assert {pivot.dataset: pivot.values for pivot in found}["crystal2d[photons=100]"] == (64, 96)
    by_photons = {pivot.dataset: pivot.values for pivot in pivots(leaderboards(frame), "photons")}
    assert by_photons == {"crystal2d": (100, 1000, None)}, "crystal2d[size=96] and cell2d have one value of photons each"


def test_where_no_dataset_varies_the_setting_its_one_value_is_shown():
    (pivot,) = pivots(leaderboards(records(["crystal2d[photons=100]"])), "photons")
    assert pivot.values == (100,)


def test_an_unknown_setting_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match=r"\bsetting 'images'.*: .*\bphotons\b"):
        pivots(leaderboards(records(NOISE)), "images")


def test_a_dataset_no_longer_installed_is_left_out():
    frame = records([*NOISE, "gone[photons=3]"])
    assert [pivot.dataset for pivot in pivots(leaderboards(frame), "photons")] == ["crystal2d"]
