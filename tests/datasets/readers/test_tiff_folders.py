"""Series of images in numbered files."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from prbench.datasets.readers.tiff_folders import image_files, read_images, sha256_of_all
from prbench.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for n in (1, 2, 10):
        tifffile.imwrite(tmp_path / f"Ref{n}.tif", np.full((6, 8), n, np.uint16))
    (tmp_path / "notes.txt").write_text("not an image")
    return tmp_path


def test_files_come_by_number(folder: Path) -> None:
    for address in (folder, folder / "Ref*.tif"):
        names = [path.name for path in image_files(str(address), "reference")]
        assert names == ["Ref1.tif", "Ref2.tif", "Ref10.tif"]
    assert [path.name for path in image_files(str(folder / "Ref2.tif"), "reference")] == ["Ref2.tif"]


def test_images_are_cut_and_stacked(folder: Path) -> None:
    stack = read_images(image_files(str(folder), "reference"), (slice(1, 4), slice(0, 8)))
    assert stack.shape == (3, 3, 8)
    assert stack.dtype == np.float32
    assert stack[:, 0, 0].tolist() == [1, 2, 10]


def test_one_file_may_hold_the_stack(folder: Path) -> None:
    tifffile.imwrite(folder / "all.tif", np.arange(2 * 6 * 8, dtype=np.float32).reshape(2, 6, 8), photometric="minisblack")
    assert read_images([folder / "all.tif"])[1, 0, 0] == 48
    with pytest.raises(BadInput, match=r"all\.tif: .*float32.*\(2, 6, 8\)"):
        read_images([folder / "all.tif", folder / "Ref1.tif"])


def test_what_is_wrong_is_named(folder: Path) -> None:
    with pytest.raises(BadInput, match=r"^flat: .*nowhere"):
        image_files(str(folder / "nowhere"), "flat")
    tifffile.imwrite(folder / "Ref11.tif", np.ones((6, 9), np.uint16))
    with pytest.raises(BadInput, match=r"Ref11\.tif: .*\(6, 9\).*Ref1\.tif.*\(6, 8\)"):
        read_images(image_files(str(folder), "reference"))
    with pytest.raises(BadInput, match=r"Ref1\.tif: .*\(6, 8\).*crop.*\b7\b"):
        read_images([folder / "Ref1.tif"], (slice(0, 7), slice(None)))
    (folder / "Ref12.tif").write_bytes(b"II*\x00broken")
    with pytest.raises(BadInput, match=r"Ref12.tif: "):
        read_images([folder / "Ref12.tif"])


def test_the_checksum_depends_on_contents_and_order(folder: Path) -> None:
    paths = image_files(str(folder), "reference")
    assert sha256_of_all(paths) != sha256_of_all(paths[::-1])
    assert len(sha256_of_all(paths)) == 64
