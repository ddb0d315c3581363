"""``prbench inspect``: what is in a file and the dataset that reads it, for every task; one line for what none reads."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from prbench.cli import app
from prbench.core import build_plugin

DATA = Path(os.environ.get("PRBENCH_DATA", "/nowhere"))
CASES = DATA / ".." / "cases" / "files"


def pattern() -> np.ndarray:
    """int32 (64, 64): counts of an object of 12 x 10 pixels, zero frequency at (32, 32)."""
    x = np.zeros((64, 64))
    x[26:38, 27:37] = 1 + 0.3 * np.random.default_rng(0).random((12, 10))
    intensity = np.fft.fftshift(np.abs(np.fft.fft2(x)) ** 2)
    return np.random.default_rng(1).poisson(intensity * (1e6 / intensity.max())).astype(np.int32)


def hologram() -> np.ndarray:
    y, x = np.mgrid[:128, :128]
    return np.round(100 + 40 * np.cos(2 * np.pi * (0.2 * x + 0.13 * y) + 2 * np.exp(-((x - 64) ** 2 + (y - 64) ** 2) / 600)))


def inspected(*files: Path | str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(app, ["inspect", "--format", "json", *map(str, files)])
    assert result.exit_code == 0, result.stderr
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_pattern_with_faults_gets_the_settings_that_mend_them(tmp_path: Path) -> None:
    amplitudes = np.sqrt(np.roll(pattern(), (9, -7), axis=(0, 1)).astype(float))
    amplitudes[3, 3] = np.nan
    np.save(tmp_path / "a, b.npy", np.stack([amplitudes] * 4))
    (found,) = inspected("a, b.npy")
    assert found["task"] == "far-field"
    made = build_plugin("dataset", found["dataset"])
    assert (made.data_type, made.invalid, made.frames, made.center) == ("amplitude", "mask", "sum", "peak")
    y = made.problem(0).measurement
    assert np.unravel_index(y.intensity.argmax(), y.shape) == (32, 32)
    assert Path(found["picture"]).read_bytes().startswith(b"\x89PNG")
    assert len(found["warnings"]) >= 4
    assert re.search(r"\b\d+ .*finite", found["arrays"][0]["special"])


def test_the_task_follows_from_the_file(tmp_path: Path) -> None:
    np.save("far.npy", pattern())
    np.save("fringes.npy", hologram())
    np.savez("both.npz", data=hologram(), bg_data=hologram()[::-1])
    rng = np.random.default_rng(0)
    np.savez("near.npz", intensity=1 + 0.1 * rng.random((64, 64)), wavelength_m=5e-7, pixel_m=1e-6, distance_m=1e-4)
    for what in ("ref", "sam"):
        (tmp_path / "speckle" / what).mkdir(parents=True)
        for number in range(3):
            tifffile.imwrite(tmp_path / "speckle" / what / f"i{number}.tif", rng.random((32, 32)).astype(np.float32))
    found = inspected("far.npy", "fringes.npy", "both.npz", "near.npz", "speckle")
    assert [entry["task"] for entry in found] == ["far-field", "off-axis", "off-axis", "near-field", "speckle"]
    datasets = [build_plugin("dataset", entry["dataset"]) for entry in found[:4]]
    assert [dataset.plugin_name for dataset in datasets] == ["file", "offaxis-file", "offaxis-file", "near-field-file"]
    assert datasets[2].background == "bg_data"
    for dataset in datasets:
        assert dataset.problem(0).measurement is not None
    assert found[4]["missing"] == ["energy_ev", "distance_m", "pixel_m"]
    known = found[4]["dataset"].replace("ENERGY_EV", "25e3").replace("DISTANCE_M", "0.7").replace("PIXEL_M", "1e-6")
    assert build_plugin("dataset", known).problem(0).measurement.reference.shape == (3, 32, 32)


def test_a_speckle_stack_may_be_arrays_of_one_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez("s.npz", reference=rng.random((3, 32, 32)) + 1, sample=rng.random((3, 32, 32)) + 1, gamma=3.0)
    (found,) = inspected("s.npz")
    known = found["dataset"].replace("ENERGY_EV", "25e3").replace("DISTANCE_M", "0.7").replace("PIXEL_M", "1e-6")
    dataset = build_plugin("dataset", known)
    assert dataset.problem(0).measurement.sample.shape == (3, 32, 32)
    assert dataset.inputs == ("s.npz", "s.npz")


def test_the_text_ends_with_what_to_type(tmp_path: Path) -> None:
    np.save("p.npy", pattern())
    result = CliRunner().invoke(app, ["inspect", "--no-picture", "p.npy"])
    assert result.stdout.strip().splitlines()[-1].strip().startswith("use")
    assert "-d 'file[path=p.npy]'" in result.stdout
    assert not (tmp_path / "prbench-inspect").exists()


@pytest.mark.parametrize(
    ("name", "make", "says"),
    [
        ("absent.npy", lambda path: None, "absent.npy: "),
        ("broken.h5", lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(50)), "broken.h5"),
        ("mask.npy", lambda path: np.save(path, np.eye(20)), "support="),
        ("phase.npy", lambda path: np.save(path, np.random.default_rng(0).normal(size=(40, 40))), "phase"),
        ("truth.npy", lambda path: np.save(path, np.ones((8, 8), complex)), "complex"),
        ("scan.tar.xz", lambda path: path.write_bytes(b"x"), "unpack"),
        ("weights.npz", lambda path: np.savez(path, a=np.ones((3, 3)), b=np.ones((3, 3))), "dataset="),
        ("note.txt", lambda path: path.write_text("x"), "'.txt'"),
    ],
)
def test_what_nothing_reads_is_one_line(tmp_path: Path, name: str, make: Any, says: str) -> None:
    make(tmp_path / name)
    result = CliRunner().invoke(app, ["inspect", name])
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert says in result.stderr
    assert not (tmp_path / "prbench-inspect").exists()


def test_links_are_listed_and_followed_on_request(tmp_path: Path) -> None:
    with h5py.File("m.h5", "w") as file:
        file["/entry/data/data_000001"] = h5py.ExternalLink("d.h5", "/entry/data/data")
    with h5py.File("d.h5", "w") as file:
        file["/entry/data/data"] = np.stack([pattern()] * 3)
    (found,) = inspected("m.h5")
    made = build_plugin("dataset", found["dataset"])
    assert (made.links, made.frames) == ("folder", "sum")
    assert any(note["special"].startswith("to d.h5") for note in found["arrays"])


@pytest.mark.skipif(not CASES.is_dir(), reason="set PRBENCH_DATA to a folder beside which there are cases/files")
def test_every_layout_is_read_with_what_is_printed() -> None:
    counts = np.roll(np.load(CASES / "offc.npy"), (-17, 9), axis=(0, 1)).astype(float)
    names = ("eiger_max.h5", "bliss.h5", "vds_same.h5", "bits_signal.cxi", "amplitude.cxi", "fftshifted.cxi", "hawklike.h5")
    for entry in inspected(*(CASES / name for name in (*names, "maskgood.npz", "v5.mat", "center.cxi"))):
        y = build_plugin("dataset", entry["dataset"]).problem(0).measurement
        found = np.where(y.mask, y.intensity, 0).astype(float)
        np.testing.assert_allclose(found * counts[y.mask].sum() / found.sum(), np.where(y.mask, counts, 0), rtol=1e-3, atol=0.01)
