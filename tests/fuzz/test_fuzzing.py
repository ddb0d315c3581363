"""Damaged files by the hundred, and those that once got through: read, or refused in one line, by a run that survives them."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from prbench.cli import app
from prbench.datasets.readers.pattern import read_pattern
from prbench.errors import BadInput

FUZZING = Path(__file__).with_name("cases.py")
RUN = Path(__file__).with_name("run.py")
FOUND = sorted(Path(__file__).with_name("found").iterdir())
CASES = 150
"""Per format; the seed is fixed, so that a failure is the change's. More: ``python tests/fuzz/run.py --seconds 600``."""


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".tif", ".edf", ".cbf", ".edf.gz", ".mat", ".h5", ".cxi", ".png", ".spec"])
def test_damaged_files_are_read_or_refused(tmp_path, suffix):
    """HDF5 alone may take its process along, which is why a run reads users' files in one of their own first."""
    first, deaths = 0, 0
    while first < CASES:
        call = [sys.executable, str(FUZZING), suffix, "1", str(first), str(CASES), str(tmp_path)]
        done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=120)
        assert "escaped" not in done.stdout, done.stdout[done.stdout.index("escaped") :]
        if done.returncode == 0:
            break
        assert done.returncode < 0, done.stderr
        assert suffix in (".h5", ".cxi", ".mat"), done.stderr
        first, deaths = struct.unpack("<q", (tmp_path / "progress").read_bytes())[0] + 1, deaths + 1
    assert deaths < CASES / 20


def test_the_program_is_bounded_and_reports(tmp_path):
    options = ["--seconds", "300", "--cases", "200", "--formats", ".npy", "--keep", str(tmp_path / "found")]
    call = [sys.executable, str(RUN), *options]
    done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 findings" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.name)
def test_a_run_survives_what_was_found(tmp_path, monkeypatch, path):
    """Also files by which the HDF5 library dies: exit code 2, one line that names the file, and nothing written."""
    monkeypatch.chdir(tmp_path)
    args = ["run", "-s", "er", "-d", f"file[path={path}]", "--backend", "numpy", "-o", "out", "-j", "1"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.strip().splitlines()) == 1
    assert path.name in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", [path for path in FOUND if path.suffix == ".tif"], ids=lambda path: path.name)
def test_what_would_be_filled_with_zeros_or_never_end_is_refused(path):
    with pytest.raises(BadInput, match=rf"{path.name}.*(\bmissing\b|\bdamaged\b)"):
        read_pattern(path)
