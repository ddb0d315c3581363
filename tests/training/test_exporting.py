"""Networks written as ONNX: checked against themselves, and refused where that is not possible."""

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from prbench.cli.app import app
from prbench.errors import PrbenchError, UsageError
from prbench.training import exporting

TINY = str(Path(__file__).parent / "tiny.py")
SOLVER, DATASET = f"{TINY}:Tiny[weights=random]", f"{TINY}:Shifts"
PACKAGES = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime", "onnxscript"))
needs_packages = pytest.mark.skipif(not PACKAGES, reason="onnx, onnxruntime or onnxscript is not installed (prbench[onnx])")


@needs_packages
def test_a_file_answers_as_the_network(tmp_path):
    found = exporting.export_onnx(SOLVER, tmp_path / "n.onnx")
    assert found.input_shape == found.output_shape == (1, 2, 16, 16)
    assert found.difference < 1e-5
    assert [path.name for path in tmp_path.iterdir()] == ["n.onnx"]


@needs_packages
def test_a_network_with_resizing_and_pooling_can_be_written(tmp_path):
    found = exporting.export_onnx(
        "nas-prnet[links=u-shape,weights=random]", tmp_path / "n.onnx", dataset="offaxis-cells[size=64]"
    )
    assert found.input_shape == found.output_shape == (1, 1, 64, 64)
    assert found.difference < 1e-4


@needs_packages
def test_the_command_says_what_it_wrote(tmp_path):
    out = tmp_path / "n.onnx"
    said = CliRunner().invoke(app, ["export", SOLVER, "--onnx", str(out), "-d", f"{DATASET}[side=12]"])
    assert said.exit_code == 0, said.output
    assert "1x2x12x12 to 1x2x12x12" in said.output
    assert out.stat().st_size > 100


@needs_packages
def test_a_file_that_answers_otherwise_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_run", lambda _path, x: x)
    with pytest.raises(PrbenchError, match=r"\bdiffers\b.* \d"):
        exporting.export_onnx(SOLVER, tmp_path / "n.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("solver", "dataset", "message"),
    [("er", None, r"^er .*\bnetwork\b"), (SOLVER, "crystal2d", r"\bspeckle\b.*\bcrystal2d\b.*\bfar-field\b")],
)
def test_what_cannot_be_exported_is_refused(tmp_path, solver, dataset, message):
    with pytest.raises(UsageError, match=message):
        exporting.export_onnx(solver, tmp_path / "n.onnx", dataset=dataset)
