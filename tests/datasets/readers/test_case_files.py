"""Files in the layouts of real instruments, kept beside the measured data: each as it is meant."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from prbench.core import build_plugin
from prbench.core.problem import Problem
from prbench.errors import UsageError

CASES = Path(os.environ.get("PRBENCH_DATA", "/nowhere")) / ".." / "cases" / "files"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="set PRBENCH_DATA to a folder beside which there are cases/files")
SUFFICIENT = {
    "eiger_max.h5": {"invalid": "mask"},
    "s_master.h5": {"links": "folder", "dataset": "/entry/data/data_000001", "frames": "sum"},
    "bliss.h5": {"links": "folder", "frames": "sum"},
    "vds_same.h5": {},
    "bits_signal.cxi": {},
    "bits_support.cxi": {},
    "amplitude.cxi": {},
    "fftshifted.cxi": {},
    "center.cxi": {},
    "hawklike.h5": {"mask_means": "measured", "data_type": "amplitude", "is_fft_shifted": True},
    "maskgood.npz": {"mask_means": "measured"},
    "v5.mat": {},
    "offc.npy": {"center": "65,39"},
}


def read(name: str, **settings: object) -> Problem:
    made: Problem = build_plugin("dataset", "file", {"path": str(CASES / name), "holdout": 0, **settings}).problem(0)
    return made


@pytest.mark.parametrize("name", SUFFICIENT)
def test_every_layout_holds_the_same_counts(name: str) -> None:
    counts = np.roll(np.load(CASES / "offc.npy"), (-17, 9), axis=(0, 1)).astype(np.float64)
    y = read(name, **SUFFICIENT[name]).measurement
    measured = np.ones(y.shape, bool) if y.mask is None else y.mask
    found = y.intensity.astype(np.float64)
    found *= counts[measured].sum() / found[measured].sum()  # a sum of three frames is one of them three times
    np.testing.assert_allclose(found[measured], counts[measured], rtol=1e-4, atol=1e-3)
    assert measured.mean() > 0.7


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("eiger_max.h5", {}, "invalid=mask"),
        ("s_master.h5", {}, "s_data_000001.h5"),
        ("s_master.h5", {"links": "folder"}, "s_data_000002.h5"),
        ("bliss.h5", {}, "links=folder"),
    ],
)
def test_what_is_refused_names_the_next_step(name: str, settings: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        read(name, **settings)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("repeats.npy", "frames=sum"),
        ("offc.npy", "center=peak"),
        ("maskgood.npz", "mask_means=measured"),
        ("hawklike.h5", "data_type=amplitude"),
    ],
)
def test_what_is_suspicious_is_said(name: str, says: str) -> None:
    assert any(says in line for line in read(name).warnings)


ORIGINALS = CASES / ".." / ".." / "data" / "originals" / "bcdi-34idc"


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="set PRBENCH_DATA to a folder with originals/bcdi-34idc")
def test_a_rocking_series_as_published_is_the_packed_volume(tmp_path: Path) -> None:
    with tarfile.open(ORIGINALS / "Staff20-1a_S0054.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = {path.parent for path in tmp_path.rglob("*.tif")}
    settings = {"center": "peak", "crop": "160x160x128", "gain": 1}
    series = build_plugin("dataset", "file", {"path": str(folder), **settings}).problem(0)
    volume = CASES / "../../data/far_field/aps34idc_scan54.npz"
    packed = build_plugin("dataset", "file", {"path": str(volume), **settings}).problem(0)
    assert series.warnings == ()
    np.testing.assert_array_equal(series.measurement.intensity, packed.measurement.intensity)
    np.testing.assert_array_equal(series.measurement.mask, packed.measurement.mask)
    peak = np.unravel_index(series.measurement.intensity.argmax(), series.measurement.shape)
    assert peak == (80, 80, 64)


def test_lzw() -> None:
    assert read("lzw.tif").measurement.shape == (16, 16)
