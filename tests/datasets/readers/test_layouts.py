"""Files in the layouts of instruments: read as they are meant, or refused in one line that says what to do."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import tifffile
from fabio.cbfimage import CbfImage
from fabio.edfimage import EdfImage

from prbench.core import build_plugin
from prbench.core.problem import Problem
from prbench.errors import BadInput, UsageError

from .layouts import MIDDLE, SHAPE, bliss, counts, cxi, dectris, gaps, virtual_in_file, with_gaps


def read(path: Path | str, **settings: object) -> Problem:
    made: Problem = build_plugin("dataset", "file", {"path": str(path), "holdout": 0, **settings}).problem(0)
    return made


def assert_counts(made: Problem, expected: np.ndarray | None = None, hidden: np.ndarray | None = None) -> None:
    y = made.measurement
    mask = np.ones(SHAPE, bool) if y.mask is None else y.mask
    np.testing.assert_array_equal(mask, ~hidden if hidden is not None else True)
    np.testing.assert_allclose(y.intensity[mask], (counts() if expected is None else expected)[mask], rtol=1e-6)


def refused(path: Path | str, **settings: object) -> str:
    with pytest.raises(UsageError) as caught:
        read(path, **settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("u1", 255),
        ("u2", 65535),
        ("u2", 65534),
        ("u4", 2**32 - 1),
        ("u4", 2**32 - 2),
        ("u8", 2**64 - 1),
        ("i2", 2**15 - 1),
        ("i4", 2**31 - 1),
        ("i8", 2**63 - 1),
        ("i4", 65535),
        ("f4", 65535),
        ("i8", 2**32 - 1),
        ("f8", 2**32 - 1),
        ("f4", 2**32),
        ("i4", 2**20 - 1),
        ("i4", -1),
        ("i2", -2),
        ("f8", np.nan),
    ],
)
def test_what_marks_a_gap_is_no_count(tmp_path: Path, dtype: str, value: float) -> None:
    data = with_gaps(0, "f8") // (300 if dtype == "u1" else 3)
    data = data.astype(dtype)
    data[gaps()] = np.array(value).astype(dtype) if np.isnan(value) or value < 2**60 else np.iinfo(dtype).max
    np.save(tmp_path / "p.npy", data)
    assert "invalid=mask" in refused(tmp_path / "p.npy")
    y = read(tmp_path / "p.npy", invalid="mask").measurement
    np.testing.assert_array_equal(y.mask, ~gaps())
    assert y.intensity.max() == data[~gaps()].max()
    zero = read(tmp_path / "p.npy", invalid="zero").measurement
    assert zero.mask is None
    assert (zero.intensity[gaps()] == 0).all()


def test_a_count_that_a_wider_counter_can_hold_is_a_count(tmp_path: Path) -> None:
    data = counts().copy()
    data[MIDDLE] = 65535
    data[data > 65535] = 60000
    np.save(tmp_path / "p.npy", data)
    assert_counts(read(tmp_path / "p.npy"), data)
    np.save(tmp_path / "q.npy", np.full(SHAPE, 255, np.uint8) - np.eye(96, dtype=np.uint8))
    assert read(tmp_path / "q.npy", saturated="inf").measurement.intensity.max() == 255


def test_saturated_pixels_are_said_and_left_out(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", np.minimum(counts(), 50_000))
    made = read(tmp_path / "p.npy")
    assert any("saturated=50000" in line for line in made.warnings)
    y = read(tmp_path / "p.npy", saturated="50000").measurement
    np.testing.assert_array_equal(y.mask, counts() < 50_000)
    np.save(tmp_path / "u.npy", np.minimum(counts(), 65535).astype(np.uint16))
    np.testing.assert_array_equal(read(tmp_path / "u.npy", saturated="max").measurement.mask, counts() < 65535)
    message = refused(tmp_path / "p.npy", saturated="lots")
    assert message.startswith("saturated ")
    assert "'lots'" in message


def test_a_dectris_master_names_its_links_and_follows_them_on_request(tmp_path: Path) -> None:
    master = dectris(tmp_path)
    message = refused(master)
    assert "s_data_000001.h5" in message
    assert "links=folder" in message
    made = read(master, links="folder", frames="sum", invalid="mask")
    assert_counts(made, 5 * counts(), gaps())
    y = made.measurement
    assert (y.pixel_m, y.distance_m, y.wavelength_m) == pytest.approx((75e-6, 5.0, 1.5e-10))
    one = read(master, links="folder", dataset="/entry/data/data_000002", frames="0")
    assert_counts(one, hidden=gaps())


def test_a_missing_file_of_a_master_is_one_line(tmp_path: Path) -> None:
    message = refused(dectris(tmp_path, write=1), links="folder", frames="sum")
    assert "s_data_000002.h5" in message
    assert "missing" in message


def test_a_mask_or_a_flat_is_never_taken_for_the_pattern(tmp_path: Path) -> None:
    path = tmp_path / "p.h5"
    for name in ("pixel_mask", "flatfield", "dark", "countrate", "weights"):
        with h5py.File(path, "w") as file:
            file[f"/entry/{name}"] = counts()
        assert name in refused(path)
        np.savez(tmp_path / "p.npz", **{name: counts()})
        assert name in refused(tmp_path / "p.npz")


def test_nothing_is_guessed_while_a_link_was_not_followed(tmp_path: Path) -> None:
    shutil.copy(dectris(tmp_path), tmp_path / "p.h5")
    with h5py.File(tmp_path / "p.h5", "a") as file:
        del file["/entry/data"]
        file["/scan/frames"] = h5py.ExternalLink("s_data_000001.h5", "/entry/data/data")
        file["/scan/preview"] = counts()
    message = refused(tmp_path / "p.h5")
    assert "/scan/frames" in message
    assert_counts(read(tmp_path / "p.h5", dataset="/scan/preview"))


def test_virtual_data_sets(tmp_path: Path) -> None:
    assert_counts(read(virtual_in_file(tmp_path / "v.h5")))
    path = bliss(tmp_path)
    message = refused(path)
    assert "eiger_0000.h5" in message
    assert "links=folder" in message
    made = read(path, links="folder", frames="sum")
    assert_counts(made, 3 * counts())
    inputs = build_plugin("dataset", "file", {"path": str(path), "links": "folder"}).inputs
    assert [Path(name).name for name in inputs] == ["bliss.h5", "eiger_0000.h5"]
    (tmp_path / "scan0001/eiger_0000.h5").unlink()
    assert "missing" in refused(path, links="folder")


def test_links_stay_in_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere"
    inside = tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    cxi(outside / "secret.cxi")
    for name in ("../elsewhere/secret.cxi", str(outside / "secret.cxi")):
        with h5py.File(inside / "p.h5", "w") as file:
            file["/entry_1/data_1/data"] = h5py.ExternalLink(name, "/entry_1/data_1/data")
        message = refused(inside / "p.h5", links="folder")
        assert "outside" in message
        assert name in message
    (inside / "link.cxi").symlink_to(outside / "secret.cxi")
    with h5py.File(inside / "p.h5", "w") as file:
        file["/entry_1/data_1/data"] = h5py.ExternalLink("link.cxi", "/entry_1/data_1/data")
    message = refused(inside / "p.h5", links="folder")
    assert "outside" in message
    assert "link.cxi" in message


def test_the_default_plot_of_nexus_is_the_pattern(tmp_path: Path) -> None:
    path = tmp_path / "p.nxs"
    with h5py.File(path, "w") as file:
        file["/scan/detector/counts"], file["/scan/other"] = counts(), counts() * 2
        file.attrs["default"], file["/scan"].attrs["default"], file["/scan/detector"].attrs["signal"] = (
            "scan",
            "detector",
            "counts",
        )
    assert_counts(read(path))


@pytest.mark.parametrize("bits", [0x1000, 0x10000, 0x11000])
def test_bits_of_a_cxi_mask_that_are_no_defects_hide_nothing(tmp_path: Path, bits: int) -> None:
    mask = np.where(gaps(), 1 | bits, bits).astype(np.uint32)
    assert_counts(read(cxi(tmp_path / "p.cxi", mask=mask)), hidden=gaps())
    assert_counts(read(cxi(tmp_path / "q.cxi", mask=np.full(SHAPE, bits, np.uint32))))
    assert_counts(read(cxi(tmp_path / "r.cxi", mask=np.where(gaps(), 0x200, bits).astype(np.int32))), hidden=gaps())


def test_what_a_cxi_file_declares_holds(tmp_path: Path) -> None:
    amplitude = cxi(tmp_path / "a.cxi", "image_1", data=np.sqrt(counts()), data_type="amplitude", data_space="diffraction")
    assert_counts(read(amplitude))
    assert read(amplitude).warnings == ()
    assert_counts(read(cxi(tmp_path / "s.cxi", "image_1", data=np.fft.ifftshift(counts()), is_fft_shifted=1)))
    moved = np.zeros(SHAPE, np.int32)
    moved[17:, :87] = counts()[:-17, 9:]
    y = read(cxi(tmp_path / "c.cxi", "image_1", data=moved, image_center=[39.0, 65.0, 0.0])).measurement
    assert np.unravel_index(y.intensity.argmax(), SHAPE) == MIDDLE
    np.testing.assert_array_equal(y.intensity[y.mask], counts()[y.mask])
    assert y.mask[:79, 9:].all()
    assert not y.mask[79:].any()
    real = cxi(tmp_path / "r.cxi", "image_1", data_space="real")
    assert "support= or initial=" in refused(real)
    assert_counts(read(cxi(tmp_path / "x.cxi", "image_1", data=np.fft.ifftshift(counts())), is_fft_shifted=True))


def test_amplitudes_in_fft_order_with_a_mask_of_good_pixels(tmp_path: Path) -> None:
    """The layout of Hawk's images."""
    path = tmp_path / "hawk.h5"
    with h5py.File(path, "w") as file:
        file["real"] = np.fft.ifftshift(np.sqrt(np.where(gaps(), 0, counts())))[..., None]
        file["mask"] = np.fft.ifftshift(~gaps()).astype(np.int32)[..., None]
        file["shifted"] = [1]
    assert "mask_means=measured" in refused(path)
    said = " ".join(read(path, mask_means="measured").warnings)
    assert "is_fft_shifted=true" in said
    assert "data_type=amplitude" in said
    settings = {"mask_means": "measured", "data_type": "amplitude", "is_fft_shifted": True}
    made = read(path, **settings)
    assert_counts(made, hidden=gaps())
    assert made.warnings == ()


def test_matlab_files(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "v5.mat", {"data": counts(), "note": "text", "energy": 8.0})
    assert_counts(read(tmp_path / "v5.mat"))
    scipy.io.savemat(tmp_path / "c.mat", {"data": counts(), "mask": gaps()}, do_compression=True)
    assert_counts(read(tmp_path / "c.mat"), hidden=gaps())
    scipy.io.savemat(tmp_path / "two.mat", {"a": counts(), "b": counts()})
    assert "a, b" in refused(tmp_path / "two.mat")
    assert_counts(read(f"{tmp_path}/two.mat::b"))
    with h5py.File(tmp_path / "v73.mat", "w", userblock_size=512) as file:
        file["data"], file["mask"] = counts()[:90].T, gaps()[:90].T.astype(np.uint8)
    y = read(tmp_path / "v73.mat").measurement
    np.testing.assert_array_equal(y.mask, ~gaps()[:90])
    np.testing.assert_array_equal(y.intensity[y.mask], counts()[:90][y.mask])
    scipy.io.savemat(tmp_path / "cell.mat", {"data": np.array([[1, "a"]], dtype=object)})
    assert "cell" in refused(tmp_path / "cell.mat", dataset="data")


@pytest.mark.parametrize("compression", ["lzw", "zlib", "packbits", "zstd"])
def test_compressed_tiffs(tmp_path: Path, compression: str) -> None:
    tifffile.imwrite(tmp_path / "p.tif", counts(), compression=compression, photometric="minisblack")
    assert_counts(read(tmp_path / "p.tif"))


def test_pilatus_images_and_their_geometry(tmp_path: Path) -> None:
    data = counts().copy()
    data[gaps()] = -1
    header = {
        "_array_data.header_contents": "# Pixel_size 172e-6 m x 172e-6 m\r\n# Wavelength 1.2 A\r\n# Detector_distance 3.5 m"
    }
    CbfImage(data=data, header=header).write(str(tmp_path / "p.cbf"))
    assert "invalid=mask" in refused(tmp_path / "p.cbf")
    made = read(tmp_path / "p.cbf", invalid="mask")
    assert_counts(made, hidden=gaps())
    y = made.measurement
    assert (y.pixel_m, y.wavelength_m, y.distance_m) == pytest.approx((172e-6, 1.2e-10, 3.5))


def test_gzipped_images(tmp_path: Path) -> None:
    EdfImage(data=counts()).write(str(tmp_path / "p.edf"))
    (tmp_path / "p.edf.gz").write_bytes(gzip.compress((tmp_path / "p.edf").read_bytes()))
    assert_counts(read(tmp_path / "p.edf.gz"))
    (tmp_path / "b.edf.gz").write_bytes(gzip.compress(b"not a pattern"))
    message = refused(tmp_path / "b.edf.gz")
    assert f"{tmp_path}/b.edf.gz" in message
    (tmp_path / "c.edf.gz").write_bytes(gzip.compress(bytes(2**27)))
    assert "c.edf.gz" in refused(tmp_path / "c.edf.gz")
    (tmp_path / "d.npy.gz").write_bytes(b"")
    assert "suffix '.npy" in refused(tmp_path / "d.npy.gz")


def test_an_array_inside_a_file_is_named_behind_two_colons(tmp_path: Path) -> None:
    path = tmp_path / "scan, 5 [a]'s.h5"
    with h5py.File(path, "w") as file:
        file["/a/b"], file["/a/c"], file["/m"] = counts(), counts() * 2, gaps()
    np.savez(tmp_path / "m.npz", flags=gaps(), other=gaps())
    dataset = build_plugin("dataset", "file", {"path": f"{path}::/a/b", "mask": f"{tmp_path}/m.npz::flags", "holdout": 0})
    again = build_plugin("dataset", dataset.spelled())
    assert_counts(again.problem(0), hidden=gaps())
    assert [Path(name).name for name in again.inputs] == [path.name, "m.npz"]
    assert_counts(read(path, dataset="/a/c", mask="/m"), 2 * counts(), gaps())


def test_the_home_folder_in_every_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    np.save(tmp_path / "p.npy", counts() + 3)
    np.save(tmp_path / "m.npy", gaps())
    np.save(tmp_path / "d.npy", np.full(SHAPE, 2.0))
    np.save(tmp_path / "b.npy", np.full(SHAPE, 1.0))
    np.save(tmp_path / "f.npy", np.full(SHAPE, 7.0))
    np.save(tmp_path / "s.npy", np.ones((20, 20)))
    settings = {"mask": "~/m.npy", "dark": "~/d.npy", "background": "~/b.npy", "flat": "~/f.npy", "support": "~/s.npy"}
    made = read("~/p.npy", **settings)
    assert_counts(made, hidden=gaps())
    assert made.measurement.support.sum() == 400
    assert made.measurement.support[38:58, 38:58].all()


def test_a_wrong_file_is_an_error_of_the_input(tmp_path: Path) -> None:
    for name in ("p.mat", "p.cbf", "p.edf.gz", "p.nxs"):
        (tmp_path / name).write_bytes(b"x" * 700)
        with pytest.raises(BadInput, match=name):
            read(tmp_path / name)
