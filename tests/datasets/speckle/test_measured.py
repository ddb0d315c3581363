"""Measured speckle stacks, from files in the layout in which their authors publish them."""

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile

from prbench.core import build_plugin, load_plugin
from prbench.core.problem import Problem
from prbench.errors import BadInput, DataNotFound, UsageError
from prbench.tasks.speckle import SpeckleStack

NEEDS_FOURROD = pytest.mark.skipif(
    not ("PRBENCH_DATA" in os.environ and load_plugin("dataset", "fourrod").files[0].path.is_file()),
    reason="fourrod: set PRBENCH_DATA to a folder that holds it",
)
GEOMETRY = "energy_ev=25e3,distance_m=0.7,pixel_m=6.5e-6"


def problem(spelled: str) -> Problem:
    made: Problem = build_plugin("dataset", spelled).problem(0)
    return made


def stack(made: Problem) -> SpeckleStack:
    assert isinstance(made.measurement, SpeckleStack)
    return made.measurement


@NEEDS_FOURROD
def test_fourrod_is_divided_by_its_flat_field() -> None:
    made = problem("fourrod")
    y = stack(made)
    assert (y.images, y.shape, y.delta_beta) == (13, (256, 1024), 2335.0)
    assert y.reference.std(axis=0).mean() / y.reference.mean() == pytest.approx(0.06, rel=0.2)
    assert y.reference.mean(axis=0).std() / y.reference.mean() < 0.05
    assert made.reference["dark_field"].max() == pytest.approx(0.93, rel=0.01)
    assert made.reference["transmission"].mean() == pytest.approx(0.903, rel=0.01)
    four = problem("fourrod[images=4]")
    assert stack(four).images == 4
    np.testing.assert_array_equal(stack(four).reference, y.reference[:4])


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, image)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    return tmp_path


def test_fourrod_full_reads_the_authors_folders(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prbench.datasets.readers.locate.is_whole", lambda *_: True)  # the test's own files in that layout
    plugin = load_plugin("dataset", "fourrod-full")
    assert len(plugin.files) == 13 + 13 + 1 + 2
    beam = 1000 + np.add.outer(np.arange(430), np.arange(2220)).astype(np.float32)
    for n in (1, 2):
        write(plugin.references[n - 1].path, (n * beam).astype(np.float32))
        write(plugin.behind_sample[n - 1].path, (0.5 * n * beam).astype(np.float32))
    write(plugin.flat.path, beam)
    assert (data / "speckle/fourrod/FourRod_SBXIData/ReferenceSpeckle_2.tif").is_file()
    assert (data / "speckle/fourrod/FourRod_SBXIData/SamplePlusSpeckle_1.tif").is_file()
    made = problem("fourrod-full[images=2]")
    y = stack(made)
    assert y.shape == (430, 2220)
    np.testing.assert_allclose(y.reference[1], y.reference[1, 0, 0], rtol=1e-6)
    np.testing.assert_allclose(y.sample, 0.5 * y.reference, rtol=1e-6)
    assert made.reference == {}
    write(plugin.published["dark_field"].path, np.full((430, 2220), 1e-11, np.float32))
    assert problem("fourrod-full[images=1]").reference["dark_field"][0, 0] == pytest.approx(2e-11 * (0.7 / 6.5e-6) ** 2)
    with pytest.raises(DataNotFound, match=r"ReferenceSpeckle_3.tif.*prbench data get fourrod-full"):
        problem("fourrod-full")


def test_fourrod_full_can_be_fetched() -> None:
    for file in load_plugin("dataset", "fourrod-full").files:
        assert file.urls[0].startswith("https://")
        assert " " not in file.urls[0]


def test_wattle_subtracts_the_dark_current_of_each_pair(data: Path) -> None:
    plugin = load_plugin("dataset", "wattle")
    assert [file.name.rpartition("/")[2] for file in plugin.files[:2]] == ["FF_2m.tif", "DarkCurrent_Y00.tif"]
    assert plugin.behind_sample[14].name.endswith("DATA_WattleFlower_25keV_2m_SBPCXI/SAMPLE_Y14_T0.tif")
    frame = np.ones((2157, 2560), np.float32)
    header = frame.copy()
    header[:29] = np.nan
    for n, dark in enumerate((10, 20)):
        write(plugin.darks[n].path, dark * frame)
        write(plugin.references[n].path, (60 * frame + dark) * header)
        write(plugin.behind_sample[n].path, (30 * frame + dark).astype(np.uint16))
    beam = 130 * frame
    beam[100, 200] = 5
    write(plugin.flat.path, beam)
    y = stack(problem("wattle[images=2]"))
    assert (y.images, y.shape, y.energy_ev, y.distance_m, y.pixel_m, y.delta_beta) == (2, (2100, 2500), 25e3, 2.0, 9.9e-6, 1403.0)
    np.testing.assert_allclose(y.reference[:, 0, 0], [60 / 120, 60 / 110])
    np.testing.assert_allclose(y.sample, 0.5 * y.reference, rtol=1e-6)
    assert y.mask is not None
    assert np.argwhere(~y.mask).tolist() == [[100 - 29, 200 - 29]]


@pytest.mark.parametrize("name", ["fourrod", "fourrod-full", "wattle"])
def test_absent_data_say_how_to_get_them(data: Path, name: str) -> None:
    with pytest.raises(DataNotFound, match=rf"{data}|prbench data get {name}"):
        problem(name)


@pytest.fixture
def series(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for n in range(1, 12):
        image = 100 + n + rng.random((12, 10))
        write(tmp_path / f"ref/Ref{n}.tif", image.astype(np.float32))
        write(tmp_path / f"sam/Sam{n}.tif", (0.5 * image + 4).astype(np.float32))
    write(tmp_path / "flat/a.tif", np.full((12, 10), 50, np.uint16))
    write(tmp_path / "flat/b.tif", np.full((12, 10), 150, np.uint16))
    write(tmp_path / "dark.tif", np.full((12, 10), 8, np.uint16))
    return tmp_path


def test_a_users_folders(series: Path) -> None:
    at = f"speckle-folder[reference={series}/ref,sample='{series}/sam/Sam*.tif',flat={series}/flat,dark={series}/dark.tif"
    made = problem(f"{at},{GEOMETRY},delta_beta=900,crop=2:12x0:8]")
    y = stack(made)
    assert (y.images, y.shape, y.delta_beta, made.truth) == (11, (10, 8), 900.0, None)
    np.testing.assert_allclose(y.sample, 0.5 * y.reference, rtol=1e-5)
    assert y.reference[10].mean() > y.reference[1].mean()
    assert stack(problem(f"{at},{GEOMETRY},images=3]")).images == 3
    assert len(build_plugin("dataset", f"{at},{GEOMETRY}]").inputs) == 11 + 11 + 2 + 1
    write(series / "sam/Sam2.tif", np.full((12, 10), 60, np.float32))
    assert problem(f"{at},{GEOMETRY},delta_beta=900]").provenance.sha256 != made.provenance.sha256


def test_a_dead_pixel_is_named_or_left_out(series: Path) -> None:
    broken = tifffile.imread(series / "ref/Ref3.tif")
    broken[4, 5] = 0
    write(series / "ref/Ref3.tif", broken)
    at = f"speckle-folder[reference={series}/ref,sample={series}/sam,{GEOMETRY}"
    with pytest.raises(BadInput, match=r"\breference .*\b2 .*\b1 .*\bpositive\b.*invalid=mask"):
        problem(f"{at}]")
    y = stack(problem(f"{at},invalid=mask]"))
    assert y.mask is not None
    assert np.argwhere(~y.mask).tolist() == [[4, 5]]
    assert (y.reference > 0).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("", r"speckle-folder\[reference="),
        ("reference={0}/ref,sample={0}/sam", r"\benergy_ev, distance_m, pixel_m\b"),
        ("reference={0}/ref,sample={0}/none," + GEOMETRY, "sample: .*/none"),
        ("reference={0}/ref,sample={0}/flat," + GEOMETRY, r"\b11 .*/ref\b.*\b2 .*/flat\b"),
        ("reference={0}/ref,sample={0}/sam,images=12," + GEOMETRY, r"\bimages .*\b11\b.*\b12\b"),
        ("reference={0}/ref,sample={0}/sam,crop=5x5," + GEOMETRY, r"\bcrop .*'5x5'"),
        ("reference={0}/ref,sample={0}/sam,crop=0:13x0:5," + GEOMETRY, r"\.tif: .*\bcrop .*\b13\b"),
    ],
)
def test_bad_input_is_one_line(series: Path, settings: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as error:
        problem(f"speckle-folder[{settings.format(series)}]" if settings else "speckle-folder")
    assert "\n" not in str(error.value)
