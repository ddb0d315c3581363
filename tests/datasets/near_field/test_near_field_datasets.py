import dataclasses
import math
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import prbench
from prbench.core import build_plugin, load_plugin
from prbench.core.data_files import sha256_of
from prbench.core.problem import Problem
from prbench.errors import BadInput, DataNotFound, UsageError
from prbench.tasks.near_field import NearField

SMALL = "size=48,distance_m=0.003,padding=16"


def problem(spelled: str, index: int = 0, split: str = "test") -> Problem:
    made: Problem = build_plugin("dataset", spelled).problem(index, split=split)
    return made


def field(made: Problem) -> NearField:
    assert isinstance(made.measurement, NearField)
    return made.measurement


def needs(name: str) -> pytest.MarkDecorator:
    here = "PRBENCH_DATA" in os.environ and load_plugin("dataset", name).files[0].path.is_file()
    return pytest.mark.skipif(not here, reason=f"{name}: set PRBENCH_DATA to a folder that holds it")


@pytest.mark.parametrize("name", ["radiograph", "near-field-image"])
def test_the_phase_has_the_range_that_solvers_are_told(name: str) -> None:
    for index in range(3):
        made = problem(f"{name}[{SMALL},strength=0.8]", index)
        phase = made.truth.phase  # type: ignore[union-attr]
        assert field(made).phase_range == pytest.approx((0, 0.8 * math.pi))
        assert (phase.min(), phase.max()) == pytest.approx((0, 0.8 * math.pi), abs=1e-6)
        assert field(made).pure_phase


def test_the_defaults_are_those_of_the_publications() -> None:
    y = field(problem("radiograph[kind=voids]"))
    assert y.shape == (440, 440)
    assert (y.wavelength_m, y.pixel_m, y.distance_m) == (632.8e-9, 8e-6, 22.3e-3)
    assert y.phase_range == pytest.approx((0, math.pi / 2))


def test_kinds_come_in_turn_and_an_object_is_the_same_at_any_size_and_noise() -> None:
    names = [problem(f"radiograph[{SMALL}]", index).id.split("-")[1] for index in range(4)]
    assert names == ["casting", "weld", "voids", "casting"]
    ideal, noisy = (problem(f"radiograph[{SMALL}{more}]") for more in ("", ",photons=100"))
    np.testing.assert_array_equal(ideal.truth.phase, noisy.truth.phase)  # type: ignore[union-attr]
    gap = field(ideal).intensity - field(noisy).intensity
    assert gap.std() == pytest.approx(0.1, rel=0.1)  # Poisson's, at about 1 in units of 100 photons
    assert field(noisy).gain == pytest.approx(0.01, rel=0.01)
    large = problem("radiograph[size=96,distance_m=0.003,padding=16]").truth.phase  # type: ignore[union-attr]
    binned = large.reshape(48, 2, 48, 2).mean((1, 3))
    assert np.corrcoef(binned.ravel(), ideal.truth.phase.ravel())[0, 1] > 0.95  # type: ignore[union-attr]


def test_an_absorbing_object_transmits_least_where_it_is_thickest() -> None:
    made = problem(f"radiograph[{SMALL},delta_beta=20]")
    truth, y = made.truth, field(made)
    assert truth is not None
    assert truth.transmission.max() == pytest.approx(1, abs=1e-6)
    assert truth.transmission.min() == pytest.approx(math.exp(-math.pi / 2 / 20), rel=1e-5)
    assert not y.pure_phase
    assert y.delta_beta == 20


def test_the_model_told_is_not_the_one_that_makes_the_data() -> None:
    told = field(problem(f"radiograph[{SMALL},model=fourier-born]"))
    assert told.model == "fourier-born"
    np.testing.assert_array_equal(told.intensity, field(problem(f"radiograph[{SMALL}]")).intensity)


def test_a_frame_too_small_for_the_distance_is_refused() -> None:
    with pytest.raises(BadInput, match=r"^distance_m .*\bangular-spectrum\b.*\bpadding 16\b"):
        problem("radiograph[size=48,padding=16]")


def test_splits_of_pictures_share_none() -> None:
    names = {
        split: {problem(f"near-field-image[{SMALL}]", n, split).id.split("-")[3] for n in range(5)} for split in ("test", "tune")
    }
    assert not names["test"] & names["tune"]
    camera = problem(f"near-field-image[{SMALL},image=camera]")
    np.testing.assert_array_equal(camera.truth.phase, problem(f"near-field-image[{SMALL}]").truth.phase)  # type: ignore[union-attr]


@needs("beads")
@pytest.mark.parametrize(("index", "distance_m", "correlation"), [(0, 7e-3, 0.92), (1, 16e-3, 0.875)])
def test_the_true_beads_propagated_correlate_with_the_measurement(index: int, distance_m: float, correlation: float) -> None:
    made = problem("beads", index)
    y = field(made)
    assert (y.shape, y.distance_m, y.wavelength_m, y.pixel_m) == ((256, 256), distance_m, 532e-9, 6.5e-6)
    assert np.median(y.intensity) == pytest.approx(1)
    found = np.corrcoef(y.forward(made.truth).ravel(), y.intensity.ravel())[0, 1]
    assert found == pytest.approx(correlation, abs=0.005)


@needs("beads")
def test_beads_of_the_other_sign_do_not_correlate() -> None:
    made = problem("beads")
    y, truth = field(made), made.truth
    assert truth is not None
    assert np.corrcoef(y.expected(-truth.phase, truth.transmission).ravel(), y.intensity.ravel())[0, 1] < 0.3


@needs("radiograph-real")
def test_measured_radiographs_become_phases() -> None:
    made = [problem(f"radiograph-real[{SMALL}]", index) for index in range(4)]
    assert [p.id.split("-")[2] for p in made] == ["cast_defect", "weld", "wheel", "cast_defect"]
    assert not np.array_equal(made[0].truth.phase, made[3].truth.phase)  # type: ignore[union-attr]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Three images in GDXray's layout, the second with two defects."""
    folder = tmp_path / "Castings" / "C0001"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in (1, 2, 10):
        picture = (rng.random((60, 80)) * 200).astype(np.uint8)
        Image.fromarray(picture).save(folder / f"C0001_{number:04d}.png")
    (folder / "ground_truth.txt").write_text("  2.0000000e+00  21  30  11  20\n 2 51 52 31 32\n 10 1 80 1 60\n")
    return tmp_path


def test_gdxray_is_read_in_its_own_layout(database: Path) -> None:
    spelled = f"gdxray[path={database},size=60,distance_m=0.003,padding=16]"
    dataset = build_plugin("dataset", spelled)
    assert dataset.samples == 3
    assert len(dataset.inputs) == 4
    made = [problem(spelled, index) for index in range(3)]
    assert [p.id.split("-")[1] for p in made] == ["C0001_0001", "C0001_0002", "C0001_0010"]
    assert made[1].provenance.sha256 == sha256_of(database / "Castings" / "C0001" / "C0001_0002.png")
    assert not made[0].reference["defects"].any()
    defects = made[1].reference["defects"]
    assert defects[10:20, 10:20].all()  # ten columns of 80 are cut off on either side
    assert defects.sum() == 100 + 4
    assert made[2].reference["defects"].all()
    picture = np.asarray(Image.open(database / "Castings" / "C0001" / "C0001_0001.png"), float)[:, 10:70]
    np.testing.assert_allclose(made[0].truth.phase, math.pi / 2 * (picture - picture.min()) / np.ptp(picture), atol=1e-6)  # type: ignore[union-attr]
    with pytest.raises(UsageError, match=r"^gdxray .*\b0 to 2\b.*\b3\b"):
        problem(spelled, 3)


def test_gdxray_says_what_is_missing(tmp_path: Path, database: Path) -> None:
    with pytest.raises(DataNotFound, match=rf"{tmp_path}.*W0001_0001\.png.*https://.*\bpath="):
        problem(f"gdxray[path={tmp_path},series=Welds/W0001]")
    with pytest.raises(UsageError, match=r": series .*'\.\./secret'"):
        build_plugin("dataset", "gdxray[series=../secret]")
    truth = database / "Castings" / "C0001" / "ground_truth.txt"
    truth.write_text("1 2 3\n")
    with pytest.raises(BadInput, match=r"ground_truth\.txt, line 1: .*\bx1 x2 y1 y2\b.*'1 2 3'"):
        problem(f"gdxray[path={database},size=48,distance_m=0.003]")
    (database / "Castings" / "C0001" / "C0001_0001.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"C0001_0001\.png: .*UnidentifiedImageError"):
        problem(f"gdxray[path={database},size=48,distance_m=0.003]")


GEOMETRY = "wavelength_m=532e-9,pixel_m=6.5e-6,distance_m=0.003,padding=16,holdout=0"


def test_a_file_is_divided_by_its_flat_or_its_median(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    object_, flat = 1 + 0.1 * rng.random((40, 48)), 500 * (1 + 0.2 * rng.random((40, 48)))
    np.save(tmp_path / "image.npy", (object_ * flat).astype(np.float32))
    np.save(tmp_path / "flat.npy", flat.astype(np.float32))
    y = field(problem(f"near-field-file[path={tmp_path}/image.npy,flat={tmp_path}/flat.npy,{GEOMETRY}]"))
    np.testing.assert_allclose(y.intensity, object_, rtol=1e-5)
    divided = problem(f"near-field-file[path={tmp_path}/image.npy,{GEOMETRY}]")
    assert np.median(field(divided).intensity) == pytest.approx(1)
    assert any("median" in line and "flat=" in line for line in divided.warnings)
    alone = field(problem(f"near-field-file[path={tmp_path}/image.npy,background=one,{GEOMETRY}]"))
    np.testing.assert_allclose(alone.intensity, object_ * flat, rtol=1e-5)


def test_pictures_and_masks_of_files_are_read(tmp_path: Path) -> None:
    grey = (100 + 50 * np.random.default_rng(0).random((40, 48))).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "grey.png")
    Image.fromarray(np.dstack([grey] * 3)).save(tmp_path / "colour.png")
    first, second = (field(problem(f"near-field-file[path={tmp_path}/{name}.png,{GEOMETRY}]")) for name in ("grey", "colour"))
    np.testing.assert_allclose(first.intensity, grey / np.median(grey), rtol=1e-6)
    np.testing.assert_allclose(second.intensity, first.intensity, rtol=1e-4)
    bad = np.zeros(grey.shape, bool)
    bad[3, 4] = True
    np.savez(tmp_path / "flagged.npz", intensity=np.where(bad, -5.0, grey), bad=bad)
    y = field(problem(f"near-field-file[path={tmp_path}/flagged.npz,{GEOMETRY}]"))
    assert y.mask is not None
    assert (~y.mask).sum() == 1
    broken = np.where(bad, np.nan, grey)
    np.save(tmp_path / "broken.npy", broken)
    with pytest.raises(BadInput, match=r"broken\.npy: 1 .*\(3, 4\).*invalid=mask"):
        problem(f"near-field-file[path={tmp_path}/broken.npy,{GEOMETRY}]")
    masked = field(problem(f"near-field-file[path={tmp_path}/broken.npy,invalid=mask,{GEOMETRY}]"))
    assert masked.mask is not None
    assert not masked.mask[3, 4]


def test_a_file_without_geometry_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "image.npy", np.ones((40, 48), np.float32) + np.eye(40, 48, dtype=np.float32))
    with pytest.raises(UsageError, match=r"^near-field-file: .*\bwavelength_m, pixel_m, distance_m\b"):
        problem(f"near-field-file[path={tmp_path}/image.npy]")
    with pytest.raises(UsageError, match=r"near-field-file\[path="):
        problem("near-field-file")
    np.save(tmp_path / "flat.npy", np.ones((3, 3), np.float32))
    with pytest.raises(BadInput, match=r"flat\.npy: .*\(3, 3\).*\(40, 48\)"):
        problem(f"near-field-file[path={tmp_path}/image.npy,flat={tmp_path}/flat.npy,{GEOMETRY}]")


def test_an_empty_beam_that_is_not_one_is_said(tmp_path: Path) -> None:
    np.save(tmp_path / "raw.npy", (0.19 * (1 + 0.1 * np.random.default_rng(0).random((40, 48)))).astype(np.float32))
    raw = problem(f"near-field-file[path={tmp_path}/raw.npy,normalise=one,{GEOMETRY}]")
    (line,) = raw.warnings
    assert "flat=" in line
    assert "normalise=median" in line
    assert field(raw).intensity.max() < 0.22
    np.save(tmp_path / "ready.npy", (1 + 0.1 * np.random.default_rng(0).random((40, 48))).astype(np.float32))
    assert problem(f"near-field-file[path={tmp_path}/ready.npy,{GEOMETRY}]").warnings == ()
    np.save(tmp_path / "dark.npy", np.zeros((40, 48), np.float32) + np.eye(40, 48, dtype=np.float32))
    with pytest.raises(BadInput, match=r"dark\.npy: .*\bmedian\b.*\b0\b.*\bflat=.*\bnormalise=one"):
        problem(f"near-field-file[path={tmp_path}/dark.npy,{GEOMETRY}]")


def test_what_is_known_of_an_object_is_told_to_solvers(tmp_path: Path) -> None:
    np.save(tmp_path / "i.npy", (500 * (1 + 0.1 * np.random.default_rng(0).random((40, 48)))).astype(np.float32))
    told = "phase_range=0:inf,gain=2,refractive_contrast=0.3,delta_beta=40"
    y = field(problem(f"near-field-file[path={tmp_path}/i.npy,{told},{GEOMETRY}]"))
    assert y.phase_range == (0, math.inf)
    assert (y.delta_beta, y.refractive_contrast) == (40, 0.3)
    assert y.gain == pytest.approx(2 / 525, rel=0.02)  # of the image over its median
    assert field(problem(f"near-field-file[path={tmp_path}/i.npy,phase_range=-3:-1.5,{GEOMETRY}]")).phase_range == (-3, -1.5)
    assert field(problem(f"near-field-file[path={tmp_path}/i.npy,amplitude_range=0.6:1,{GEOMETRY}]")).amplitude_range == (0.6, 1)
    for wrong in ("3", "3:1", "a:b", "nan:1"):
        for name in ("phase_range", "amplitude_range"):
            with pytest.raises(UsageError, match=rf"\b{name} .*{wrong}"):
                problem(f"near-field-file[path={tmp_path}/i.npy,{name}={wrong},{GEOMETRY}]")


def test_a_flat_field_without_light_leaves_pixels_out_and_says_so(tmp_path: Path) -> None:
    image, flat = np.full((40, 48), 500.0), np.full((40, 48), 500.0)
    image[5, 6] += 50
    flat[0] = 0
    np.savez(tmp_path / "both.npz", data=image, flat=flat)
    made = problem(f"near-field-file[path={tmp_path}/both.npz,dataset=data,flat=flat,{GEOMETRY}]")
    y = field(made)
    assert y.mask is not None
    assert not y.mask[0].any()
    assert y.mask[1:].all()
    assert any(line.startswith("48 ") and "flat" in line for line in made.warnings)
    dataset = build_plugin("dataset", f"near-field-file[path={tmp_path}/both.npz,flat=flat,dataset=data]")
    assert dataset.inputs == (f"{tmp_path}/both.npz",)


def test_pixels_held_out_are_kept_from_solvers_and_scored(tmp_path: Path) -> None:
    image = field(problem(f"radiograph[{SMALL}]")).intensity
    np.save(tmp_path / "i.npy", image)
    geometry = "wavelength_m=632.8e-9,pixel_m=8e-6,distance_m=0.003,padding=16,pure_phase=true,phase_range=0:1.6,normalise=one"
    made = problem(f"near-field-file[path={tmp_path}/i.npy,holdout=0.05,{geometry}]")
    assert made.held_out is not None
    y = field(made)
    assert y.mask is not None
    hidden = np.asarray(made.held_out.mask)
    np.testing.assert_array_equal(y.mask, ~hidden)
    assert 0.03 < hidden.mean() < 0.08
    np.testing.assert_array_equal(np.asarray(made.held_out.intensity)[hidden], image[hidden])
    assert not np.array_equal(y.intensity[hidden], image[hidden])
    found = prbench.solve("least-variation[iterations=100]", y).reconstruction
    right, empty = (prbench.score(x, made)["free_residual"] for x in (found, dataclasses.replace(found, phase=0 * found.phase)))
    assert empty == pytest.approx(1, rel=1e-3)
    assert right < 0.2


def test_the_old_name_of_normalise_is_read() -> None:
    assert build_plugin("dataset", "near-field-file[path=x.npy,background=one]").params()["normalise"] == "one"


ORIGINALS = Path(os.environ.get("PRBENCH_DATA", "nowhere")) / "originals" / "beads"


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="PRBENCH_DATA has no originals/beads")
def test_a_raw_measured_frame_is_divided_by_its_median_and_said() -> None:
    geometry = "wavelength_m=532e-9,pixel_m=6.5e-6,distance_m=7e-3,phase_range=0:inf"
    made = problem(f"near-field-file[path={ORIGINALS}/holography3.mat,{geometry}]")
    assert np.median(field(made).intensity) == pytest.approx(1, abs=1e-2)
    assert any("median" in line for line in made.warnings)


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="PRBENCH_DATA has no originals/beads")
def test_a_raw_measured_frame_taken_for_divided_is_said_and_worse() -> None:
    """An untrained network finds nothing in it: its correlation with the true phase is 0.02, and 0.88 in the divided frame."""
    geometry = "wavelength_m=532e-9,pixel_m=6.5e-6,distance_m=7e-3,phase_range=0:inf,holdout=0"
    raw, divided = (
        problem(f"near-field-file[path={ORIGINALS}/holography3.mat,normalise={how},{geometry}]") for how in ("one", "median")
    )
    assert any("flat=" in line and "normalise=median" in line for line in raw.warnings)
    true = problem("beads").truth
    assert true is not None
    found = [prbench.solve("gs[iterations=20]", made.measurement, seed=0).reconstruction.phase for made in (raw, divided)]
    worse, better = (np.corrcoef(np.asarray(phase).ravel(), np.asarray(true.phase).ravel())[0, 1] for phase in found)
    assert worse < 0.7 < better
