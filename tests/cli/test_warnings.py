"""What is suspicious is said before solving, in the record, in the table, at the end of a run, by status and in the report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import prbench
from prbench.cli import app
from prbench.running.store.record import CorruptRecord, Record


def pattern() -> np.ndarray:
    x = np.zeros((48, 48))
    x[18:27, 20:28] = 1
    return np.roll(np.round(np.fft.fftshift(np.abs(np.fft.fft2(x)) ** 2)), (9, -5), axis=(0, 1))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "p.npy", pattern())
    result = run("run", "-s", "er[iterations=5]", "-d", "file[path=p.npy]", "-o", "out", "-j", "1", "--backend", "numpy")
    assert result.exit_code == 0, result.output
    before, after = result.stderr, result.stdout
    assert before.index("warning: ") < before.index("0 of 1")
    assert "center=peak" in before
    assert "center=peak" in after[after.index("warnings:") :]
    return tmp_path / "out"


def run(*args: str):
    return CliRunner().invoke(app, list(args))


def test_a_warning_is_everywhere(folder: Path, tmp_path: Path) -> None:
    results = prbench.load_results(folder)
    (row,) = results.frame.to_dict("records")
    assert "center=peak" in row["warnings"]
    assert "center=peak" in " ".join(results.record(row["key"]).warnings)
    found = json.loads(run("status", str(folder), "--format", "json").stdout)
    assert "center=peak" in found["warnings"][0]["warning"]
    assert "center=peak" in run("status", str(folder)).stdout.replace("\n", "")
    run("compact", str(folder))
    assert prbench.load_results(folder).frame["warnings"].tolist() == [row["warnings"]]
    report = run("report", str(folder), "-o", str(tmp_path / "r.html"))
    assert report.exit_code == 0, report.output
    assert "center=peak" in (tmp_path / "r.html").read_text("utf-8")


def test_records_from_before_there_were_warnings_are_read(folder: Path) -> None:
    (path,) = [p for p in folder.rglob("runs/*/*.json") if p.stem in prbench.load_results(folder).frame["key"].tolist()]
    data = json.loads(path.read_text("utf-8"))
    said = data.pop("warnings")
    data |= {"schema": 1}  # of a version whose records had no digest either
    data.pop("digest", None)
    assert said
    assert Record.from_json(json.dumps(data)).warnings == ()
    for wrong in ("text", [1], {"a": "b"}):
        with pytest.raises(CorruptRecord):
            Record.from_json(json.dumps({**data, "warnings": wrong}))


def test_a_support_that_fills_the_frame_is_said() -> None:
    y = prbench.FarField(pattern())
    inside = np.zeros((24, 24), dtype=bool)
    inside[6:18, 6:18] = True
    made = prbench.Reconstruction(object=inside.astype(complex), aux={"support": inside})
    assert y.suspicions(made) == ()
    full = prbench.Reconstruction(object=np.ones((24, 24), complex))
    assert any("100 %" in line for line in y.suspicions(full))
    loose = prbench.Reconstruction(object=inside.astype(complex), aux={"support": np.ones((24, 24), bool)})
    assert any("free R" in line for line in y.suspicions(loose))
