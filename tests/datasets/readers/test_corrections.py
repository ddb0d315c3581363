"""Centring, cropping, corrections, frames and series of a user's pattern."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fabio.cbfimage import CbfImage
from fabio.edfimage import EdfImage

from prbench.errors import BadInput, UsageError

from .layouts import MIDDLE, SHAPE, counts, gaps
from .test_layouts import assert_counts, read


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """The counts with zero frequency at (65, 41)."""
    path = tmp_path / "moved.npy"
    np.save(path, np.roll(counts(), (17, -7), axis=(0, 1)))
    return path


def test_the_peak_is_found_and_said(moved: Path) -> None:
    assert any("center=peak" in line for line in read(moved).warnings)
    y = read(moved, center="peak").measurement
    assert np.unravel_index(y.intensity.argmax(), SHAPE) == MIDDLE
    np.testing.assert_array_equal(y.intensity[y.mask], counts()[y.mask])
    same = read(moved, center="65,41").measurement
    np.testing.assert_array_equal(same.intensity, y.intensity)
    np.testing.assert_array_equal(read(moved, center="65.2,40.7").measurement.intensity, y.intensity)
    assert read(moved, center="peak").warnings == ()


def test_the_centre_of_mass(tmp_path: Path) -> None:
    data = np.zeros((40, 50), np.int32)
    data[25, 31], data[27, 33], data[26, 32] = 10, 10, 4
    np.save(tmp_path / "p.npy", data)
    y = read(tmp_path / "p.npy", center="com").measurement
    assert y.intensity[20, 25] == 4


@pytest.mark.parametrize("center", ["middle", "5", "1,2,3", "500,1", "-1,5", "nan,3"])
def test_a_centre_must_be_one(moved: Path, center: str) -> None:
    with pytest.raises(UsageError, match="center"):
        read(moved, center=center)


def test_crops(moved: Path) -> None:
    y = read(moved, center="peak", crop="40x50").measurement
    np.testing.assert_array_equal(y.intensity, counts()[28:68, 23:73])
    assert y.mask is None
    part = read(moved, center="65,41", crop="45:85x21:61").measurement
    np.testing.assert_array_equal(part.intensity, counts()[28:68, 28:68])
    for crop in ("97x96", "10", "a", "5:3x1:2", "0:97x0:96", "10x10x10"):
        with pytest.raises(UsageError, match="crop"):
            read(moved, crop=crop)


def test_dark_flat_and_background_give_the_counts_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    dark, flat = rng.integers(3, 9, (5, *SHAPE)), rng.uniform(0.5, 1.5, SHAPE)
    flat[gaps()] = 0
    raw = counts() * np.where(gaps(), 1, flat / flat[flat > 0].mean()) + dark.mean(axis=0) + 2
    for number, frame in enumerate(dark):
        EdfImage(data=frame.astype(np.float32)).write(str(tmp_path / f"dark{number}.edf"))
    np.save(tmp_path / "flat.npy", flat)
    np.save(tmp_path / "p.npy", raw)
    dark_series = f"{tmp_path}/dark*.edf"
    # the background is counted in what the flat has been divided out of
    np.save(tmp_path / "b.npy", np.where(gaps(), 0, 2 / np.where(flat > 0, flat / flat[flat > 0].mean(), 1)))
    made = read(tmp_path / "p.npy", dark=dark_series, flat=str(tmp_path / "flat.npy"), background=str(tmp_path / "b.npy"))
    y = made.measurement
    np.testing.assert_array_equal(y.mask, ~gaps())
    np.testing.assert_allclose(y.intensity[y.mask], counts()[y.mask], rtol=1e-5, atol=0.2)
    np.save(tmp_path / "small.npy", np.ones((3, 3)))
    with pytest.raises(BadInput, match="dark"):
        read(tmp_path / "p.npy", dark=str(tmp_path / "small.npy"))
    np.save(tmp_path / "q.npy", counts() + 5)
    assert_counts(read(tmp_path / "q.npy", background="5"))


def test_hot_pixels_are_left_out_and_the_peak_is_not(tmp_path: Path) -> None:
    data = counts().copy()
    hot = [(5, 5), (90, 17), (70, 80)]
    for pixel in hot:
        data[pixel] = 30_000
    np.save(tmp_path / "p.npy", data)
    y = read(tmp_path / "p.npy", hot=20).measurement
    assert np.argwhere(~y.mask).tolist() == sorted(map(list, hot))
    faint = (np.random.default_rng(0).random(SHAPE) < 0.02).astype(np.int32)
    np.save(tmp_path / "faint.npy", faint)
    assert read(tmp_path / "faint.npy", hot=5).measurement.mask is None


def test_the_threshold_is_in_counts_after_binning(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", counts())
    y = read(tmp_path / "p.npy", bin=2, threshold=40).measurement
    whole = read(tmp_path / "p.npy", bin=2).measurement.intensity
    np.testing.assert_array_equal(y.intensity, np.where(whole > 40, whole, 0))


def test_frames(tmp_path: Path) -> None:
    stack = np.stack([counts(), 2 * counts(), 3 * counts(), 4 * counts()])
    np.save(tmp_path / "p.npy", stack)
    assert_counts(read(tmp_path / "p.npy", frames="sum"), 10 * counts())
    assert_counts(read(tmp_path / "p.npy", frames="mean"), 2.5 * counts())
    assert_counts(read(tmp_path / "p.npy", frames="2"), 3 * counts())
    assert read(tmp_path / "p.npy", frames="1:3").measurement.shape == (2, *SHAPE)
    for frames in ("4", "2:9", "5:7"):
        with pytest.raises(BadInput, match=rf"p\.npy: .*frame.*{re.escape(str(stack.shape))}"):
            read(tmp_path / "p.npy", frames=frames)
    for frames in ("-1", "3:1", "some", "1:2:3"):
        with pytest.raises(UsageError, match=f"^frames .*{frames!r}"):
            read(tmp_path / "p.npy", frames=frames)


def test_a_pixel_that_one_frame_lacks_is_not_in_the_sum(tmp_path: Path) -> None:
    stack = np.stack([counts(), counts()]).astype(np.uint32)
    stack[1, 3, 4] = 2**32 - 1
    np.save(tmp_path / "p.npy", stack)
    y = read(tmp_path / "p.npy", frames="sum", invalid="mask").measurement
    assert np.argwhere(~y.mask).tolist() == [[3, 4]]
    assert y.intensity.max() == 2 * counts().max()


def volume() -> np.ndarray:
    """int32 (24, 32, 32): counts around the Bragg peak of a small crystal, zero frequency in the middle."""
    rng = np.random.default_rng(5)
    x = np.zeros((24, 32, 32), complex)
    x[8:15, 11:20, 12:19] = 1 + 0.1 * rng.random((7, 9, 7))
    pattern = np.fft.fftshift(np.abs(np.fft.fftn(x)) ** 2)
    return rng.poisson(pattern * (1e5 / pattern.max())).astype(np.int32)


@pytest.mark.parametrize("suffix", [".tif", ".edf", ".cbf", ".edf.gz", ".tif.gz"])
def test_a_rocking_series(tmp_path: Path, suffix: str) -> None:
    import gzip

    for number, frame in enumerate(volume(), 7):
        path = tmp_path / f"scan_{number}{suffix.removesuffix('.gz')}"
        if ".tif" in suffix:
            tifffile.imwrite(path, frame)
        elif ".edf" in suffix:
            EdfImage(data=frame).write(str(path))
        else:
            CbfImage(data=frame).write(str(path))
        if suffix.endswith(".gz"):
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    (tmp_path / "notes.txt").write_text("no image")
    for path in (tmp_path, tmp_path / "scan_*"):
        made = read(path)
        np.testing.assert_array_equal(made.measurement.intensity, volume())
        assert made.warnings == ()
    (tmp_path / f"scan_20{suffix}").unlink()
    assert any("missing" in line for line in read(tmp_path).warnings)
    tifffile.imwrite(tmp_path / "dark.tif", volume()[0])
    if ".tif" not in suffix:
        with pytest.raises(BadInput, match=r"\.tif\b.*scan/\*\."):
            read(tmp_path)


def test_images_of_a_series_must_be_alike(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a1.tif", np.ones((8, 8), np.uint16))
    tifffile.imwrite(tmp_path / "a2.tif", np.ones((8, 9), np.uint16))
    with pytest.raises(BadInput, match=r"a2\.tif.*\(8, 9\).*\(8, 8\)"):
        read(tmp_path)
    with pytest.raises(BadInput, match=re.escape(f"{tmp_path}/b*.tif")):
        read(tmp_path / "b*.tif")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match=f"images.*{tmp_path}/empty"):
        read(tmp_path / "empty")


SPEC = """#F sample.spec
#O0 Energy  Delta  Theta
#S 3 ascan th 1 2 3 1
#P0 8.0 30 15
#N 2
#L Theta  Monitor
1 5
2 5

#S 4 ascan th 1 2 3 1
#P0 9.0 30 15
#N 3
#L Theta  Monitor  mpx4inr
{rows}
"""


def test_a_spec_scan_chooses_its_images_and_tells_the_energy(tmp_path: Path) -> None:
    for number, frame in enumerate(volume()):
        tifffile.imwrite(tmp_path / f"img{number}.tif", frame)
    rows = "\n".join(f"{k} 1 {k}" for k in itertools.chain(range(4, 20)))
    (tmp_path / "s.spec").write_text(SPEC.format(rows=rows))
    made = read(f"{tmp_path}/img*.tif", spec=f"{tmp_path}/s.spec::4")
    np.testing.assert_array_equal(made.measurement.intensity, volume()[4:20])
    assert made.measurement.wavelength_m == pytest.approx(12.39842e-10 / 9.0, rel=1e-6)
    for spec, says in (("s.spec::9", r"s\.spec .*\b9\b.*3, 4"), ("s.spec::3", "2 points"), ("t.spec::1", r"t\.spec .*file")):
        with pytest.raises(BadInput, match=says):
            read(f"{tmp_path}/img*.tif", spec=f"{tmp_path}/{spec}")
    with pytest.raises(UsageError, match=r"^spec .*'s\.spec'"):
        read(f"{tmp_path}/img*.tif", spec="s.spec")
