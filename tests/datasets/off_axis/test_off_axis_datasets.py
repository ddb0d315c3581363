import dataclasses
import os
import re
from pathlib import Path

import numpy as np
import pytest

from prbench.core import build_plugin
from prbench.datasets.off_axis import offaxis_real
from prbench.datasets.originals.table import originals_of
from prbench.errors import BadInput, DataNotFound, UsageError

KINDS = ("spheroid", "spread", "dividing", "red-blood", "cluster")
DATA = Path(os.environ.get("PRBENCH_DATA", "nowhere")) / "off_axis"
measured = pytest.mark.skipif(not DATA.is_dir(), reason="PRBENCH_DATA has no folder off_axis")


def cells(**settings):
    return build_plugin("dataset", "offaxis-cells", settings)


def phase(index=0, split="test", seed=0, **settings):
    return cells(**settings).problem(index, split=split, seed=seed).truth.phase


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("system", [1, 2])
def test_cells_are_of_plausible_phase_within_the_band(kind, system):
    for index in range(3):
        made = cells(kind=kind, system=system, photons=None).problem(index)
        found, aux = made.truth.phase, made.truth.aux
        assert 1 < found.max() < 9
        assert found.min() > -0.15
        edge = np.concatenate([found[[0, -1]].ravel(), found[:, [0, -1]].ravel()])
        assert np.median(np.abs(edge)) < 0.02  # background
        steps = [np.abs(np.diff(found, axis=axis)).max() for axis in (0, 1)]
        assert max(steps) < np.pi * np.hypot(*aux["carrier"])  # no phase that its order could not carry
        contrast = aux["modulation"] / aux["offset"]
        assert 0.1 < contrast.min() < contrast.max() < 1


def test_kinds_take_turns():
    for index, kind in enumerate(KINDS):
        np.testing.assert_array_equal(phase(index, photons=None).shape, phase(index, kind=kind, photons=None).shape)
    assert len({phase(index).tobytes() for index in range(10)}) == 10


def test_the_object_s_wave_is_cut_off_by_the_aperture():
    """Its spectrum beyond the cutoff holds a millionth of its power; a third of the carrier's frequency leaves it whole."""
    aux = (made := cells(photons=None, aberration=0).problem(0)).truth.aux
    wave = aux["modulation"] * np.exp(1j * made.truth.phase) * np.hanning(256)[:, None] * np.hanning(256)
    power = np.abs(np.fft.fft2(wave)) ** 2
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None, :])
    assert power[frequency > np.hypot(*aux["carrier"]) / 3].sum() < 1e-6 * power.sum()


def test_noise_light_and_optics_leave_the_cell_as_it_is():
    first = phase(3)
    np.testing.assert_array_equal(first, phase(3, photons=50, read_noise=20))
    np.testing.assert_array_equal(first, phase(3, aberration=0, drift=2, background=True))


def test_noise_is_that_of_counted_photons():
    quiet, noisy = (cells(photons=p, read_noise=3).problem(0) for p in (1e4, 1e4))
    expected = quiet.measurement.forward(quiet.truth)
    gap = noisy.measurement.interferogram - expected
    assert np.var(gap / np.sqrt(expected + 9)) == pytest.approx(1, abs=0.02)
    assert np.mean(expected) == pytest.approx(1e4, rel=0.1)


def test_the_background_is_the_hologram_without_the_cell():
    made = cells(photons=None, background=True).problem(0)
    y = made.measurement
    empty = np.abs(made.truth.phase) < 1e-3
    ripples = np.abs(made.truth.aux["modulation"])
    assert np.quantile(np.abs((y.background - y.interferogram)[empty]), 0.99) < 0.01 * ripples.max()
    assert np.abs((y.background - y.interferogram)[~empty]).max() > ripples.max()


def test_smaller_frames_have_smaller_and_larger_ones_more_cells():
    assert phase(size=128, kind="spheroid").max() < phase(kind="spheroid").max()
    assert phase(size=512, kind="spheroid").shape == (512, 512)
    quarters = [part for half in np.split(phase(size=512, kind="spheroid"), 2) for part in np.split(half, 2, axis=1)]
    assert all(part.max() > 1 for part in quarters)


def test_the_systems_differ_in_what_a_network_would_learn():
    one, two = (cells(system=n).problem(0) for n in (1, 2))
    assert one.measurement.wavelength_m != two.measurement.wavelength_m
    assert one.measurement.pixel_m != two.measurement.pixel_m
    a, b = (made.truth.aux["carrier"] for made in (one, two))
    assert abs(np.dot(a, b)) < 0.5 * np.hypot(*a) * np.hypot(*b)  # another direction


def test_views_of_one_cell_stay_in_one_split():
    for split in ("tune", "train"):
        with pytest.raises(UsageError, match=rf"\bsplit\b.*\btest\b.*\b{split}\b"):
            cells(kind="hl60").problem(0, split=split)


@measured
def test_views_of_the_measured_cell_keep_its_phase():
    found = [phase(index, kind="hl60", photons=None) for index in (0, 33, 69)]
    assert all(p.max() == pytest.approx(3.0, abs=0.25) for p in found)
    with pytest.raises(UsageError, match=r"\b0 to 69\b.*\b70\b"):
        cells(kind="hl60").problem(70)


def test_missing_views_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    with pytest.raises(DataNotFound, match=rf"\boff_axis/hl60_phase_views\b.*{tmp_path}"):
        cells(kind="hl60").problem(0)
    with pytest.raises(DataNotFound, match=rf"\boff_axis/hologram_cell\b.*{tmp_path}"):
        build_plugin("dataset", "offaxis-real").problem(0)


@measured
def test_measured_holograms_are_as_stored():
    cell = build_plugin("dataset", "offaxis-real").problem(0)
    assert cell.measurement.shape == (200, 210)
    assert cell.measurement.background is not None
    assert cell.measurement.denser
    assert cell.truth is None
    assert build_plugin("dataset", "offaxis-real", {"background": False}).problem(0).measurement.background is None
    large = build_plugin("dataset", "offaxis-real", {"hologram": "glioblastoma"}).problem(0).measurement
    assert large.shape == (2049, 2049)
    assert large.background is None


REAL = ("cell", "glioblastoma", "blood", "fly", "spokes", "usaf", "cakes", "star", "shamu", "bead")


@pytest.mark.parametrize("name", REAL)
def test_measured_holograms_are_read_from_files_of_their_layout(name, tmp_path, monkeypatch):
    """Small files of the published kinds: NPZ with a background, JPEG, PNG, TIFF, HDF5 with an array called 0."""
    import h5py
    import tifffile
    from PIL import Image

    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path))
    file = offaxis_real.HOLOGRAMS[name]
    monkeypatch.setitem(offaxis_real.HOLOGRAMS, name, dataclasses.replace(file, sha256=""))
    row, column = np.indices((48, 64))
    image = (120 + 80 * np.cos(2 * np.pi * (0.2 * row + 0.25 * column))).astype(np.uint8)
    file.path.parent.mkdir(parents=True)
    if file.path.suffix == ".npz":
        np.savez(file.path, data=image, bg_data=image + 1)
    elif file.path.suffix == ".h5":
        with h5py.File(file.path, "w") as h5:
            h5.create_dataset("0", data=image)
    elif file.path.suffix in (".tif", ".tiff"):
        tifffile.imwrite(file.path, image)
    else:
        Image.fromarray(image).save(file.path)
    made = build_plugin("dataset", "offaxis-real", {"hologram": name}).problem(0)
    assert made.measurement.shape == (48, 64)
    np.testing.assert_allclose(made.measurement.interferogram, image, atol=25 if file.path.suffix == ".jpg" else 0)
    assert (made.measurement.background is not None) == (name == "cell")
    assert made.truth is None
    assert made.measurement.denser


def test_measured_holograms_have_addresses_and_a_licence():
    assert set(offaxis_real.HOLOGRAMS) == set(REAL)
    for file in offaxis_real.HOLOGRAMS.values():
        assert file.licence == "MIT"
        (url,) = file.urls
        assert [o.sha256 for o in originals_of("offaxis-real") if o.url == url] == [file.sha256]


# Microscopes that are all different


MIXED = ("cells", "ball", "chart", "beads", "hills", "star", "tissue")


def mixed(index, **settings):
    return build_plugin("dataset", "offaxis-mixed", {"size": 128, **settings}).problem(index)


def test_mixed_holograms_have_carriers_in_all_directions_whose_orders_keep_apart():
    carriers = np.array([mixed(index).truth.aux["carrier"] for index in range(24)])
    lengths = np.hypot(*carriers.T)
    assert lengths.min() > 0.14
    assert lengths.max() < 0.46
    assert (carriers[:, 1] > 0).all()  # the convention of the task
    assert np.ptp(np.arctan2(*carriers.T)) > 2
    assert np.abs(carriers).max() < 0.5


@pytest.mark.parametrize("kind", MIXED)
def test_mixed_objects_stay_within_their_height(kind):
    for index in range(3):
        found = mixed(index, kind=kind, height=6.0).truth.phase
        assert np.isfinite(found).all()
        assert 0.05 < np.ptp(found) < 6.5 * (2 if kind in ("beads", "tissue") else 1)


def test_mixed_kinds_take_turns_and_are_told_by_the_problem():
    assert [mixed(index).id.split("-")[2] for index in range(8)] == [*MIXED, MIXED[0]]


def test_the_background_of_a_mixed_hologram_has_its_fringes_without_the_object():
    made = mixed(1, kind="ball", background=True)
    y, truth = made.measurement, made.truth
    flat = np.abs(truth.phase) < 1e-3
    assert flat.any()
    noise = np.sqrt(y.forward(truth) + 16)
    assert np.mean(((y.background - y.interferogram) / noise)[flat] ** 2) < 4


@pytest.fixture
def stored(tmp_path):
    """An interferogram of integers and its background, in an NPZ file, a TIFF and a PNG."""
    import tifffile
    from PIL import Image

    row, column = np.indices((32, 40))
    noise = np.random.default_rng(0).integers(0, 10, (2, 32, 40))
    seen, empty = (120 + 90 * np.cos(2 * np.pi * (0.23 * row - 0.17 * column)) + noise).astype(np.uint8)
    np.savez(tmp_path / "pair.npz", data=seen, bg=empty)
    tifffile.imwrite(tmp_path / "seen.tif", seen)
    Image.fromarray(empty).save(tmp_path / "empty.png")
    return tmp_path, seen, empty


def of_file(**settings):
    return build_plugin("dataset", "offaxis-file", settings).problem(0).measurement


def test_a_user_s_pair_is_read_from_one_file_or_two(stored):
    folder, seen, empty = stored
    inside = of_file(path=str(folder / "pair.npz"), dataset="data", background="bg", wavelength_m=5e-7, pixel_m=1e-7)
    apart = of_file(
        path=str(folder / "seen.tif"), background=str(folder / "empty.png"), denser=False, carrier_row=0.1, carrier_column=-0.2
    )
    for y in (inside, apart):
        np.testing.assert_array_equal(y.interferogram, seen)
        np.testing.assert_array_equal(y.background, empty)
    assert (inside.wavelength_m, inside.pixel_m, inside.denser, inside.carrier) == (5e-7, 1e-7, True, None)
    assert (apart.denser, apart.carrier) == (False, (0.1, -0.2))
    assert of_file(path=str(folder / "seen.tif")).background is None


def test_wrong_files_are_named(stored):
    folder, seen, _ = stored
    with pytest.raises(UsageError, match=r"offaxis-file\[path="):
        of_file()
    with pytest.raises(UsageError, match=r"\bcarrier_row\b.*\bcarrier_column\b"):
        of_file(path=str(folder / "seen.tif"), carrier_row=0.1)
    with pytest.raises(BadInput, match="nothing"):
        of_file(path=str(folder / "nothing.tif"))
    np.save(folder / "stack.npy", np.stack([seen, seen]))
    with pytest.raises(BadInput, match=r"stack\.npy: .*\(2, 32, 40\)"):
        of_file(path=str(folder / "stack.npy"))
    np.save(folder / "small.npy", seen[:20])
    with pytest.raises(BadInput, match=r"small\.npy: background .*\(20, 40\).*\(32, 40\)"):
        of_file(path=str(folder / "seen.tif"), background=str(folder / "small.npy"))


def test_settings_are_part_of_the_dataset_s_name():
    assert dataclasses.asdict(cells(system=2))["system"] == 2
    with pytest.raises(UsageError, match="system"):
        cells(system=3)


def hologram(carrier=(0.15, 0.2), shape=(64, 64)):
    row, column = np.indices(shape)
    bump = 2 * np.exp(-((row - shape[0] / 2) ** 2 + (column - shape[1] / 2) ** 2) / 60)
    return 100 + 40 * np.cos(2 * np.pi * (carrier[0] * row + carrier[1] * column) + bump)


def test_noise_is_refused_in_one_line(tmp_path):
    np.save(tmp_path / "noise.npy", np.random.default_rng(0).poisson(50, (128, 128)))
    with pytest.raises(BadInput, match=r"noise\.npy: .*fringes") as caught:
        of_file(path=str(tmp_path / "noise.npy"))
    assert "\n" not in str(caught.value)
    with pytest.raises(BadInput, match=r"noise\.npy: .*fringes"):
        of_file(path=str(tmp_path / "noise.npy"), carrier_row=0.1, carrier_column=0.2)


def test_pixels_that_are_not_finite_are_refused_or_left_out(tmp_path):
    seen = hologram()
    seen[3:6, 4:9] = np.nan
    np.save(tmp_path / "h.npy", seen)
    with pytest.raises(BadInput, match=r"h\.npy: 15 .*\(3, 4\).*invalid=mask"):
        of_file(path=str(tmp_path / "h.npy"))
    y = of_file(path=str(tmp_path / "h.npy"), invalid="mask")
    assert (~y.mask).sum() == 15
    assert not y.mask[3:6, 4:9].any()
    assert np.isfinite(y.interferogram).all()


def test_a_mask_comes_from_the_file_another_file_or_another_array(tmp_path):
    seen, bad = hologram(), np.zeros((64, 64), np.uint8)
    bad[:, 40:50] = 1
    np.savez(tmp_path / "both.npz", data=seen, mask=bad)
    np.savez(tmp_path / "named.npz", data=seen, usable=1 - bad)
    np.save(tmp_path / "h.npy", seen)
    np.save(tmp_path / "bad.npy", bad)
    for settings in (
        {"path": "both.npz"},
        {"path": "named.npz", "dataset": "data", "mask": "usable", "mask_means": "measured"},
        {"path": "h.npy", "mask": str(tmp_path / "bad.npy")},
        {"path": "h.npy", "mask": f"{tmp_path / 'both.npz'}::mask"},
    ):
        y = of_file(**settings | {"path": str(tmp_path / settings["path"])})
        np.testing.assert_array_equal(y.mask, bad == 0)
    dataset = build_plugin("dataset", "offaxis-file", {"path": str(tmp_path / "h.npy"), "mask": str(tmp_path / "bad.npy")})
    assert dataset.inputs == (str(tmp_path / "h.npy"), str(tmp_path / "bad.npy"))
    with pytest.raises(BadInput, match="absent"):
        of_file(path=str(tmp_path / "h.npy"), mask=str(tmp_path / "absent.npy"))
    inverse = build_plugin("dataset", "offaxis-file", {"path": str(tmp_path / "both.npz"), "mask_means": "measured"}).problem(0)
    assert any(re.search(r"\bmask .*\d+ %", line) for line in inverse.warnings)


def test_geometry_comes_from_qpformat_s_attributes(tmp_path):
    import h5py

    with h5py.File(tmp_path / "qp.h5", "w") as file:
        file.attrs.update({"file_format": "qpformat", "imaging_modality": "off-axis holography"})
        for name in "01":
            file[name] = hologram()
            file[name].attrs.update({"wavelength": 532e-9, "pixel size": 1.07e-7, "medium index": 1.335})
    y = of_file(path=str(tmp_path / "qp.h5"))
    assert (y.wavelength_m, y.pixel_m) == (532e-9, 1.07e-7)
    assert of_file(path=f"{tmp_path / 'qp.h5'}::/1").pixel_m == 1.07e-7
    told = of_file(path=str(tmp_path / "qp.h5"), wavelength_m=6e-7)
    assert (told.wavelength_m, told.pixel_m) == (6e-7, 1.07e-7)


def test_overexposed_pixels_are_said(tmp_path):
    np.save(tmp_path / "h.npy", np.clip(1.9 * hologram(), 0, 255).astype(np.uint8))
    problem = build_plugin("dataset", "offaxis-file", {"path": str(tmp_path / "h.npy")}).problem(0)
    assert any("overexposed" in line for line in problem.warnings)


CHART = Path(os.environ.get("PRBENCH_DATA", "nowhere")) / ".." / "cases" / "off_axis" / "usaf_small_MIT_OIRL.tiff"


@pytest.mark.skipif(not CHART.is_file(), reason="the hologram of a chart is not beside PRBENCH_DATA")
def test_a_hologram_of_another_microscope_is_read_and_found():
    import prbench

    problem = build_plugin("dataset", "offaxis-file", {"path": str(CHART)}).problem(0)
    assert problem.measurement.shape == (600, 960)
    found = prbench.solve("fourier-filter", problem.measurement).reconstruction
    np.testing.assert_allclose(np.abs(found.aux["carrier"]), (0.36, 0.335), atol=0.01)
    assert prbench.score(found, problem)["fringe_residual"] < 0.35
