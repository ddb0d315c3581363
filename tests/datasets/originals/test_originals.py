"""Every measured dataset comes from public originals, which give the very arrays that are read."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image

from prbench.catalogue.data import needs
from prbench.cli import app
from prbench.core import build_plugin, load_plugin
from prbench.core.data_fetching import fetch
from prbench.core.data_files import verify
from prbench.datasets.originals.table import originals_of
from prbench.errors import BadInput, DataNotFound

ORIGINALS = Path(os.environ.get("PRBENCH_DATA", "nowhere")) / "originals"
have = pytest.mark.skipif(not ORIGINALS.is_dir(), reason="PRBENCH_DATA has no folder originals")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("PRBENCH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_originals_are_pinned():
    for name in (
        "esrf-logo",
        "bcdi-34idc",
        "beads",
        "offaxis-real",
        "offaxis-cells",
        "radiograph-real",
        "fourrod-full",
        "elser",
        "natural-images",
    ):
        for original in originals_of(name):
            assert re.fullmatch(r"https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/[0-9a-f]{40}/[^ ]+", original.url)
            assert re.fullmatch(r"[0-9a-f]{64}", original.sha256)
    assert len(originals_of("bcdi-34idc")) == 201


def test_nothing_is_by_hand_but_the_flower():
    assert {need.dataset for need in needs() if not need.file.is_public} == {"wattle"}
    for need in needs():
        assert need.file.convert is None or (need.file.content and need.file.originals)


@have
@pytest.mark.parametrize("name", ["esrf-logo", "beads", "offaxis-cells", "bcdi-34idc", "natural-images"])
def test_originals_become_what_the_dataset_reads(empty, name):
    result = CliRunner().invoke(app, ["data", "get", name, "--from", str(ORIGINALS)])
    assert result.exit_code == 0, result.stderr
    for need in needs((name,)):
        assert verify(need.file) == "ok"
    dataset = build_plugin("dataset", name if name != "offaxis-cells" else "offaxis-cells[kind=hl60]")
    assert dataset.problem(0).measurement is not None


def test_four_rods_are_cut_and_stacked(tmp_path):
    convert = load_plugin("dataset", "fourrod").files[0].convert
    paths = {}
    for number, original in enumerate(originals_of("fourrod-full")):
        frame = (number + np.add.outer(np.arange(430), 1000.0 * np.arange(2220))).astype(np.float32)
        paths[original.name] = tmp_path / original.name
        tifffile.imwrite(paths[original.name], frame)
    arrays = convert(paths)
    assert arrays["reference"].shape == arrays["sample"].shape == (13, 256, 1024)
    assert arrays["flat"][0, 0] == 87 + 448e3
    order = [name for name in sorted(paths) if name.startswith("ReferenceSpeckle")]
    assert arrays["reference"][9, 0, 0] - arrays["reference"][0, 0, 0] == order.index("ReferenceSpeckle_10.tif")


def test_gdxray_is_checked_and_copied(empty, tmp_path):
    dataset = load_plugin("dataset", "gdxray")
    with pytest.raises(
        DataNotFound, match=r"https://domingomery\.ing\.puc\.cl/\S*gdxray/.*`prbench data get gdxray --from FOLDER`"
    ):
        dataset.adopt(None)
    series = tmp_path / "unpacked" / "Castings" / "C0001"
    series.mkdir(parents=True)
    for number in (1, 2):
        Image.fromarray(np.full((40, 50), 10 * number, np.uint8)).save(series / f"C0001_{number:04d}.png")
    (series / "ground_truth.txt").write_text("1 2 10 2 10\n")
    result = CliRunner().invoke(app, ["data", "get", "gdxray", "--from", str(tmp_path / "unpacked")])
    assert result.exit_code == 0, result.stderr
    assert "Castings/C0001: 2 images" in result.stdout
    assert "boxes" in result.stdout
    assert build_plugin("dataset", "gdxray").samples == 2
    (series / "C0001_0002.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"C0001_0002\.png: .*UnidentifiedImageError"):
        dataset.adopt(tmp_path / "unpacked")
    with pytest.raises(DataNotFound, match=rf"{tmp_path / 'nothing'} .*\bCastings/C0001\b"):
        dataset.adopt(tmp_path / "nothing")


def test_the_flower_says_where_it_is_and_checks_what_was_downloaded(empty, tmp_path):
    flat = load_plugin("dataset", "wattle").flat
    with pytest.raises(DataNotFound, match=r"https://github\.com/\S*MIST_Alloo23.*`prbench data get wattle --from FOLDER`"):
        fetch(flat)
    tifffile.imwrite(tmp_path / "FF_2m.tif", np.zeros((10, 10), np.uint16))
    with pytest.raises(BadInput, match=r"FF_2m\.tif: .*\buint16\b.*\(10, 10\)"):
        fetch(flat, folder=tmp_path)
    tifffile.imwrite(tmp_path / "FF_2m.tif", np.zeros((2157, 2560), np.uint16))
    assert fetch(flat, folder=tmp_path).is_file()
